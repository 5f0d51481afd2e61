package congestion

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// referenceUnit is what transport-wide feedback counts its own time in, with 24 bits.
	referenceUnit = 64 * time.Millisecond
	referenceBits = 24
	// maxAnswered is how many packets one feedback may be about: more than were ever
	// on their way.
	maxAnswered = historySize
)

// answers takes feedback apart. The zero value is ready.
type answers struct {
	reference int64 // the last one, with the turns that 24 bits leave out
	started   bool
}

// base is when the feedback's time begins, by the receiver's clock.
func (a *answers) base(reference uint32) time.Duration {
	const turn = 1 << referenceBits
	now := int64(reference) % turn
	if a.started {
		now += a.reference - a.reference%turn
		switch {
		case now-a.reference > turn/2 && now >= turn:
			now -= turn
		case a.reference-now > turn/2:
			now += turn
		}
	}
	a.started, a.reference = true, now
	return time.Duration(now) * referenceUnit
}

// each calls f for every packet that the feedback is about, in the order of their
// numbers. What does not fit together ends it.
func (a *answers) each(cc *rtcp.TransportLayerCC, f func(number uint16, came bool, arrived time.Duration)) {
	at := a.base(cc.ReferenceTime)
	number, left, deltas := cc.BaseSequenceNumber, min(int(cc.PacketStatusCount), maxAnswered), cc.RecvDeltas
	one := func(symbol uint16) bool {
		if left == 0 {
			return false
		}
		came := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		if came {
			if len(deltas) == 0 {
				return false
			}
			at += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
		}
		f(number, came, at)
		number++
		left--
		return true
	}
	for _, chunk := range cc.PacketChunks {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				if !one(c.PacketStatusSymbol) {
					return
				}
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				if !one(symbol) {
					return
				}
			}
		}
	}
}
