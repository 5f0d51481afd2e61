package media

import (
	"sync"
	"time"

	"foyer/engine/call"
)

// playoutClock tells which instant of a sender's wall clock is heard at which
// local time. ok is false while nothing is heard.
type playoutClock interface {
	PlayoutTime() (ntp, at time.Time, ok bool)
}

// clockKey names an audio track by its sender and its source.
type clockKey struct {
	owner  call.SID
	source call.Source
}

// clocks lets the frames of a participant find the audio that belongs to them.
type clocks struct {
	mu      sync.Mutex
	playing map[clockKey]playoutClock
}

func (c *clocks) add(k clockKey, p playoutClock) {
	c.mu.Lock()
	c.playing[k] = p
	c.mu.Unlock()
}

// remove forgets p, unless a newer track has taken its place.
func (c *clocks) remove(k clockKey, p playoutClock) {
	c.mu.Lock()
	if c.playing[k] == p {
		delete(c.playing, k)
	}
	c.mu.Unlock()
}

// follow returns the clock that the video track k keeps to: the microphone for
// a camera, the computer's audio for a screen. The audio may come and go.
func (c *clocks) follow(k clockKey) playoutClock {
	switch k.source {
	case call.SourceScreen:
		k.source = call.SourceScreenAudio
	default:
		k.source = call.SourceMicrophone
	}
	return followedClock{clocks: c, key: k}
}

type followedClock struct {
	clocks *clocks
	key    clockKey
}

func (f followedClock) PlayoutTime() (ntp, at time.Time, ok bool) {
	f.clocks.mu.Lock()
	p := f.clocks.playing[f.key]
	f.clocks.mu.Unlock()
	if p == nil {
		return time.Time{}, time.Time{}, false
	}
	return p.PlayoutTime()
}

const (
	// maxLipSync is the longest that a frame waits for its audio. Beyond
	// that the clocks cannot be trusted.
	maxLipSync = time.Second
	// syncJump is a change of the audio's delay that is followed at once;
	// smaller ones are followed smoothly.
	syncJump = 150 * time.Millisecond
	// syncShare is the part of a small change that is followed per frame.
	syncShare = 8
)

// lipSync computes when a frame has to be seen so that it fits its audio.
type lipSync struct {
	clock  playoutClock
	report func() (ntp time.Time, rtp uint32, ok bool)
	rate   int

	// While synced, the sender's instant zero is heard at local + heard.
	synced      bool
	zero, local time.Time
	heard       time.Duration
}

// due is when the frame with that RTP timestamp, complete at now, is shown:
// now when there is no audio to wait for.
func (s *lipSync) due(timestamp uint32, now time.Time) time.Time {
	ntp, at, playing := s.clock.PlayoutTime()
	reported, rtp, known := s.report()
	if !playing || !known {
		s.synced = false
		return now
	}
	s.adjust(ntp, at)
	taken := reported.Add(time.Duration(int32(timestamp-rtp)) * time.Second / time.Duration(s.rate))
	due := s.local.Add(taken.Sub(s.zero) + s.heard)
	if due.Before(now) || due.Sub(now) > maxLipSync {
		return now
	}
	return due
}

// adjust follows the mapping from the sender's clock to the local one.
func (s *lipSync) adjust(ntp, at time.Time) {
	if !s.synced {
		s.synced, s.zero, s.local, s.heard = true, ntp, at, 0
		return
	}
	off := at.Sub(s.local) - ntp.Sub(s.zero) - s.heard
	if off > syncJump || off < -syncJump {
		s.heard += off
		return
	}
	s.heard += off / syncShare
}
