package audio

import "foyer/engine/media/opus"

const (
	reorderSlots = 128 // 2.56 s of 20 ms packets

	// A sequence number further away than this begins a new stream, if the
	// next packet confirms it (RFC 3550 appendix A.1).
	maxDropout  = 1000
	maxMisorder = reorderSlots

	// Timestamps that run away from the arrival by more than this begin a new
	// stream: the sender was replaced or has slept.
	maxClockJump = 1 * second
)

// verdict is what became of a packet.
type verdict int

const (
	refused   verdict = iota // garbage, or too early to believe
	duplicate                // held or played already
	tooLate                  // its time is over
	held                     // waits for its time
	restarted                // held, as the first of a new stream
)

// heldPacket waits in a reorderBuffer.
type heldPacket struct {
	seq  int64 // extended
	ts   int64 // extended
	info opus.PacketInfo
	data []byte
	is   slotState
	copy bool // it was lost itself, so far: data comes from a later packet
}

type slotState uint8

const (
	slotEmpty slotState = iota
	slotHeld
	slotDone // played, or came after its time
	slotLost // its time is over and it has not come
)

// reorderBuffer puts packets back into the sender's order. It holds at most
// reorderSlots packets.
type reorderBuffer struct {
	slots   [reorderSlots]heldPacket
	started bool
	ssrc    uint32
	next    int64 // sequence number that is to be played next
	highest int64 // newest sequence number
	newest  int64 // its timestamp
	arrived int64 // its arrival
	suspect int   // sequence number that would confirm a jump, -1 none

	overran bool    // next was pushed on by newer packets
	lost    int64   // never came
	lossy   float64 // recent share of lost packets
}

// put takes a packet in. The timestamp returned is extended to 64 bits.
func (b *reorderBuffer) put(p rtpPacket, info opus.PacketInfo, at int64) (v verdict, ts int64) {
	if !b.started || p.ssrc != b.ssrc {
		return b.restart(p, info, at)
	}
	seq := b.highest + int64(int16(p.seq-uint16(b.highest)))
	ts = b.newest + int64(int32(p.timestamp-uint32(b.newest)))
	ahead := seq - b.highest
	switch {
	case ahead > maxDropout || ahead < -maxMisorder:
		if b.suspect == int(p.seq) {
			return b.restart(p, info, at)
		}
		b.suspect = int(p.seq + 1)
		return refused, 0
	case ahead > 0 && (ts <= b.newest || jumped(ts-b.newest, at-b.arrived)):
		return b.restart(p, info, at)
	case ahead < 0 && ts >= b.newest:
		return refused, 0
	}
	b.suspect = -1
	if seq < b.next {
		return b.old(seq), ts
	}
	s := b.slot(seq)
	if s.is == slotHeld && s.seq == seq && !s.copy {
		return duplicate, ts
	}
	if seq > b.highest {
		b.highest, b.newest, b.arrived = seq, ts, at
		b.makeRoom()
	}
	b.hold(seq, ts, p.payload, info)
	return held, ts
}

// fill holds a copy of a packet that is missing, which c is of the one before p by
// c.back. It reports whether the packet was missing, and there is time for it yet.
func (b *reorderBuffer) fill(p rtpPacket, c redCopy, info opus.PacketInfo) bool {
	seq := b.highest + int64(int16(p.seq-uint16(b.highest))) - int64(c.back)
	ts := b.newest + int64(int32(p.timestamp-uint32(b.newest))) - int64(c.before)
	if !b.started || p.ssrc != b.ssrc || seq < b.next || seq >= b.highest || ts >= b.newest {
		return false
	}
	if s := b.slot(seq); s.is == slotHeld && s.seq == seq {
		return false
	}
	b.hold(seq, ts, c.payload, info)
	b.slot(seq).copy = true
	return true
}

func jumped(media, local int64) bool {
	d := media - local
	return d > maxClockJump || d < -maxClockJump
}

// restart empties the buffer and begins a stream with p.
func (b *reorderBuffer) restart(p rtpPacket, info opus.PacketInfo, at int64) (verdict, int64) {
	for i := range b.slots {
		b.slots[i].is = slotEmpty
	}
	b.started, b.ssrc, b.suspect, b.overran = true, p.ssrc, -1, false
	b.next, b.highest = int64(p.seq), int64(p.seq)
	b.newest, b.arrived = int64(p.timestamp), at
	b.hold(b.next, b.newest, p.payload, info)
	return restarted, b.newest
}

func (b *reorderBuffer) slot(seq int64) *heldPacket {
	return &b.slots[uint64(seq)%reorderSlots]
}

func (b *reorderBuffer) hold(seq, ts int64, payload []byte, info opus.PacketInfo) {
	s := b.slot(seq)
	s.seq, s.ts, s.info, s.is, s.copy = seq, ts, info, slotHeld, false
	s.data = append(s.data[:0], payload...)
}

// old judges a packet whose time is over.
func (b *reorderBuffer) old(seq int64) verdict {
	s := b.slot(seq)
	if s.seq != seq || s.is != slotLost {
		return duplicate
	}
	s.is = slotDone
	b.lost--
	return tooLate
}

// makeRoom gives up on what would share a slot with the newest packet.
func (b *reorderBuffer) makeRoom() {
	for b.next <= b.highest-reorderSlots {
		b.pass()
		b.overran = true
	}
}

// pass ends the time of the next packet, whether it is there or not. One of which
// there is but a copy is lost nevertheless: the share of losses is that of the line.
func (b *reorderBuffer) pass() {
	s := b.slot(b.next)
	lost := 0.0
	if s.is == slotHeld && s.seq == b.next && !s.copy {
		s.is = slotDone
	} else {
		s.seq, s.is = b.next, slotLost
		b.lost++
		lost = 1
	}
	b.lossy += (lost - b.lossy) / 256
	b.next++
}

// peek is the first packet that is held, nil if there is none. It may have a
// higher number than next.
func (b *reorderBuffer) peek() *heldPacket {
	if !b.started {
		return nil
	}
	return b.after(b.next - 1)
}

// after is the first held packet with a higher number than seq, or nil.
func (b *reorderBuffer) after(seq int64) *heldPacket {
	for seq++; seq <= b.highest; seq++ {
		if s := b.slot(seq); s.is == slotHeld && s.seq == seq {
			return s
		}
	}
	return nil
}

// take passes everything up to and including a packet from peek, whose data
// stays valid until the next put.
func (b *reorderBuffer) take(p *heldPacket) {
	for b.next <= p.seq {
		b.pass()
	}
}
