package bandwidth

import (
	"math"
	"time"
)

const (
	// least is what is always sent: without it nothing is measured.
	least = 60_000 // bit/s
	most  = 20_000_000
	// stalledLeast is what is still sent when nothing is heard: an answer may be all that
	// is missing.
	stalledLeast = 150_000
	// backOff is the part of what arrives that is sent after a queue has grown
	// (draft-ietf-rmcat-gcc-02, 5.5).
	backOff = 0.85
	growth  = 1.08 // a second, far from what the line was last seen to carry
	// Near that, a packet more in each round trip.
	packetBits = 1200 * 8
	near       = 0.9
	// ahead is how much more than what arrives may be believed.
	ahead, aheadBits = 1.5, 10_000
	// backOffEvery is how long a rate is tried before it goes down again.
	backOffEvery = 300 * time.Millisecond
	// lateMuch is a queue that is too long, however steady it is.
	lateMuch = 150 * time.Millisecond
	// A queue is drained by sending less: nothing less at lateLittle, the least part
	// when it is lateSpan longer.
	lateLittle = 60 * time.Millisecond
	lateSpan   = 600 * time.Millisecond
	drainLeast = 0.4
	// quiet is how long after a probe delays say nothing: what it has queued is still
	// on its way.
	quiet = 300 * time.Millisecond
)

// Estimator estimates what a line carries, in bit/s. One goroutine uses it.
type Estimator struct {
	rate    float64
	carried float64 // what the line was last seen to carry; 0: unknown
	trend   trend
	meter   meter
	delay   delay
	loss    loss
	backed  time.Time // the last time it went down
	updated time.Time
	heard   time.Time // when the last packet came
	quiet   time.Time // until then delays say nothing
	narrow  time.Time // the last time the line was too narrow
}

// NewEstimator begins with a rate, in bit/s.
func NewEstimator(rate int) *Estimator { return &Estimator{rate: float64(rate)} }

// Arrived takes a packet, by the sender's and the receiver's clock; neither needs to
// begin anywhere.
func (e *Estimator) Arrived(sent, arrived time.Duration, bytes int, now time.Time) {
	e.meter.add(arrived, bytes)
	e.delay.add(sent, arrived)
	e.heard = now
	if now.Before(e.quiet) {
		e.trend.reset()
		return
	}
	e.trend.add(sent, arrived)
}

// Update goes on with what has arrived, and reports whether the rate went down.
func (e *Estimator) Update(rtt time.Duration, now time.Time) (down bool) {
	since := min(now.Sub(e.updated), time.Second)
	e.updated = now
	if now.Before(e.quiet) {
		return false
	}
	late := e.delay.late > lateMuch && e.trend.direction != falling
	switch {
	case e.trend.direction == rising || late:
		return e.back(now)
	case e.trend.direction == falling || e.delay.late > lateLittle:
		return false
	}
	e.grow(since, rtt)
	return false
}

// back takes the rate down to less than what arrives.
func (e *Estimator) back(now time.Time) bool {
	e.narrow = now
	if now.Sub(e.backed) < backOffEvery {
		return false
	}
	// The estimator may stall for a moment, and then find everything at once.
	arrives := max(e.meter.rate(time.Second), e.meter.rate(200*time.Millisecond))
	if arrives == 0 {
		return false
	}
	before := e.rate
	if e.delay.late < lateLittle {
		// Delays have grown, but nothing waits: what arrives may be all that was sent.
		e.rate = max(backOff*e.rate, least)
	} else {
		e.carried = arrives
		e.rate = max(min(e.rate, backOff*arrives), e.rate/4, least)
	}
	e.backed = now
	e.trend.direction = steady // until it is seen again
	return e.rate < before
}

func (e *Estimator) grow(since, rtt time.Duration) {
	arrives := e.meter.rate(time.Second)
	if e.carried > 0 && arrives > 1.2*e.carried {
		e.carried = 0 // it carries more now
	}
	to := e.rate * math.Pow(growth, since.Seconds())
	if e.carried > 0 && e.rate > near*e.carried {
		to = e.rate + packetBits*float64(since)/float64(rtt+100*time.Millisecond)
	}
	e.rate = max(e.rate, min(to, ahead*arrives+aheadBits, most))
}

// Stalled says that nothing is heard of what was sent lately.
func (e *Estimator) Stalled(now time.Time) {
	e.narrow = now
	if now.Sub(e.backed) >= backOffEvery {
		e.rate, e.backed = max(e.rate/2, min(e.rate, stalledLeast)), now
		e.trend.reset()
	}
}

// Lost takes how many of the last packets were lost.
func (e *Estimator) Lost(lost, of int, now time.Time) {
	if factor := e.loss.add(lost, of, now); factor < 1 {
		e.rate, e.narrow, e.backed = max(e.rate*factor, least), now, now
	}
}

// Probing says that more is sent than the rate, to see whether it arrives.
func (e *Estimator) Probing(now time.Time) {
	e.quiet = now.Add(quiet)
	e.trend.reset()
}

// Probed says what a probe has found the line to carry. exact: less than was sent, so
// that it is the whole of it.
func (e *Estimator) Probed(rate float64, exact bool, now time.Time) {
	if exact {
		e.narrow, e.carried = now, rate
		rate *= backOff
	} else {
		e.carried = 0
	}
	e.rate = min(max(e.rate, rate), most)
}

// Rate is the estimate.
func (e *Estimator) Rate() int { return int(e.rate) }

// Usable is how much of it is to be used now: less while a queue drains.
func (e *Estimator) Usable(now time.Time) int {
	over := float64(e.Late(now)-lateLittle) / float64(lateSpan)
	return int(max(e.rate*min(max(1-over, drainLeast), 1), least))
}

// Arrives is what arrived in the last span of at most half a second, in bit/s.
func (e *Estimator) Arrives(span time.Duration) int { return int(e.meter.rate(span)) }

// Clear reports whether nothing waits in the line's queue.
func (e *Estimator) Clear(now time.Time) bool {
	return e.Late(now) < lateLittle && e.trend.direction != rising
}

// Late is how long packets wait in queues. What is not heard of meanwhile drains.
func (e *Estimator) Late(now time.Time) time.Duration {
	return max(e.delay.late-now.Sub(e.heard)/2, 0)
}

// Narrow is when the line was last seen to be too narrow; zero if never.
func (e *Estimator) Narrow() time.Time { return e.narrow }
