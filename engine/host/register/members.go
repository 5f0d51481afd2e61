package register

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"foyer/engine/call"
)

const memberColumns = `room, identity, public_key, name, first_seen, last_seen, generation, role,
	muted, exempt, allowed,
	presence, presence_since, sid, out_reason, out_by, out_words, out_at`

// row is a *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

func scanMember(from row) (Member, error) {
	var m Member
	var key, reason string
	var first, last, muted, exempt, allowed, since, out int64
	err := from.Scan(&m.Room, &m.Identity, &key, &m.Name, &first, &last, &m.Generation, &m.Role, &muted, &exempt, &allowed,
		&m.Presence, &since, &m.SID, &reason, &m.Verdict.By, &m.Verdict.Text, &out)
	if err != nil {
		return Member{}, err
	}
	if m.Key, err = parseKey(key); err != nil {
		return Member{}, err
	}
	if m.Verdict.Reason, err = parseReason(reason); err != nil {
		return Member{}, err
	}
	m.FirstSeen, m.LastSeen, m.PresenceSince, m.Verdict.At = instant(first), instant(last), instant(since), instant(out)
	m.Muted, m.Exempt, m.Allowed = muted != 0, exempt != 0, allowed != 0
	return m, nil
}

func parseKey(s string) (ed25519.PublicKey, error) {
	if s == "" {
		return nil, nil
	}
	key, err := hex.DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: a member's key", ErrCorrupt)
	}
	return key, nil
}

func parseReason(word string) (call.LeaveReason, error) {
	if word == "" {
		return call.ReasonUnknown, nil
	}
	reason, err := call.ParseReason(word)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return reason, nil
}

// reasonWord is what [parseReason] reads.
func reasonWord(r call.LeaveReason) string {
	if r == call.ReasonUnknown {
		return ""
	}
	return r.String()
}

// Bind notes that a key uses an identity in a room, and returns what is known
// of the member, with what was decided about other identities of the key. The first
// key that uses an identity keeps it: another key gets [ErrTaken]. m.Role counts for a
// new member; later an invitation can raise a role, unless a moderator has set it,
// and the host's invitation always does. The name becomes one that differs visibly
// from those of all who are there. If the note cannot be written, a known member is
// let in all the same: a full disk closes no room.
func (r *Register) Bind(ctx context.Context, m Member, now time.Time) (Member, error) {
	var stored Member
	err := r.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		if err := r.holdName(ctx, tx, m); err != nil {
			return err
		}
		if err := r.hold(ctx, tx, `room = $1 AND public_key = $2`, string(m.Room), hex.EncodeToString(m.Key)); err != nil {
			return err
		}
		name, err := r.toldApart(ctx, tx, m, now)
		if err != nil {
			return err
		}
		stored, err = scanMember(tx.QueryRowContext(ctx, `INSERT INTO members
			(room, identity, public_key, name, first_seen, last_seen, role)
			VALUES ($1, $2, $3, $4, $5, $5, $6)
			ON CONFLICT (room, identity) DO UPDATE SET
				public_key = excluded.public_key, name = excluded.name, last_seen = excluded.last_seen,
				role = CASE
					WHEN excluded.role = 'host' THEN excluded.role
					WHEN members.role_set = 1 THEN members.role
					WHEN excluded.role = 'cohost' AND members.role IN ('participant', 'listener') THEN excluded.role
					WHEN excluded.role = 'participant' AND members.role = 'listener' THEN excluded.role
					ELSE members.role END
			WHERE members.public_key IN (excluded.public_key, '')
			RETURNING `+memberColumns,
			string(m.Room), string(m.Identity), hex.EncodeToString(m.Key), clean(name), now.UnixMilli(),
			string(orParticipant(m.Role))))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrTaken
		}
		if err == nil {
			stored, err = inherit(ctx, tx, stored)
		}
		if err != nil {
			return err
		}
		return r.prune(ctx, tx, m.Room, now)
	})
	if err == nil || errors.Is(err, ErrTaken) {
		return stored, err
	}
	known, readErr := r.Member(ctx, m.Room, m.Identity)
	switch {
	case readErr != nil || known.Key == nil:
		return Member{}, err
	case !known.Key.Equal(m.Key):
		return Member{}, ErrTaken
	default:
		return known, nil
	}
}

// Member finds who uses an identity. It fails with [ErrNotFound].
func (r *Register) Member(ctx context.Context, room call.RoomID, identity call.Identity) (Member, error) {
	var m Member
	err := r.read(ctx, func(ctx context.Context) (err error) {
		m, err = scanMember(r.one(ctx, `SELECT `+memberColumns+` FROM members WHERE room = $1 AND identity = $2`,
			string(room), string(identity)))
		return err
	})
	return m, err
}

// Members lists who is online or offline in a room, and who is exempt from the
// passive exit, oldest first.
func (r *Register) Members(ctx context.Context, room call.RoomID) ([]Member, error) {
	return list(ctx, r, scanMember, `SELECT `+memberColumns+` FROM members
		WHERE room = $1 AND (presence IN ('online', 'offline') OR allowed = 1) ORDER BY first_seen, identity`, string(room))
}

// Revoke revokes the tokens of a member's generation, with v as the verdict, and
// those that the door did not make. If upTo is not 0, it does so only if the
// generation is not past upTo: so it is fine to tell it twice. It returns the
// generation that holds now and whether this call began it, or fails with
// [ErrNotFound].
func (r *Register) Revoke(
	ctx context.Context, room call.RoomID, identity call.Identity, v Verdict, upTo int64,
) (generation int64, ended bool, err error) {
	err = r.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		generation, ended, err = revoke(ctx, tx, room, identity, v, upTo)
		return err
	})
	return generation, ended, err
}

