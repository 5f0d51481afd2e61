package register

import (
	"context"
	"errors"
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
		_, err := tx.ExecContext(ctx, `UPDATE leases SET until = 0 WHERE holder = $1 AND ($2 = '' OR room = $2)`,
			holder, string(room))
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

// KeptSince lists at most limit rooms that somebody was keeping at that time or
// later, by the clock of this computer: the rooms of a server that has crashed, but
// not of one that was stopped.
func (r *Register) KeptSince(ctx context.Context, since time.Time, limit int) ([]call.RoomID, error) {
	return list(ctx, r, func(from row) (room call.RoomID, err error) {
		err = from.Scan(&room)
		return room, err
	}, `SELECT room FROM leases WHERE until > $1 ORDER BY room LIMIT $2`, since.UnixMilli(), limit)
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

// TakeLease makes holder the keeper of a room for a while, and reports whether it
// is: it fails if another one's lease still runs. The clock is the database's,
// so that the clocks of several doors need not agree.
func (r *Register) TakeLease(ctx context.Context, room call.RoomID, holder string, d time.Duration) (bool, error) {
	var held bool
	err := r.write(ctx, func(ctx context.Context, tx *transaction) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO leases (room, holder, until) VALUES ($1, $2, $3 + `+r.kind.clock+`)
			ON CONFLICT (room) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE leases.holder = excluded.holder OR leases.until <= `+r.kind.clock,
			string(room), holder, d.Milliseconds())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n > 0
		return err
	})
	return held && err == nil, err
}

// DropLease forgets a lease, if holder has it: there is nothing to keep.
func (r *Register) DropLease(ctx context.Context, room call.RoomID, holder string) error {
	err := r.change(ctx, `DELETE FROM leases WHERE room = $1 AND holder = $2`, string(room), holder)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
