package data

import "time"

// FlowTick is the time between two looks at a [Flow].
const FlowTick = time.Second

const (
	flowStall = 10 * time.Second // nothing arrives for so long, and something waits: nothing will arrive
	flowSleep = 2 * FlowTick     // a look that comes so late finds a program that was stopped
	flowEnds  = 4                // looks that find a channel closed: an end of the session closes it, too, and says more
)

// Flow tells channels that work from those that do not, though the connection beneath
// them may stand.
type Flow struct {
	Sent    uint64 // bytes given to the reliable channel
	arrived uint64 // of these
	moved   time.Time
	looked  time.Time
	closed  int // looks that found one closed
}

// NewFlow is that of channels on which nothing has been sent.
func NewFlow(now time.Time) Flow { return Flow{moved: now, looked: now} }

// Rest lets the time until now count for nothing.
func (f *Flow) Rest(now time.Time) { f.moved, f.looked, f.closed = now, now, 0 }

// Ended reports whether a channel, or what is beneath it, stays closed.
func (f *Flow) Ended(closed bool) bool {
	if closed {
		f.closed++
	}
	return f.closed >= flowEnds
}

// Stalls reports whether what waits, in bytes, does not arrive any more.
func (f *Flow) Stalls(waiting uint64, now time.Time) bool {
	slept := now.Sub(f.looked) > flowSleep
	f.looked = now
	if arrived := f.Sent - min(waiting, f.Sent); arrived != f.arrived || waiting == 0 || slept {
		f.arrived, f.moved = arrived, now
	}
	return now.Sub(f.moved) > flowStall
}
