package host

import (
	"context"
	"sync"

	"foyer/engine/call"
)

// presence knows who is in a room now.
type presence interface {
	// Here lists who is in a room, hidden participants and agents excepted.
	Here(ctx context.Context, room call.RoomID) (map[call.Identity]bool, error)
}

// maxSelves is how many identities of one installation are in a room at a time:
// somebody may try a room with a few windows, and fills it with no more.
const maxSelves = 5

// occupancy is how many connects each identity has that this door has let in.
type occupancy struct {
	open map[call.Identity]int // in the room
	mine map[call.Identity]int // of the same installation
}

// sockets counts the connects to LiveKit that this door has let in and that
// have not ended. It may be used from any goroutine.
type sockets struct {
	mu    sync.Mutex
	rooms map[call.RoomID]map[call.Identity]int
	keys  map[installation]map[call.Identity]int
}

// installation is a key in a room; the key is empty for who has none.
type installation struct {
	room call.RoomID
	key  string
}

func newSockets() *sockets {
	return &sockets{rooms: map[call.RoomID]map[call.Identity]int{}, keys: map[installation]map[call.Identity]int{}}
}

// arrive counts a connect if allowed agrees, which is told how many each
// identity has. Two arrivals never look at the same numbers, so that a room
// with one place left takes one of them. The caller calls gone when the connect
// has ended.
func (s *sockets) arrive(of installation, identity call.Identity, allowed func(occupancy) error) (gone func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := allowed(s.occupancy(of)); err != nil {
		return nil, err
	}
	enter(s.rooms, of.room, identity)
	if of.key != "" {
		enter(s.keys, of, identity)
	}
	return sync.OnceFunc(func() { s.leave(of, identity) }), nil
}

func (s *sockets) occupancy(of installation) occupancy {
	return occupancy{open: s.rooms[of.room], mine: s.keys[of]}
}

func (s *sockets) leave(of installation, identity call.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exit(s.rooms, of.room, identity)
	if of.key != "" {
		exit(s.keys, of, identity)
	}
}

func enter[K comparable](in map[K]map[call.Identity]int, k K, identity call.Identity) {
	if in[k] == nil {
		in[k] = map[call.Identity]int{}
	}
	in[k][identity]++
}

func exit[K comparable](in map[K]map[call.Identity]int, k K, identity call.Identity) {
	open := in[k]
	if open[identity]--; open[identity] <= 0 {
		delete(open, identity)
	}
	if len(open) == 0 {
		delete(in, k)
	}
}

// look calls f with what is open in a room.
func (s *sockets) look(of installation, f func(occupancy) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.occupancy(of))
}
