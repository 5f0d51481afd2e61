package register

import (
	"context"

	"foyer/engine/call"
)

// Room finds a room. It fails with [ErrNotFound].
func (r *Register) Room(ctx context.Context, id call.RoomID) (Room, error) {
	room := Room{ID: id}
	var created int64
	err := r.read(ctx, func(ctx context.Context) error {
		return r.one(ctx, `SELECT title, created FROM rooms WHERE id = $1`, string(id)).Scan(&room.Title, &created)
	})
	room.Created = instant(created)
	return room, err
}
