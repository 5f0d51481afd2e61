package bandwidth

import "time"

const (
	meterSlot  = 25 * time.Millisecond
	meterSlots = 20 // half a second
)

// meter is how many bits a second arrived lately. The zero value is ready.
type meter struct {
	bytes   [meterSlots]int
	slot    int64 // number of the newest one
	first   int64 // of the oldest one since the start
	started bool
}

// add takes a packet.
func (m *meter) add(at time.Duration, size int) {
	slot := int64(at / meterSlot)
	if !m.started || slot-m.slot > 1<<20 || m.slot-slot > 1<<20 {
		*m = meter{slot: slot, first: slot, started: true}
	}
	m.forward(slot)
	if m.slot-slot < meterSlots {
		*m.at(slot) += size
	}
}

// at is where a slot's bytes are. The other side's clock may say a time before zero.
func (m *meter) at(slot int64) *int {
	return &m.bytes[(slot%meterSlots+meterSlots)%meterSlots]
}

func (m *meter) forward(slot int64) {
	for n := min(slot-m.slot, meterSlots); n > 0; n-- {
		*m.at(slot - n + 1) = 0
	}
	m.slot = max(m.slot, slot)
}

// rate is bit/s over the last span, which is at most half a second; 0 if nothing has
// been measured for that long.
func (m *meter) rate(span time.Duration) float64 {
	n := min(int64(span/meterSlot), meterSlots, m.slot-m.first)
	if !m.started || n < 4 {
		return 0
	}
	sum := 0
	for i := range n { // the newest slot is not over yet
		sum += *m.at(m.slot - 1 - i)
	}
	return float64(sum) * 8 / (time.Duration(n) * meterSlot).Seconds()
}
