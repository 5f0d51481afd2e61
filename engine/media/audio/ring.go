package audio

import "sync/atomic"

// ringSlots is 1.28 s of 20 ms packets. More than that is of no use to anybody.
const ringSlots = 64

// packetRing hands packets from the goroutine that reads the network to the
// thread that plays, without a lock on either side: one puts, one drains.
type packetRing struct {
	slots   [ringSlots]arrivedPacket
	written atomic.Uint32 // changed by put only
	read    atomic.Uint32 // changed by drain only
	dropped atomic.Uint64
	noticed uint64 // drain's: dropped at the last time
}

// arrivedPacket is an RTP packet and when it came, in samples of the mixer's
// clock.
type arrivedPacket struct {
	rtpPacket
	at int64
}

// put copies p into the ring, or drops it when the player has stalled.
func (r *packetRing) put(p rtpPacket, at int64) {
	w := r.written.Load()
	if w-r.read.Load() == ringSlots {
		r.dropped.Add(1)
		return
	}
	s := &r.slots[w%ringSlots]
	kept := append(s.payload[:0], p.payload...)
	s.rtpPacket, s.at = p, at
	s.payload = kept
	r.written.Store(w + 1)
}

// drain gives every waiting packet to push, which must copy what it keeps. After
// an overflow it throws them all away, because they are too old to be played, and
// answers false.
func (r *packetRing) drain(push func(p rtpPacket, at int64)) bool {
	if n := r.dropped.Load(); n != r.noticed {
		r.noticed = n
		r.read.Store(r.written.Load())
		return false
	}
	for rd := r.read.Load(); rd != r.written.Load(); rd = r.read.Load() {
		s := &r.slots[rd%ringSlots]
		push(s.rtpPacket, s.at)
		r.read.Store(rd + 1)
	}
	return true
}
