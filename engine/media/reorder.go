package media

import "time"

const (
	// reorderWindow is how many packets ahead of a gap are kept: 4 s of 720p,
	// and one frame of the largest size that is accepted.
	reorderWindow = 4096
	// gapPatience is how long a gap may stay open. pion's NACK generator asks
	// every 100 ms; a retransmission takes that and a round trip.
	gapPatience = 250 * time.Millisecond
	// maxAhead and maxBehind are how far a sequence number may be away from
	// the expected one before it counts as another stream (RFC 3550 A.1 has
	// 3000 and 100; a retransmission may be later than that).
	maxAhead  = 3000
	maxBehind = 500
)

// reorder gives packets back in the order of their sequence numbers. Call push,
// then next until it answers nil. It owns what it was given until next returns
// it or release gets it.
type reorder struct {
	release func(*packet)

	started  bool
	ssrc     uint32
	expected int64 // extended sequence number that comes next
	ring     [reorderWindow]*packet
	held     int   // packets in ring
	highest  int64 // of those
	keyAt    int64 // where a held key frame begins, or absent

	gapSince time.Time // when the present gap was noticed

	// A packet that does not fit waits here: it is believed to begin another
	// stream when the next one continues it.
	strange *packet
}

// push takes a packet. It reports true when p is the first of another stream:
// then everything before it is void.
func (r *reorder) push(p *packet, now time.Time) (restarted bool) {
	if !r.started {
		r.restart(p, now)
		return false
	}
	seq := r.extend(p.seq)
	switch {
	case p.ssrc != r.ssrc || seq-r.expected > maxAhead || r.expected-seq > maxBehind:
		return r.doubt(p, now)
	case seq < r.expected || r.ring[seq%reorderWindow] != nil: // late or double
		r.release(p)
	default:
		r.store(p, seq, now)
	}
	return false
}

// doubt keeps p until the next one, or begins another stream if p continues the
// one that was kept.
func (r *reorder) doubt(p *packet, now time.Time) (restarted bool) {
	first := r.strange
	r.strange = nil
	if first != nil && p.ssrc == first.ssrc && p.seq == first.seq+1 {
		r.restart(first, now)
		r.store(p, r.expected+1, now)
		return true
	}
	if first != nil {
		r.release(first)
	}
	r.strange = p
	return false
}

// restart begins a stream with p.
func (r *reorder) restart(p *packet, now time.Time) {
	r.drain()
	r.started, r.ssrc = true, p.ssrc
	// Far from 0, so that earlier packets do not extend to negative numbers.
	r.expected = int64(p.seq) + 1<<20
	r.highest = 0
	r.store(p, r.expected, now)
}

// extend turns a 16-bit number into the one closest to the expected.
func (r *reorder) extend(seq uint16) int64 {
	return r.expected + int64(int16(seq-uint16(r.expected)))
}

func (r *reorder) store(p *packet, seq int64, now time.Time) {
	if r.held == 0 {
		r.gapSince = now
	}
	r.ring[seq%reorderWindow] = p
	r.held++
	r.highest = max(r.highest, seq)
	if p.key && seq > r.keyAt {
		r.keyAt = seq
	}
}

// next returns the packet that comes next, or nil at a gap and at the end.
func (r *reorder) next(now time.Time) *packet {
	slot := &r.ring[r.expected%reorderWindow]
	p := *slot
	if p == nil {
		return nil
	}
	*slot = nil
	r.expected++
	r.held--
	r.gapSince = now
	if r.keyAt < r.expected {
		r.keyAt = absent
	}
	return p
}

// gap reports whether packets wait behind a missing one, and until when they
// should: no longer than patience, and not at all when a whole key frame is
// among them.
func (r *reorder) gap() (until time.Time, open bool) {
	if r.held == 0 {
		return time.Time{}, false
	}
	if r.keyAt != absent && r.wholeFrame(r.keyAt) {
		return r.gapSince, true
	}
	return r.gapSince.Add(gapPatience), true
}

// wholeFrame reports whether everything from seq to a marker is there.
func (r *reorder) wholeFrame(seq int64) bool {
	for ; seq <= r.highest; seq++ {
		p := r.ring[seq%reorderWindow]
		if p == nil {
			return false
		}
		if p.marker {
			return true
		}
	}
	return false
}

// skip gives the gap up and reports how many packets are missing. What lies
// before a whole key frame is dropped.
func (r *reorder) skip(now time.Time) (lost int) {
	target := r.expected
	if r.keyAt != absent && r.wholeFrame(r.keyAt) {
		target = r.keyAt
	}
	for r.held > 0 {
		slot := &r.ring[r.expected%reorderWindow]
		if *slot != nil {
			if r.expected >= target {
				break
			}
			r.release(*slot)
			*slot = nil
			r.held--
		} else {
			lost++
		}
		r.expected++
	}
	r.gapSince = now
	return lost
}

// drain drops everything that is held.
func (r *reorder) drain() {
	for i, p := range r.ring {
		if p != nil {
			r.release(p)
			r.ring[i] = nil
		}
	}
	r.held, r.keyAt = 0, absent
}
