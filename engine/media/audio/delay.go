package audio

import "foyer/engine/call"

// All times in the playing side are counted in samples at 48 kHz: local time
// from the mixer's beginning, media time as the sender's RTP timestamp.
const (
	samplesPerMS = call.SampleRate / 1000
	second       = call.SampleRate
)

const (
	// The network is measured by what it did in the last 10 s, and each quarter
	// of a second by the fastest packet of the 2 s up to then: a route or a
	// clock that changes slowly is followed, not taken for jitter.
	delayInterval  = second / 4
	delayIntervals = 40
	fastestWithin  = 8 // intervals
	// typicalLate of the intervals may have been worse than the target: a
	// spike now and then is concealed rather than waited for all the time,
	// and a change for the worse shows in less than a second.
	typicalLate = 2

	startLateness = 40 * samplesPerMS // until enough is known
	shrinkPerSec  = 20 * samplesPerMS // the target falls slowly and rises at once
)

// delayEstimator learns from the packets' arrival how much later than the
// fastest ones the slow ones come.
//
// A packet's transit is its arrival minus its timestamp. Only differences of
// transits mean anything: the clocks have no common origin.
type delayEstimator struct {
	intervals [delayIntervals]transits // by number, modulo
	known     bool                     // some packet has come
	fastest   int64                    // smallest transit of the last 2 s
	lateness  int64                    // that the buffer should bridge
	updated   int64                    // local time of lateness
	jitter    float64
	last      int64 // transit of the packet before
}

// transits are those of the packets that came in one interval.
type transits struct {
	number   int64 // of the interval, from 1; 0 is unused
	fastest  int64
	worst    int64
	lateness int64 // worst less the fastest of the 2 s up to here
}

// reset forgets the network, for a stream whose timestamps have jumped. The
// lateness stays as the first guess.
func (e *delayEstimator) reset() {
	*e = delayEstimator{lateness: max(e.lateness, startLateness), updated: e.updated}
}

// add learns from a packet with that timestamp that came at that local time.
func (e *delayEstimator) add(timestamp, at int64) {
	v := at - timestamp
	if e.known {
		d := v - e.last
		e.jitter += (float64(max(d, -d)) - e.jitter) / 16 // RFC 3550 section 6.4.1
	}
	e.known, e.last = true, v
	number := at/delayInterval + 1
	i := &e.intervals[number%delayIntervals]
	if i.number != number {
		*i = transits{number: number, fastest: v, worst: v}
	}
	i.fastest, i.worst = min(i.fastest, v), max(i.worst, v)
	e.estimate(number, at)
}

// estimate updates fastest and lateness.
func (e *delayEstimator) estimate(number, at int64) {
	now := &e.intervals[number%delayIntervals]
	e.fastest = now.fastest
	for n := max(1, number-fastestWithin+1); n < number; n++ {
		if t := &e.intervals[n%delayIntervals]; t.number == n {
			e.fastest = min(e.fastest, t.fastest)
		}
	}
	now.lateness = now.worst - e.fastest
	late := max(e.lateness, startLateness)
	if typical, ok := e.typical(number); ok {
		late = typical
	}
	e.settle(late, at)
}

// typical is the lateness that all but typicalLate of the intervals keep to.
func (e *delayEstimator) typical(number int64) (int64, bool) {
	var worst [typicalLate + 1]int64 // largest first
	seen := 0
	for i := range e.intervals {
		t := &e.intervals[i]
		if t.number == 0 || number-t.number >= delayIntervals {
			continue
		}
		v := t.lateness
		for j := range worst[:min(seen, len(worst))] {
			if v > worst[j] {
				v, worst[j] = worst[j], v
			}
		}
		if seen < len(worst) {
			worst[seen] = v
		}
		seen++
	}
	return worst[typicalLate], seen > typicalLate
}

// settle follows late upwards at once and downwards slowly.
func (e *delayEstimator) settle(late, at int64) {
	fall := (at - e.updated) * shrinkPerSec / second
	if fall > 0 || late > e.lateness {
		e.lateness = max(late, e.lateness-max(fall, 0))
		e.updated = at
	}
}
