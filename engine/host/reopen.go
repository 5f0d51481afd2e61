package host

import (
	"context"
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/register"
)

// Limits of opening the rooms of a server that died.
const (
	reopenWithin  = time.Minute // afterwards no client comes back by itself (contract O6)
	reopenTimeout = 5 * time.Second
	maxReopened   = 1000
)

// unfinished lists the rooms that were open when the server before this one died,
// not long ago. It must be asked before [register.Register.StartAlone].
func (s *Server) unfinished(ctx context.Context, reg *register.Register, now time.Time) []call.RoomID {
	if !s.Resume {
		return nil
	}
	rooms, err := reg.KeptSince(ctx, now.Add(-reopenWithin), maxReopened)
	s.logError("find the rooms that were open", err)
	return rooms
}

// reopen opens rooms before anybody can ask for them: a client that comes back by
// itself opens none, since what it comes back to must be what it was in. The
// history goes on with the room.
func (s *Server) reopen(ctx context.Context, c *control, rooms []call.RoomID) {
	ctx, cancel := context.WithTimeout(ctx, reopenTimeout)
	defer cancel()
	for _, room := range rooms {
		session, err := c.rooms.Ensure(ctx, room)
		if err == nil {
			err = errors.Join(c.register.CarryChat(ctx, room, session), c.register.CarryLetIn(ctx, room, session))
		}
		s.logError("open a room again", err)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
	}
}
