package eventqueue

import (
	"fmt"
	"sync"

	"foyer/engine/call"
)

// Feed carries what a session reports to the loop, in order and bounded. The
// session's goroutine puts, the loop takes. The zero value is ready.
type Feed struct {
	mu     sync.Mutex
	events backlog[call.SessionEvent]
	told   bool // the loop will come
	over   bool // nothing follows
}

// Put never makes the session wait. It reports whether the loop must be told.
// A session that says more than anybody could take ends itself by it; its own
// end is never dropped.
func (f *Feed) Put(ev call.SessionEvent) (tell bool) {
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

// Take returns what has come since the last call.
func (f *Feed) Take() []call.SessionEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = false
	return f.events.take()
}

// Dropped counts the user packets that made way for newer ones.
func (f *Feed) Dropped() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events.dropped
}
