package media

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/latest"
)

// idleRepeat is how long a request for a key frame waits for a new frame
// before the last one is sent again: a screen may stand still.
const idleRepeat = 100 * time.Millisecond

// sender encodes the newest frames into the current track.
type sender struct {
	source call.Source
	frames *latest.Box[captured]
	log    logrus.FieldLogger
	change chan struct{} // 1 slot: next is another track

	mu      sync.Mutex
	next    call.LocalTrack
	current *publication // for stats; nil while nothing is sent

	// Used only by run.
	pub  *publication
	keys <-chan int
}

func newSender(source call.Source, frames *latest.Box[captured], log logrus.FieldLogger) *sender {
	return &sender{source: source, frames: frames, log: log, change: make(chan struct{}, 1)}
}

// send encodes into t from now on; nil stops.
func (s *sender) send(t call.LocalTrack) {
	s.mu.Lock()
	s.next = t
	s.mu.Unlock()
	select {
	case s.change <- struct{}{}:
	default:
	}
}

func (s *sender) stats() call.LocalStats {
	s.mu.Lock()
	pub := s.current
	s.mu.Unlock()
	if pub == nil {
		return call.LocalStats{Source: s.source}
	}
	return pub.stats(time.Now())
}

// run encodes until stop is closed.
func (s *sender) run(stop <-chan struct{}) {
	defer guard.Recover(s.log, "sender of frames")
	defer s.adopt(nil)
	idle := time.NewTimer(time.Hour)
	idle.Stop()
	defer idle.Stop()
	for {
		select {
		case <-stop:
			return
		case <-s.change:
			s.mu.Lock()
			t := s.next
			s.mu.Unlock()
			s.adopt(t)
			s.encode(stop) // the newest frame is there already
		case <-s.frames.Ready():
			s.encode(stop)
			idle.Stop()
		case layer, open := <-s.keys:
			if !open {
				s.keys = nil
				continue
			}
			s.pub.wantKey(layer)
			idle.Reset(idleRepeat)
		case <-idle.C:
			s.encode(stop)
		}
	}
}

// adopt makes t the track that is sent into.
func (s *sender) adopt(t call.LocalTrack) {
	if s.pub != nil {
		s.pub.close()
	}
	s.pub, s.keys = nil, nil
	if t != nil {
		s.pub, s.keys = newPublication(t, s.log), t.KeyFrames()
	}
	s.mu.Lock()
	s.current = s.pub
	s.mu.Unlock()
}

// encode sends the newest frame; the last one again if there is none since.
func (s *sender) encode(stop <-chan struct{}) {
	if s.pub == nil {
		return
	}
	f, fresh := s.frames.Take()
	if f.Width == 0 {
		return // none has come yet
	}
	now := time.Now()
	// The device's clock stands at f.PTS + now - f.at; a frame that is sent
	// again is one of now.
	pts := f.PTS
	s.pub.begin(pts + now.Sub(f.at))
	if !fresh {
		pts += now.Sub(f.at)
	}
	s.pub.encode(&f.VideoFrame, pts, now, stop)
}
