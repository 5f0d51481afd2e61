package bandwidth

import "time"

const (
	// delayMemory is how long the shortest delay is remembered: two clocks drift apart,
	// and routes change.
	delayMemory = 15 * time.Second
	// delayWindow is how long packets must come late for a queue to be believed. The
	// estimator may stall for a moment, and then finds them all at once.
	delayWindow = 100 * time.Millisecond
)

// delay is how much longer packets take now than the fastest of lately: what waits in
// queues. The zero value is ready.
type delay struct {
	started     bool
	least, next time.Duration // of this stretch of memory and of the one before
	turned      time.Duration
	window      time.Duration // when it began
	now, before time.Duration // the shortest delay in this window and in the one before
	late        time.Duration
}

// add takes a packet.
func (d *delay) add(sent, arrived time.Duration) {
	took := arrived - sent
	if !d.started || arrived-d.turned > 4*delayMemory || arrived < d.turned {
		*d = delay{started: true, least: took, next: took, turned: arrived, window: arrived, now: took, before: took}
	}
	if arrived-d.turned > delayMemory {
		d.least, d.next, d.turned = d.next, took, arrived
	}
	if arrived-d.window > delayWindow {
		d.before, d.now, d.window = d.now, took, arrived
	}
	d.least, d.next, d.now = min(d.least, took), min(d.next, took), min(d.now, took)
	d.late = min(d.now, d.before) - d.least
}
