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

// maxSaid bounds what waits to be said: nobody listens to more.
const maxSaid = 32

// Voice carries what is to be said from the window to who says it, as long as anybody
// listens. Any goroutine may use it; a nil Voice is never listened to.
type Voice struct {
	on atomic.Bool

	mu    sync.Mutex
	queue []Said
}

// Listen says whether anybody listens from now on.
func (v *Voice) Listen(on bool) {
	v.on.Store(on)
	if !on {
		v.Take()
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
