package seats

import (
	"net/netip"
	"sync"

	"foyer/engine/call"
)

// Occupancy is how many connects each identity has that this door has let in.
type Occupancy struct {
	Open map[call.Identity]int // in the room
	Mine map[call.Identity]int // of the same installation
}

// Seats counts the connects to LiveKit that this door has let in and that
// have not ended. It may be used from any goroutine.
type Seats struct {
	mu    sync.Mutex
	rooms map[call.RoomID]map[call.Identity]int
	keys  map[Installation]map[call.Identity]int
}

// Installation is a key in a room; the key is empty for somebody without one.
type Installation struct {
	Room call.RoomID
	Key  string
}

// New makes seats that nobody has.
func New() *Seats {
	return &Seats{rooms: map[call.RoomID]map[call.Identity]int{}, keys: map[Installation]map[call.Identity]int{}}
}

// Arrive counts a connect if allowed agrees, which gets how many each identity has.
// Two arrivals never look at the same numbers, so that a room with one place left
// takes one of them. The caller calls gone when the connect has ended.
func (s *Seats) Arrive(
	of Installation, identity call.Identity, allowed func(Occupancy) error,
) (gone func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := allowed(s.occupancy(of)); err != nil {
		return nil, err
	}
	enter(s.rooms, of.Room, identity)
	if of.Key != "" {
		enter(s.keys, of, identity)
	}
	return sync.OnceFunc(func() { s.leave(of, identity) }), nil
}

func (s *Seats) occupancy(of Installation) Occupancy {
	return Occupancy{Open: s.rooms[of.Room], Mine: s.keys[of]}
}

func (s *Seats) leave(of Installation, identity call.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exit(s.rooms, of.Room, identity)
	if of.Key != "" {
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

// Look calls f with what is open in a room.
func (s *Seats) Look(of Installation, f func(Occupancy) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.occupancy(of))
}

// Crowd limits how many guests of one address are connected at a time: each costs
// 0.4 MB, and LiveKit has no limit for them.
type Crowd struct {
	most int

	mu sync.Mutex
	of map[netip.Prefix]int
}

// NewCrowd makes a crowd of most guests of one address.
func NewCrowd(most int) *Crowd { return &Crowd{most: most, of: map[netip.Prefix]int{}} }

// Enter takes one more in, until leave is called.
func (c *Crowd) Enter(from netip.Prefix) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[from] >= c.most {
		return nil, false
	}
	c.of[from]++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.of[from]--; c.of[from] == 0 {
			delete(c.of, from)
		}
	}), true
}
