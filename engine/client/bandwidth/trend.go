package bandwidth

import (
	"math"
	"time"
)

// Constants of the delay-based detector: draft-ietf-rmcat-gcc-02, sections 5.1 to 5.4,
// with a line fitted through the last delays in place of the draft's filter.
const (
	burstLength   = 5 * time.Millisecond // packets sent within it count as one
	trendSpan     = 20                   // bursts
	trendSmooth   = 0.9
	trendGain     = 4.0
	trendMax      = 60   // bursts after which the gain grows no more
	thresholdMS   = 12.5 // of the trend, at first
	thresholdLow  = 6.0
	thresholdHigh = 600.0
	thresholdUp   = 0.0087 // per ms
	thresholdDown = 0.039
	thresholdJump = 15.0 // beyond which a trend does not move the threshold
	risingFor     = 10 * time.Millisecond
	// trendPause is a pause after which the delays before it say nothing.
	trendPause = 3 * time.Second
)

// direction is what the delays do.
type direction int

const (
	steady  direction = iota
	rising            // a queue grows
	falling           // a queue drains
)

// burst is packets that were sent together.
type burst struct{ first, sent, arrived time.Duration }

// trend tells from the times of packets whether a queue grows. The zero value is
// ready.
type trend struct {
	started     bool
	now, before burst
	complete    bool // before is there
	n           int
	total       float64 // ms, all differences
	smooth      float64
	origin      time.Duration
	points      [trendSpan]struct{ x, y float64 }
	threshold   float64
	last        time.Duration // arrival of the last judgement
	over        time.Duration
	slopeBefore float64
	direction   direction
}

// reset forgets everything but the threshold.
func (t *trend) reset() { *t = trend{threshold: t.threshold} }

// add takes a packet. One that comes after packets that were sent later tells nothing.
func (t *trend) add(sent, arrived time.Duration) {
	switch {
	case !t.started:
		t.started, t.now = true, burst{sent, sent, arrived}
	case t.now.first-sent > trendPause || arrived-t.now.arrived > trendPause:
		t.reset()
		t.started, t.now = true, burst{sent, sent, arrived}
	case sent < t.now.first: // overtaken, or read by somebody slower
	case t.together(sent, arrived):
		t.now.sent, t.now.arrived = max(t.now.sent, sent), max(t.now.arrived, arrived)
	default:
		if t.complete {
			t.judge(t.now.sent-t.before.sent, t.now.arrived-t.before.arrived, t.now.arrived)
		}
		t.before, t.complete = t.now, true
		t.now = burst{sent, sent, arrived}
	}
}

// together reports whether a packet belongs to the burst: it was sent with it, or it
// came at once after it although it was sent later.
func (t *trend) together(sent, arrived time.Duration) bool {
	if sent-t.now.first <= burstLength {
		return true
	}
	apart := arrived - t.now.arrived
	return apart <= burstLength && apart < sent-t.now.sent && sent-t.now.first < 20*burstLength
}

// judge takes the distance of two bursts at the sender and at the receiver.
func (t *trend) judge(sent, arrived, at time.Duration) {
	t.n++
	if t.n == 1 {
		t.origin = at
	}
	t.total += ms(arrived - sent)
	t.smooth = trendSmooth*t.smooth + (1-trendSmooth)*t.total
	t.points[t.n%trendSpan] = struct{ x, y float64 }{ms(at - t.origin), t.smooth}
	slope := 0.0
	if t.n >= trendSpan {
		slope = t.slope()
	}
	t.detect(slope, sent, at)
}

// slope is that of the line through the points, by least squares.
func (t *trend) slope() float64 {
	var sx, sy float64
	for _, p := range t.points {
		sx, sy = sx+p.x, sy+p.y
	}
	mx, my := sx/trendSpan, sy/trendSpan
	var top, bottom float64
	for _, p := range t.points {
		top += (p.x - mx) * (p.y - my)
		bottom += (p.x - mx) * (p.x - mx)
	}
	if bottom == 0 {
		return 0
	}
	return top / bottom
}

// detect compares a slope with a threshold that follows it.
func (t *trend) detect(slope float64, sent, at time.Duration) {
	if t.threshold == 0 {
		t.threshold = thresholdMS
	}
	gained := slope * trendGain * float64(min(t.n, trendMax))
	switch {
	case gained > t.threshold:
		t.over += sent
		if t.over > risingFor && slope >= t.slopeBefore {
			t.over, t.direction = 0, rising
		}
	case gained < -t.threshold:
		t.over, t.direction = 0, falling
	default:
		t.over, t.direction = 0, steady
	}
	t.slopeBefore = slope
	t.adapt(math.Abs(gained), at)
}

func (t *trend) adapt(gained float64, at time.Duration) {
	since := min(at-t.last, 100*time.Millisecond)
	t.last = at
	if gained > t.threshold+thresholdJump {
		return // a jump, as of a new route
	}
	k := thresholdUp
	if gained < t.threshold {
		k = thresholdDown
	}
	t.threshold += k * (gained - t.threshold) * ms(since)
	t.threshold = min(max(t.threshold, thresholdLow), thresholdHigh)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
