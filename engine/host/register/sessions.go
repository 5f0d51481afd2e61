package register

import (
	"context"
	"time"

	"foyer/engine/call"
)

// endedFor is how long it is remembered that a session has ended: longer than
// anybody needs to notice it.
const endedFor = 24 * time.Hour

// clocksDiffer is by how much the clocks of doors do at most, and some more.
const clocksDiffer = time.Minute

// EndSession revokes the tokens of everybody whom the room knows, as
// [Register.Revoke] does, but of those who have had none since the last time, and
// drops the room's history unless its rules keep it. It does nothing for a session
// that has ended already; an empty session always counts as new.
func (r *Register) EndSession(ctx context.Context, room call.RoomID, session call.SID, v Verdict) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if fresh, err := noteEnd(ctx, tx, room, session, v.At); err != nil || !fresh {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE members SET generation = generation + 1,
				out_reason = $2, out_by = $3, out_words = $4, out_at = $5, presence = 'gone', presence_since = $5
			WHERE room = $1 AND NOT (presence = 'gone' AND out_reason = $2 AND last_seen < out_at - $6)`,
			string(room), reasonWord(v.Reason), clean(v.By), clean(v.Text), millis(v.At),
			clocksDiffer.Milliseconds()); err != nil {
			return err
		}
		if err := setCutoff(ctx, tx, room, "", v); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM let_in WHERE room = $1`, string(room)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM chat WHERE room = $1
			AND NOT EXISTS (SELECT 1 FROM rules WHERE rules.room = $1 AND rules.keep_history <> 0)`, string(room))
		return err
	})
}

// noteEnd reports whether the session's end is news.
func noteEnd(ctx context.Context, tx *transaction, room call.RoomID, session call.SID, at time.Time) (bool, error) {
	if session == "" {
		return true, nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM ended WHERE ended_at < $1`, at.Add(-endedFor).UnixMilli()); err != nil {
		return false, err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO ended (room, session, ended_at) VALUES ($1, $2, $3)
		ON CONFLICT (room, session) DO NOTHING`,
		string(room), string(session), at.UnixMilli())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
