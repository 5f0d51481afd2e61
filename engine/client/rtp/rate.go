package rtp

import (
	"sync"
	"time"
)

// Loss-based sending rate, after Google's congestion control (draft-ietf-rmcat-gcc-02
// section 6): above 10 % loss less, below 2 % more.
const (
	lossHigh    = 0.10
	lossLow     = 0.02
	rateFloor   = 0.2 // of the configured bitrate
	rateRise    = 1.05
	rateHold    = time.Second     // between two changes
	rateMissing = 5 * time.Second // without reports: no change is known to help
)

// rateControl scales a track's bitrate by the loss that the server reports. The
// zero value must be reset once.
type rateControl struct {
	mu      sync.Mutex
	factor  float64
	worst   float64 // since the last change
	changed time.Time
}

func (r *rateControl) reset() { r.factor = 1 }

// report takes one report's lost fraction, 0..1.
func (r *rateControl) report(lost float64, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.changed) > rateMissing {
		r.worst = 0
		r.changed = now.Add(-rateHold)
	}
	r.worst = max(r.worst, lost)
	if now.Sub(r.changed) < rateHold {
		return
	}
	switch {
	case r.worst > lossHigh:
		r.factor = max(r.factor*(1-r.worst/2), rateFloor)
	case r.worst < lossLow:
		r.factor = min(r.factor*rateRise, 1)
	}
	r.worst, r.changed = 0, now
}

// apply scales a configured bitrate.
func (r *rateControl) apply(bitrate int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(float64(bitrate) * r.factor)
}
