package register

import (
	"context"
	"time"

	"foyer/engine/call"
)

// RenewLeases makes every lease of a holder run for d from now, and lists the
// rooms that it still has.
func (r *Register) RenewLeases(ctx context.Context, holder string, d time.Duration) ([]call.RoomID, error) {
	var rooms []call.RoomID
	err := r.write(ctx, func(ctx context.Context, tx *transaction) error {
		rooms = nil
		rows, err := tx.QueryContext(ctx, `UPDATE leases SET until = $2 + `+r.kind.clock+` WHERE holder = $1 RETURNING room`,
			holder, d.Milliseconds())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var room call.RoomID
			if err := rows.Scan(&room); err != nil {
				return err
			}
			rooms = append(rooms, room)
		}
		return rows.Err()
	})
	return rooms, err
}

// LapseLeases ends the lease of a room for which somebody else shall be found,
// or with an empty room all those of a holder.
func (r *Register) LapseLeases(ctx context.Context, holder string, room call.RoomID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE leases SET until = 0 WHERE holder = $1 AND ($2 = '' OR room = $2)`, holder, string(room))
		return err
	})
}

// LapsedLeases lists at most limit rooms whose holder has neither renewed nor
// dropped its lease, or let it lapse: it has stopped, or died.
func (r *Register) LapsedLeases(ctx context.Context, limit int) ([]call.RoomID, error) {
	return list(ctx, r, func(from row) (room call.RoomID, err error) {
		err = from.Scan(&room)
		return room, err
	}, `SELECT room FROM leases WHERE until <= `+r.kind.clock+` ORDER BY until LIMIT $1`, limit)
}

// DropOldChat forgets a room's history but that of a session, unless its rules
// keep it.
func (r *Register) DropOldChat(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM chat WHERE room = $1 AND session <> $2
			AND NOT EXISTS (SELECT 1 FROM rules WHERE rules.room = $1 AND rules.keep_history <> 0)`, string(room), string(session))
		return err
	})
}

// KeptSince lists at most limit rooms that somebody was keeping at that time or
// later, by the clock of this computer: the rooms of a server that has crashed, but
// not of one that was stopped.
func (r *Register) KeptSince(ctx context.Context, since time.Time, limit int) ([]call.RoomID, error) {
	return list(ctx, r, func(from row) (room call.RoomID, err error) {
		err = from.Scan(&room)
		return room, err
	}, `SELECT room FROM leases WHERE until > $1 ORDER BY room LIMIT $2`, since.UnixMilli(), limit)
}

// CarryChat makes a room's history that of its session now: the session goes on
// under another ID.
func (r *Register) CarryChat(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE chat SET session = $2 WHERE room = $1`, string(room), string(session))
		return err
	})
}

// StartAlone notes that nobody is in any room and nobody keeps one: a server with
// a media server of its own begins so, also after a crash. Doors that share a
// database must not call it.
func (r *Register) StartAlone(ctx context.Context, now time.Time) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `UPDATE members SET presence = $1, presence_since = $2 WHERE presence <> $1`,
			string(call.PresenceGone), now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM leases`)
		return err
	})
}
