package access

import (
	"sync"
	"sync/atomic"
)

// Said is something to say in passing.
type Said struct {
	Text   string
	Urgent bool // it interrupts what is being said
}

// maxSaid limits what waits to be said: nobody listens to more.
const maxSaid = 32

// Voice carries what is to be said from the window to the screen reader, as long as one
// listens. Any goroutine may use it, but for From and Gather; a nil Voice is never
// listened to.
type Voice struct {
	on    atomic.Bool
	fresh atomic.Bool // nothing was gathered since somebody listens
	tell  func(first bool)

	mu    sync.Mutex
	queue []Said
}

// Listen says whether anybody listens from now on.
func (v *Voice) Listen(on bool) {
	v.fresh.Store(on)
	v.on.Store(on)
	if !on {
		v.Take()
	}
}

// From has tell called, on the main goroutine, whenever who listens wants to know what
// is new. It says that with Say. first is true for somebody who has just begun to listen.
// As long as nobody does, nothing is called.
func (v *Voice) From(tell func(first bool)) {
	if v != nil {
		v.tell = tell
	}
}

// Gather has everything said that is new.
func (v *Voice) Gather() {
	if v.On() && v.tell != nil {
		v.tell(v.fresh.Swap(false))
	}
}

// On reports whether anybody listens.
func (v *Voice) On() bool { return v != nil && v.on.Load() }

// Say gives something to be said. Where too much waits, the oldest goes.
func (v *Voice) Say(s Said) {
	if !v.On() || s.Text == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queue = append(v.queue, s)
	if over := len(v.queue) - maxSaid; over > 0 {
		v.queue = append([]Said(nil), v.queue[over:]...)
	}
}

// Take returns what waits to be said, once.
func (v *Voice) Take() []Said {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := v.queue
	v.queue = nil
	return all
}
