package congestion

import "time"

const (
	probeLength = 200 * time.Millisecond
	// A probe has so many packets at least, and of so many something must be known: fewer
	// say little, and LiveKit answers for twenty at a time.
	probeLeast, probePackets = 28, 15
	// probeWait is how long an answer may take, beyond a round trip.
	probeWait = 400 * time.Millisecond
	// probeGood is the part of what was sent that must arrive in time.
	probeGood = 0.9
	// Pauses between two probes: after one that has failed, each time longer.
	probeAfter, maxProbeAfter = 2 * time.Second, 5 * time.Second
)

// probe sends more than the rate for a moment, to see what arrives of it.
type probe struct {
	id    int
	rate  int // bit/s
	began time.Duration
	sent  int // packets
	bytes int
	ended time.Duration // 0: it goes on

	firstSent, lastSent time.Duration
	arrived, came       int // bytes and packets, without the first
	lost                int
	seen                bool
	first, last         time.Duration // arrival
}

// budget is how many bytes it may send in all.
func (p *probe) budget() int { return int(float64(p.rate) / 8 * probeLength.Seconds()) }

// due is how many bytes should have been sent by now.
func (p *probe) due(now time.Duration) int {
	return int(float64(p.rate) / 8 * (now - p.began).Seconds())
}

// over reports whether enough has been sent, or no more can be.
func (p *probe) over(now time.Duration) bool {
	return p.bytes >= p.budget() && p.sent >= probeLeast || now-p.began > 4*probeLength
}

// note takes an answer for one of its packets.
func (p *probe) note(s *sentPacket, arrived time.Duration) {
	if !p.seen {
		p.seen, p.firstSent, p.first, p.last = true, s.at, arrived, arrived
		p.lastSent = s.at
		return
	}
	p.arrived += int(s.bytes)
	p.came++
	p.lastSent, p.last = max(p.lastSent, s.at), max(p.last, arrived)
}

// result is what the line carries, in bit/s, and whether it carries no more than that.
// It is not known if too little has come back.
func (p *probe) result() (rate float64, exact, known bool) {
	if p.came < probePackets || p.last <= p.first || p.lastSent <= p.firstSent {
		return 0, false, false
	}
	bits := float64(p.arrived) * 8
	in, out := bits/(p.last-p.first).Seconds(), bits/(p.lastSent-p.firstSent).Seconds()
	if in < probeGood*out || float64(p.came) < probeGood*float64(p.came+p.lost) {
		return in, true, true
	}
	return min(in, out, 2*float64(p.rate)), false, true
}

// probing decides when to probe.
type probing struct {
	current *probe
	id      int
	next    time.Duration // not before it
	pause   time.Duration
	carried float64 // what the line carried when it was last too narrow, in bit/s; 0: never
	good    bool    // the last one was
}

// How much more than the rate is tried: at first, after a probe that was good, and
// after one that was not, which would fill a queue again and again.
const (
	factorFirst = 3.0
	factorGood  = 1.8
	factorBad   = 1.5
)

func (p *probing) factor() float64 {
	switch {
	case p.id == 0:
		return factorFirst
	case p.good:
		return factorGood
	default:
		return factorBad
	}
}

// on reports whether a probe is being sent.
func (p *probing) on() bool { return p.current != nil && p.current.ended == 0 }

// begin starts a probe.
func (p *probing) begin(rate int, now time.Duration) {
	p.id++
	p.current = &probe{id: p.id, rate: rate, began: now}
}

// end takes the result of the current one. One that was good is followed by the next at
// once, if the line carries clearly more than it did: a little more may lie in a queue.
func (p *probing) end(rate float64, exact, known bool, now time.Duration) {
	p.current = nil
	p.good = known && !exact && rate >= factorBad*probeGood*p.carried
	switch {
	case p.good:
		p.pause, p.next, p.carried = 0, now, 0
		return
	case !known:
		p.next = now + probeAfter/2
		return
	case exact:
		p.carried = rate
	}
	p.pause = min(max(p.pause*3/2, probeAfter), maxProbeAfter)
	p.next = now + p.pause
}
