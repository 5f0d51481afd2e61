package register

import (
	"context"
	"encoding/hex"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// The register remembers admitted guests by key and name, for one session of the room:
// they return without asking again. A removal ends that. Nobody has seen the same guest
// under another name, so that has to ask.

// letInBefore is for how long a let-in waits for the room to open.
const letInBefore = time.Hour

// LetIn is somebody a host has let in.
type LetIn struct {
	Key  []byte
	Name string
}

// LetIn lets people in for a session, which is empty while the room is not open.
func (r *Register) LetIn(
	ctx context.Context, room call.RoomID, session call.SID, now time.Time, people ...LetIn,
) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if session != "" {
			if err := beginLetIn(ctx, tx, room, session, now); err != nil {
				return err
			}
		}
		for _, p := range people {
			_, err := tx.ExecContext(ctx, `INSERT INTO let_in (room, public_key, name, session, since)
				VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (room, public_key, name) DO UPDATE SET session = excluded.session, since = excluded.since`,
				string(room), hex.EncodeToString(p.Key), clean(p.Name), string(session), now.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// LetInPresent lets everybody in who is in the room, or away for a moment.
func (r *Register) LetInPresent(ctx context.Context, room call.RoomID, session call.SID, now time.Time) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if session != "" {
			if err := beginLetIn(ctx, tx, room, session, now); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO let_in (room, public_key, name, session, since)
			SELECT DISTINCT room, public_key, name, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM members
			WHERE room = $1 AND public_key <> '' AND presence IN ('online', 'offline')
			ON CONFLICT (room, public_key, name) DO UPDATE SET session = excluded.session, since = excluded.since`,
			string(room), string(session), now.UnixMilli())
		return err
	})
}

// BeginLetIn notes that a session of a room has begun: it is the one for which people
// were let in lately, and earlier sessions have ended. It may be told twice.
func (r *Register) BeginLetIn(ctx context.Context, room call.RoomID, session call.SID, now time.Time) error {
	var n int
	err := r.read(ctx, func(ctx context.Context) error {
		return r.one(ctx, `SELECT COUNT(*) FROM let_in WHERE room = $1 AND session <> $2`,
			string(room), string(session)).Scan(&n)
	})
	if err != nil || n == 0 {
		return err
	}
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		return beginLetIn(ctx, tx, room, session, now)
	})
}

func beginLetIn(ctx context.Context, tx *transaction, room call.RoomID, session call.SID, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE let_in SET session = $2 WHERE room = $1 AND session = '' AND since > $3`,
		string(room), string(session), now.Add(-letInBefore).UnixMilli()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM let_in WHERE room = $1 AND session <> $2`, string(room), string(session))
	return err
}

// IsLetIn reports whether somebody was let in for a session of a room, or lately, before
// it began. The name may have been told apart from others meanwhile.
func (r *Register) IsLetIn(
	ctx context.Context, room call.RoomID, session call.SID, who LetIn, now time.Time,
) (bool, error) {
	names, err := list(ctx, r, func(from row) (name string, err error) {
		err = from.Scan(&name)
		return name, err
	}, `SELECT name FROM let_in WHERE room = $1 AND public_key = $2
		AND (session = $3 AND session <> '' OR session = '' AND since > $4)`,
		string(room), hex.EncodeToString(who.Key), string(session), now.Add(-letInBefore).UnixMilli())
	given := clean(who.Name)
	for _, name := range names {
		if name == given || lookalike.KeepsMark(name, given) || lookalike.KeepsMark(given, name) {
			return true, err
		}
	}
	return false, err
}

// CarryLetIn makes whom a room has let in those of its session now: the session goes
// on under another ID.
func (r *Register) CarryLetIn(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE let_in SET session = $2 WHERE room = $1 AND session <> ''`,
			string(room), string(session))
		return err
	})
}

// shutOut takes it back from the installation of somebody who is removed.
func shutOut(ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM let_in WHERE room = $1 AND public_key <> '' AND public_key =
		(SELECT public_key FROM members WHERE room = $1 AND identity = $2)`, string(room), string(identity))
	return err
}
