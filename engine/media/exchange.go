package media

import (
	"sync"
	"time"

	"foyer/engine/call"
)

// exchange hands the newest frame from the device to the encoder: three
// buffers go round, older frames are lost, nobody waits.
type exchange struct {
	wake chan struct{} // 1 slot: there is a new frame

	mu    sync.Mutex // held for swaps only
	ready *call.VideoFrame
	at    time.Time // when ready was published; then when taken was
	fresh bool

	writing *call.VideoFrame // the reader's alone
	taken   *call.VideoFrame // the encoder's alone
}

func newExchange() *exchange {
	return &exchange{
		wake:  make(chan struct{}, 1),
		ready: &call.VideoFrame{}, writing: &call.VideoFrame{}, taken: &call.VideoFrame{},
	}
}

// publish makes writing the newest frame and provides another buffer.
func (x *exchange) publish() {
	x.mu.Lock()
	x.writing, x.ready = x.ready, x.writing
	x.at, x.fresh = time.Now(), true
	x.mu.Unlock()
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// take returns the newest frame and when it was published: the one of the last
// take if there is none since, nil before the first. It stays untouched until the
// next take.
func (x *exchange) take() (f *call.VideoFrame, at time.Time, fresh bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	fresh = x.fresh
	if fresh {
		x.taken, x.ready = x.ready, x.taken
		x.fresh = false
	}
	if x.taken.Width == 0 {
		return nil, time.Time{}, false
	}
	return x.taken, x.at, fresh
}
