package rtp

import (
	"sync"
	"time"

	"foyer/engine/call"
)

const (
	// frameLength is what one frame of audio lasts; the next one begins after it.
	frameLength = 20 * time.Millisecond
	// videoStep is the least time between two video frames.
	videoStep = time.Millisecond
)

// trackClock is the one clock of a publication: PTS are read off it, and it
// counts from the track's beginning whether anything is sent or not. Devices come
// and go within a track, and each counts from its own opening; without this clock
// the timestamps would go back with every new one, and the server drops what is
// older than what it has seen (LiveKit: "dropping packet, old sequence number").
type trackClock struct {
	began time.Time
	rate  int64         // RTP ticks a second
	step  time.Duration // from one frame to the next, at least

	mu   sync.Mutex
	last time.Duration // PTS of the newest frame, of any layer
}

func newTrackClock(kind call.Kind, now time.Time) *trackClock {
	c := &trackClock{began: now, rate: audioClock, step: frameLength}
	if kind == call.KindVideo {
		c.rate, c.step = videoClock, videoStep
	}
	c.last = -c.step
	return c
}

// begin is where a stretch of frames that are captured from now on begins: now,
// but after every frame of before. A microphone's samples may have run ahead.
func (c *trackClock) begin(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(now.Sub(c.began), c.last+c.step)
}

// note takes notice of a frame, sent or not.
func (c *trackClock) note(pts time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, pts)
}

// ticks converts to RTP's clock.
func (c *trackClock) ticks(pts time.Duration) uint32 {
	// Seconds apart from the rest, so that a long stay does not overflow.
	whole, rest := int64(pts/time.Second), int64(pts%time.Second)
	return uint32(whole*c.rate + rest*c.rate/int64(time.Second))
}
