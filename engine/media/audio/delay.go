package audio

import "foyer/engine/call"

// All times in the playing side are counted in samples at 48 kHz: local time
// from the mixer's beginning, media time as the sender's RTP timestamp.
const (
	samplesPerMS = call.SampleRate / 1000
	second       = call.SampleRate
)

const (
	transitWindow = 500         // packets: 10 s at 20 ms
	transitMaxAge = 12 * second // beyond that the clocks have drifted apart

	// Of the long window 3 % may come later than the target, of the last
	// second about 5 %: a change for the worse shows in the short one first.
	longTail    = 3 // percent
	shortWindow = 50
	shortTail   = 3 // packets

	startLateness = 40 * samplesPerMS // until enough is known
	enoughKnown   = 10                // packets
	shrinkPerSec  = 20 * samplesPerMS // the target falls slowly and rises at once
)

// delayEstimator learns from the packets' arrival how much later than the
// fastest ones the slow ones come.
//
// A packet's transit is its arrival minus its timestamp. Only differences of
// transits mean anything: the clocks have no common origin.
type delayEstimator struct {
	transits [transitWindow]transit
	count    int
	next     int

	fastest  int64 // smallest transit in the window
	lateness int64 // that the buffer should bridge
	updated  int64 // local time of lateness
	jitter   float64
	last     int64 // transit of the packet before
}

type transit struct{ value, at int64 }

// reset forgets the network, for a stream whose timestamps have jumped. The
// lateness stays as the first guess.
func (e *delayEstimator) reset() {
	*e = delayEstimator{lateness: max(e.lateness, startLateness), updated: e.updated}
}

// add learns from a packet with that timestamp that came at that local time.
func (e *delayEstimator) add(timestamp, at int64) {
	v := at - timestamp
	if e.count > 0 {
		d := v - e.last
		e.jitter += (float64(max(d, -d)) - e.jitter) / 16 // RFC 3550 section 6.4.1
	}
	e.last = v
	e.transits[e.next] = transit{value: v, at: at}
	e.next = (e.next + 1) % transitWindow
	e.count = min(e.count+1, transitWindow)
	e.estimate(at)
}

// estimate updates fastest and lateness.
func (e *delayEstimator) estimate(at int64) {
	long := tail{keep: 1 + e.count*longTail/100}
	short := tail{keep: 1}
	if e.count >= enoughKnown {
		short.keep = shortTail
	}
	e.fastest = e.last
	for i := range e.count { // newest first
		t := e.transits[(e.next-1-i+transitWindow)%transitWindow]
		if at-t.at > transitMaxAge {
			break
		}
		e.fastest = min(e.fastest, t.value)
		long.add(t.value)
		if i < shortWindow {
			short.add(t.value)
		}
	}
	late := max(long.smallest(), short.smallest()) - e.fastest
	if e.count < enoughKnown {
		late = max(late, startLateness, e.lateness)
	}
	e.settle(late, at)
}

// settle follows late upwards at once and downwards slowly.
func (e *delayEstimator) settle(late, at int64) {
	fall := (at - e.updated) * shrinkPerSec / second
	if fall > 0 || late > e.lateness {
		e.lateness = max(late, e.lateness-max(fall, 0))
		e.updated = at
	}
}

// tail keeps the largest few of many values.
type tail struct {
	values [1 + transitWindow*longTail/100]int64 // sorted, largest first
	n      int
	keep   int
}

func (t *tail) add(v int64) {
	if t.n == t.keep {
		if v <= t.values[t.n-1] {
			return
		}
		t.n--
	}
	i := t.n
	for ; i > 0 && t.values[i-1] < v; i-- {
		t.values[i] = t.values[i-1]
	}
	t.values[i] = v
	t.n++
}

// smallest of those that were kept: the quantile.
func (t *tail) smallest() int64 {
	if t.n == 0 {
		return 0
	}
	return t.values[t.n-1]
}
