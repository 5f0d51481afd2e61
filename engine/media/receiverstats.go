package media

import (
	"sync"
	"time"

	"foyer/engine/call"
)

// receiverStats counts what a receiver does; read is for any goroutine.
type receiverStats struct {
	mu      sync.Mutex
	remote  call.RemoteStats
	pace    pace
	stalled bool // something that should be seen by now is missing

	// Interarrival jitter (RFC 3550 A.8), in seconds, of the packets that
	// begin a frame: the others come in bursts.
	jitterSeconds float64
	lastArrival   time.Time
	lastTimestamp uint32
}

func (s *receiverStats) read(now time.Time) call.RemoteStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.remote
	out.FPS = s.pace.rate(now)
	out.JitterMS = s.jitterSeconds * 1000
	return out
}

func (s *receiverStats) received(n int) {
	s.mu.Lock()
	s.remote.Bytes += uint64(n)
	s.mu.Unlock()
}

func (s *receiverStats) lose(packets int) {
	s.mu.Lock()
	s.remote.PacketsLost += uint64(packets)
	s.mu.Unlock()
}

func (s *receiverStats) keyRequest() {
	s.mu.Lock()
	s.remote.KeyRequests++
	s.mu.Unlock()
}

func (s *receiverStats) refused(is bool) {
	s.mu.Lock()
	s.remote.TooLarge = is
	s.mu.Unlock()
}

func (s *receiverStats) pause(is bool) {
	s.mu.Lock()
	s.remote.Paused = is
	s.stalled = false // what is not seen does not freeze
	s.mu.Unlock()
}

func (s *receiverStats) stall() {
	s.mu.Lock()
	s.stalled = true
	s.mu.Unlock()
}

func (s *receiverStats) jitter(p *packet, rate int) {
	if !p.start {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last, timestamp := s.lastArrival, s.lastTimestamp
	s.lastArrival, s.lastTimestamp = p.arrived, p.timestamp
	if last.IsZero() {
		return
	}
	d := p.arrived.Sub(last).Seconds() - float64(int32(p.timestamp-timestamp))/float64(rate)
	if d < 0 {
		d = -d
	}
	if d < 5 { // a pause, or another clock
		s.jitterSeconds += (d - s.jitterSeconds) / 16
	}
}

// decoded counts a frame. A pause counts as frozen as W3C webrtc-stats
// defines it (longer than 3 times the mean, and by 150 ms), but only if
// something was missing: a sender may also stop sending.
func (s *receiverStats) decoded(f *encodedFrame, now time.Time, w, h int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remote.FramesDecoded++
	s.remote.Width, s.remote.Height = w, h
	held := float64(now.Sub(f.first).Microseconds()) / 1000
	s.remote.DelayMS += (held - s.remote.DelayMS) / 16
	since, mean := s.pace.add(now)
	if s.stalled && mean > 0 && since > max(3*mean, mean+150*time.Millisecond) {
		s.remote.FreezeMS += uint64(since.Milliseconds())
	}
	s.stalled = false
}

// paceMemory is how many events a pace remembers: a second of 120 Hz.
const paceMemory = 128

// pace is how often something happened lately.
type pace struct {
	times [paceMemory]time.Time
	n     int // events so far
	mean  time.Duration
}

// add records an event and returns the time since the last one and the mean of
// the intervals before; both 0 for the first, the mean also for the second.
func (p *pace) add(now time.Time) (since, mean time.Duration) {
	if p.n > 0 {
		since = now.Sub(p.times[(p.n-1)%paceMemory])
	}
	mean = p.mean
	switch p.n {
	case 0:
	case 1:
		p.mean = since
	default:
		p.mean += (since - p.mean) / 16
	}
	p.times[p.n%paceMemory] = now
	p.n++
	return since, mean
}

// rate is how many events there were in the last second.
func (p *pace) rate(now time.Time) float64 {
	count := 0
	var oldest time.Time
	for i := p.n - 1; i >= 0 && i >= p.n-paceMemory; i-- {
		t := p.times[i%paceMemory]
		if now.Sub(t) > time.Second {
			break
		}
		oldest = t
		count++
	}
	if count < 2 {
		return float64(count)
	}
	if span := p.times[(p.n-1)%paceMemory].Sub(oldest); span > time.Second/2 {
		return float64(count-1) / span.Seconds()
	}
	return float64(count)
}
