package engine

import (
	"fmt"
	"sync"

	"foyer/engine/call"
)

// feed carries what a session reports to the loop, in order and bounded. The
// session's goroutine puts, the loop takes.
type feed struct {
	mu     sync.Mutex
	events backlog[call.SessionEvent]
	told   bool // the loop will come
	over   bool // nothing follows
}

// put never makes the session wait. It tells whether the loop must be told.
// A session that says more than anybody could take ends itself by it; its own
// end is never dropped.
func (f *feed) put(ev call.SessionEvent) (tell bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return false
	}
	if _, f.over = ev.(call.SessionEnded); !f.over && f.events.full() {
		waiting := f.events.waiting()
		f.over, f.events = true, backlog[call.SessionEvent]{}
		ev = call.SessionEnded{
			Reason: call.ReasonConnectionLost,
			Err:    fmt.Errorf("%w: %d events at once", call.ErrServerFlood, waiting),
		}
	}
	f.events.put(ev, ev)
	tell, f.told = !f.told, true
	return tell
}

func (f *feed) take() []call.SessionEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = false
	return f.events.take()
}

// dropped counts the user packets that made way for newer ones.
func (f *feed) dropped() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events.dropped
}
