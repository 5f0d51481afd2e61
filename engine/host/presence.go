package host

import (
	"context"
	"sync"

	"foyer/engine/call"
)

// presence knows who is in a room now.
type presence interface {
	// here lists who is in a room, hidden participants and agents excepted.
	here(ctx context.Context, room call.RoomID) (map[call.Identity]bool, error)
}

// sockets counts the connects to LiveKit that this door has let in and that
// have not ended. It may be used from any goroutine.
type sockets struct {
	mu    sync.Mutex
	rooms map[call.RoomID]map[call.Identity]int
}

func newSockets() *sockets { return &sockets{rooms: map[call.RoomID]map[call.Identity]int{}} }

// arrive counts a connect if allowed agrees, which is told how many each
// identity has. Two arrivals never look at the same numbers, so that a room
// with one place left takes one of them. The caller calls gone when the connect
// has ended.
func (s *sockets) arrive(room call.RoomID, identity call.Identity, allowed func(open map[call.Identity]int) error) (gone func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := allowed(s.rooms[room]); err != nil {
		return nil, err
	}
	if s.rooms[room] == nil {
		s.rooms[room] = map[call.Identity]int{}
	}
	s.rooms[room][identity]++
	return sync.OnceFunc(func() { s.leave(room, identity) }), nil
}

func (s *sockets) leave(room call.RoomID, identity call.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.rooms[room]
	if open[identity]--; open[identity] <= 0 {
		delete(open, identity)
	}
	if len(open) == 0 {
		delete(s.rooms, room)
	}
}

// look calls f with what is open in a room.
func (s *sockets) look(room call.RoomID, f func(open map[call.Identity]int) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.rooms[room])
}
