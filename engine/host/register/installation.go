package register

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"foyer/engine/call"
)

// What a moderator decides about a member holds for the installation, not for the
// identity that it chooses: all identities of a key in a room share mute,
// exemption, and a role that was set. A member without a key shares with nobody.

// installation selects the rows of $2's installation in the room $1.
const installation = `room = $1 AND (identity = $2 OR public_key <> '' AND
	public_key = (SELECT public_key FROM members WHERE room = $1 AND identity = $2))`

// decide changes all rows of a member's installation, or fails with [ErrNotFound].
func (r *Register) decide(
	ctx context.Context, room call.RoomID, identity call.Identity, change string, args ...any,
) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		return r.decideIn(ctx, tx, room, identity, change, args...)
	})
}

func (r *Register) decideIn(
	ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity, change string, args ...any,
) error {
	args = append([]any{string(room), string(identity)}, args...)
	if err := r.hold(ctx, tx, installation, args[:2]...); err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE members SET `+change+` WHERE `+installation, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}

// hold keeps other transactions from changing members. A decision about an installation
// locks its rows first, and so does an identity that is new in it: either it is among the
// rows, or it sees what was decided. PostgreSQL needs that because
// a statement knows only the rows of when it began; SQLite has one writer.
func (r *Register) hold(ctx context.Context, tx *transaction, which string, args ...any) error {
	if r.kind.turn != nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE members SET last_seen = last_seen WHERE `+which, args...)
	return err
}

// inherit lets a member have what was decided about other identities of its key.
// The role of a host, which an invitation gives, stays.
func inherit(ctx context.Context, tx *transaction, m Member) (Member, error) {
	var muted, exempt, set int64
	var role call.Role
	err := tx.QueryRowContext(ctx, `SELECT muted, exempt, role, role_set FROM members
		WHERE room = $1 AND public_key = $2 AND identity <> $3
		ORDER BY role_set DESC, muted DESC, first_seen, identity LIMIT 1`,
		string(m.Room), hex.EncodeToString(m.Key), string(m.Identity)).Scan(&muted, &exempt, &role, &set)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return Member{}, err
	}
	if m.Role == call.RoleHost || set == 0 {
		role, set = m.Role, 0
	}
	if m.Muted {
		muted = 1
	}
	if (muted != 0) == m.Muted && (exempt != 0) == m.Exempt && role == m.Role && set == 0 {
		return m, nil
	}
	return scanMember(tx.QueryRowContext(ctx, `UPDATE members SET muted = $3, exempt = $4, role = $5,
			role_set = CASE WHEN $6 = 1 THEN 1 ELSE role_set END
		WHERE room = $1 AND identity = $2 RETURNING `+memberColumns,
		string(m.Room), string(m.Identity), muted, exempt, string(role), set))
}

// RoleFor is the role that a new identity of a key gets by an invitation with role, as
// Bind decides.
func (r *Register) RoleFor(ctx context.Context, room call.RoomID, key []byte, role call.Role) (call.Role, error) {
	if role == call.RoleHost || len(key) == 0 {
		return role, nil
	}
	scan := func(row row) (set call.Role, err error) {
		err = row.Scan(&set)
		return set, err
	}
	set, err := list(ctx, r, scan, `SELECT role FROM members WHERE room = $1 AND public_key = $2 AND role_set = 1
		ORDER BY muted DESC, first_seen, identity LIMIT 1`, string(room), hex.EncodeToString(key))
	if err != nil || len(set) == 0 {
		return role, err
	}
	return set[0], nil
}

// maxTold is how many identities of a key [Register.MembersOf] tells: a guest with an
// invitation can note any number that never come.
const maxTold = 1000

// MembersOf lists the identities of a key in a room, oldest first; of none, nobody.
// Beyond maxTold it has those that are there, then the newest. For the sum see
// nearNames.
func (r *Register) MembersOf(ctx context.Context, room call.RoomID, key []byte) ([]Member, error) {
	if len(key) == 0 {
		return nil, nil
	}
	return list(ctx, r, scanMember, `SELECT `+memberColumns+` FROM (SELECT `+memberColumns+` FROM members
			WHERE room = $1 AND public_key = $2
			ORDER BY CASE WHEN presence = 'online' THEN 0 WHEN presence = 'offline' THEN 1 ELSE 2 END,
				last_seen DESC LIMIT $3 + 0) AS told
		ORDER BY first_seen, identity`,
		string(room), hex.EncodeToString(key), maxTold)
}
