package congestion

import "time"

// historySize is how many sent packets are remembered: some seconds of everything.
const historySize = 4096

// sentPacket is a packet on its way.
type sentPacket struct {
	number int64
	at     time.Duration
	bytes  int32
	probe  int32 // which one it belongs to; 0: none
	known  bool
}

// history remembers what was sent, by transport-wide number. The zero value is ready,
// and has no memory before the first packet: most connections send no video.
type history struct {
	ring  []sentPacket
	first time.Duration // when the first packet was sent
	next  int64
	acked int64 // all before it are known to have come, or not
}

// add takes a packet and returns its number.
func (h *history) add(at time.Duration, bytes, probe int) uint16 {
	if h.ring == nil {
		h.ring, h.first = make([]sentPacket, historySize), at
	}
	n := h.next
	h.ring[n%historySize] = sentPacket{number: n, at: at, bytes: int32(bytes), probe: int32(probe)}
	h.next++
	return uint16(n)
}

// find returns the packet with that number on the wire, nil if it is not known any
// more, or was never sent.
func (h *history) find(number uint16) *sentPacket {
	n := h.next - 1 - int64(uint16(h.next-1)-number)
	if n < 0 || h.ring == nil {
		return nil
	}
	if p := &h.ring[n%historySize]; p.number == n && n < h.next {
		return p
	}
	return nil
}

// last is when the newest packet was sent, if any was.
func (h *history) last() (at time.Duration, some bool) {
	if h.next == 0 {
		return 0, false
	}
	return h.ring[(h.next-1)%historySize].at, true
}

// overdue is how many packets were sent before that time and after the newest one that
// is known of.
func (h *history) overdue(before time.Duration) (count int) {
	for n := max(h.acked, h.next-historySize); n < h.next; n++ {
		if h.ring[n%historySize].at >= before {
			break
		}
		count++
	}
	return count
}
