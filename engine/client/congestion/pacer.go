package congestion

import (
	"slices"
	"time"
)

const (
	// paceFactor is how much faster than the estimate packets go out: a frame is not
	// kept longer than it must be.
	paceFactor = 2.5
	// maxPaced is how long a packet waits at most: what is asked for by then is sent
	// faster.
	maxPaced = 200 * time.Millisecond
	// paceBurst is what goes out at once after a pause, in bytes.
	paceBurst = 5 * 1200
	// maxQueued limits what waits, in packets.
	maxQueued = 2048
)

// pacer spaces the packets of frames, so that a key frame does not fill a narrow line's
// queue at once. The zero value is ready.
type pacer struct {
	queue  []outgoing
	bytes  int
	credit float64 // bytes
	last   time.Duration
}

// keeps reports whether a packet must wait.
func (p *pacer) keeps(narrow bool) bool {
	return (narrow || len(p.queue) > 0) && len(p.queue) < maxQueued
}

// add takes a packet, whose memory is its caller's.
func (p *pacer) add(o outgoing) {
	h := *o.header
	h.Extensions = slices.Clone(h.Extensions)
	o.header, o.payload = &h, slices.Clone(o.payload)
	p.queue = append(p.queue, o)
	p.bytes += len(o.payload)
}

func (p *pacer) waits() bool { return len(p.queue) > 0 }

// due takes the packets that may go out now; all if the line is not narrow.
func (p *pacer) due(now time.Duration, rate int, narrow bool) []outgoing {
	speed := max(paceFactor*float64(rate)/8, float64(p.bytes)/maxPaced.Seconds()) // bytes/s
	p.credit = min(p.credit+speed*(now-p.last).Seconds(), max(paceBurst, speed*busyTick.Seconds()*2))
	p.last = now
	n := 0
	for n < len(p.queue) && (p.credit > 0 || !narrow) {
		size := len(p.queue[n].payload)
		p.credit -= float64(size)
		p.bytes -= size
		n++
	}
	out := slices.Clone(p.queue[:n])
	rest := copy(p.queue, p.queue[n:])
	clear(p.queue[rest:])
	p.queue = p.queue[:rest]
	if rest == 0 && cap(p.queue) > 256 {
		p.queue = nil
	}
	return out
}