func revoke(
	ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity, v Verdict, upTo int64,
) (generation int64, ended bool, err error) {
	last := upTo
	if upTo == 0 {
		last = math.MaxInt64
	}
	err = tx.QueryRowContext(ctx, `UPDATE members SET
			generation = CASE WHEN generation < $3 THEN $3 ELSE generation END + 1,
			out_reason = $5, out_by = $6, out_words = $7, out_at = $8,
			presence = 'gone', presence_since = $8
		WHERE room = $1 AND identity = $2 AND generation <= $4 RETURNING generation`,
		string(room), string(identity), upTo, last, reasonWord(v.Reason), clean(v.By), clean(v.Text), millis(v.At)).
		Scan(&generation)
	switch {
	case err == nil:
		if upTo == 0 && v.Reason != call.ReasonOfflineRemoved {
			if err := shutOut(ctx, tx, room, identity); err != nil {
				return 0, false, err
			}
		}
		return generation, true, setCutoff(ctx, tx, room, identity, v)
	case !errors.Is(err, sql.ErrNoRows):
		return 0, false, err
	}
	err = tx.QueryRowContext(ctx, `SELECT generation FROM members WHERE room = $1 AND identity = $2`,
		string(room), string(identity)).Scan(&generation)
	return generation, false, err
}

// SetCutoff refuses tokens that the door did not make and that were made up to
// v.At, for the reason of v. It never moves back. An empty identity means the
// whole room.
func (r *Register) SetCutoff(ctx context.Context, room call.RoomID, identity call.Identity, v Verdict) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error { return setCutoff(ctx, tx, room, identity, v) })
}

func setCutoff(ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity, v Verdict) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO cutoffs (room, identity, cut, reason, by_name, words)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (room, identity) DO UPDATE SET
			cut = excluded.cut, reason = excluded.reason, by_name = excluded.by_name, words = excluded.words
		WHERE cutoffs.cut <= excluded.cut`,
		string(room), string(identity), millis(v.At), reasonWord(v.Reason), clean(v.By), clean(v.Text))
	return err
}

// Cutoff is the newest verdict on tokens that the door did not make: those made
// up to its At are refused. It fails with [ErrNotFound] if there is none.
func (r *Register) Cutoff(ctx context.Context, room call.RoomID, identity call.Identity) (Verdict, error) {
	var v Verdict
	err := r.read(ctx, func(ctx context.Context) (err error) {
		var word string
		var at int64
		if err := r.one(ctx, `SELECT cut, reason, by_name, words FROM cutoffs
			WHERE room = $1 AND identity IN ($2, '') ORDER BY cut DESC LIMIT 1`,
			string(room), string(identity)).Scan(&at, &word, &v.By, &v.Text); err != nil {
			return err
		}
		v.At = instant(at)
		v.Reason, err = parseReason(word)
		return err
	})
	return v, err
}

// SetRole gives a member, whatever identity it uses, a role that invitations do
// not change. It fails with [ErrNotFound].
func (r *Register) SetRole(ctx context.Context, room call.RoomID, identity call.Identity, role call.Role) error {
	return r.decide(ctx, room, identity, `role = $3, role_set = 1`, string(orParticipant(role)))
}

// SetAllowed exempts a member from the passive exit, or does not any more. It
// fails with [ErrNotFound].
func (r *Register) SetAllowed(ctx context.Context, room call.RoomID, identity call.Identity, allowed bool) error {
	return r.change(ctx, `UPDATE members SET allowed = $3 WHERE room = $1 AND identity = $2`,
		string(room), string(identity), flag(allowed))
}

// SetMuted mutes one member, whatever identity it uses, or lets it speak even if
// everybody is muted. It fails with [ErrNotFound].
func (r *Register) SetMuted(ctx context.Context, room call.RoomID, identity call.Identity, muted bool) error {
	return r.decide(ctx, room, identity, `muted = $3, exempt = $4`, flag(muted), flag(!muted))
}

// SetPresence notes where a member is: Presence, PresenceSince and SID of m. An unknown
// one came with a token that the door did not make, and becomes a member without a key,
// called Name.
func (r *Register) SetPresence(ctx context.Context, m Member) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if err := ensureMember(ctx, tx, m.Room, m.Identity, m.PresenceSince); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE members SET presence = $3, presence_since = $4, sid = $5,
				name = CASE WHEN public_key = '' THEN $6 ELSE name END
			WHERE room = $1 AND identity = $2`,
			string(m.Room), string(m.Identity), string(m.Presence), millis(m.PresenceSince), string(m.SID), clean(m.Name))
		if err != nil {
			return err
		}
		return r.prune(ctx, tx, m.Room, m.PresenceSince)
	})
}

// ensureMember makes an unknown identity a member without a key.
func ensureMember(ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity, now time.Time) error {
	var one int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM members WHERE room = $1 AND identity = $2`,
		string(room), string(identity)).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO rooms (id, title, created) VALUES ($1, '', $2)
		ON CONFLICT (id) DO NOTHING`,
		string(room), now.UnixMilli()); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO members (room, identity, public_key, name, first_seen, last_seen)
		VALUES ($1, $2, '', '', $3, $3) ON CONFLICT (room, identity) DO NOTHING`,
		string(room), string(identity), now.UnixMilli())
	return err
}

func orParticipant(r call.Role) call.Role {
	if r == "" {
		return call.RoleParticipant
	}
	return r
}
