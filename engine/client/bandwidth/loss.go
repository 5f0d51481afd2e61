package bandwidth

import "time"

const (
	lossWindow  = time.Second
	lossPackets = 20 // that a window must have
	lossHigh    = 0.10
	// lossSame is how much of the loss stays, after less was sent, if the line itself
	// loses: weak wireless does, whatever the rate.
	lossSame = 0.75
)

// loss lowers the rate where packets are lost for want of room (draft-ietf-rmcat-gcc-02,
// section 6), but not again and again where less does not help. The zero value is ready.
type loss struct {
	lost, of int
	since    time.Time
	before   float64 // loss before the rate last went down; 0: it did not
	inherent float64 // the line's own
}

// add takes packets, and returns by what the rate is to be multiplied.
func (l *loss) add(lost, of int, now time.Time) (factor float64) {
	if l.of == 0 {
		l.since = now
	}
	l.lost, l.of = l.lost+lost, l.of+of
	if now.Sub(l.since) < lossWindow || l.of < lossPackets {
		return 1
	}
	share := float64(l.lost) / float64(l.of)
	l.lost, l.of = 0, 0
	if l.before > 0 && share > lossSame*l.before {
		l.inherent = max(l.inherent, share)
	}
	l.before = 0
	if share < lossHigh/2 {
		l.inherent = 0
	}
	if share <= l.inherent+lossHigh {
		return 1
	}
	l.before = share
	return 1 - share/2
}
