package register

import (
	"context"
	"encoding/hex"
	"time"

	"foyer/engine/call"
)

// Whom a host has let in is remembered by key, for one session of the room: they come
// back without asking anew. A removal takes it back.

// LetIn lets keys in for a session, which is empty while the room is not open.
func (r *Register) LetIn(
	ctx context.Context, room call.RoomID, session call.SID, now time.Time, keys ...[]byte,
) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if err := forgetOthers(ctx, tx, room, session); err != nil {
			return err
		}
		for _, key := range keys {
			_, err := tx.ExecContext(ctx, `INSERT INTO let_in (room, public_key, session, since) VALUES ($1, $2, $3, $4)
				ON CONFLICT (room, public_key) DO UPDATE SET session = excluded.session`,
				string(room), hex.EncodeToString(key), string(session), now.UnixMilli())
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
		if err := forgetOthers(ctx, tx, room, session); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO let_in (room, public_key, session, since)
			SELECT DISTINCT room, public_key, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM members
			WHERE room = $1 AND public_key <> '' AND presence IN ('online', 'offline')
			ON CONFLICT (room, public_key) DO UPDATE SET session = excluded.session`,
			string(room), string(session), now.UnixMilli())
		return err
	})
}

// forgetOthers forgets whom earlier sessions have let in.
func forgetOthers(ctx context.Context, tx *transaction, room call.RoomID, session call.SID) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM let_in WHERE room = $1 AND session <> '' AND session <> $2`,
		string(room), string(session))
	return err
}

// IsLetIn reports whether a key was let in for a session of a room, or before it
// began.
func (r *Register) IsLetIn(ctx context.Context, room call.RoomID, session call.SID, key []byte) (bool, error) {
	var n int
	err := r.read(ctx, func(ctx context.Context) error {
		return r.one(ctx, `SELECT COUNT(*) FROM let_in WHERE room = $1 AND public_key = $2 AND session IN ('', $3)`,
			string(room), hex.EncodeToString(key), string(session)).Scan(&n)
	})
	return n > 0, err
}

// CarryLetIn makes whom a room has let in those of its session now: the session goes
// on under another ID.
func (r *Register) CarryLetIn(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE let_in SET session = $2 WHERE room = $1`, string(room), string(session))
		return err
	})
}

// shutOut takes it back from the installation of somebody who is removed.
func shutOut(ctx context.Context, tx *transaction, room call.RoomID, identity call.Identity) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM let_in WHERE room = $1 AND public_key <> '' AND public_key =
		(SELECT public_key FROM members WHERE room = $1 AND identity = $2)`, string(room), string(identity))
	return err
}
