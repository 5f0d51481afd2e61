package audio

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/media/opus"
)

// preparedLoss is the packet loss, in percent, for which our audio carries FEC.
// It costs a part of the bitrate, and doubles what is understood on a bad link.
const preparedLoss = 10

const frameDuration = 20 * time.Millisecond

// Pump reads one microphone, measures how loud it is, and while it has a track
// sends what it hears. It implements [call.Pump].
type Pump struct {
	dev  call.AudioCapture
	log  logrus.FieldLogger
	done chan struct{}
	stop atomic.Bool

	track atomic.Pointer[publication]
	level atomic.Uint32 // float32 bits
	kept  atomic.Pointer[recording]
	now   func() time.Time
}

// publication is one stretch of sending into a track.
type publication struct {
	track call.LocalTrack

	mu          sync.Mutex
	bytes       uint64
	frames      uint64
	fps         float64
	windowStart time.Time
	windowCount int
}

var _ call.Pump = (*Pump)(nil)

// NewPump starts to read dev. Closing dev stays the caller's task.
func NewPump(dev call.AudioCapture, log logrus.FieldLogger) *Pump {
	return newPump(dev, log, time.Now)
}

func newPump(dev call.AudioCapture, log logrus.FieldLogger, now func() time.Time) *Pump {
	p := &Pump{dev: dev, log: log.WithField("device", dev.Info().Name), done: make(chan struct{}), now: now}
	go p.run()
	return p
}

// Preview is nil: a microphone has no frame.
func (p *Pump) Preview() *call.FrameSlot { return nil }

// Level is the loudness of the last 100 ms: 0 at -60 dBov and below, 1 at the
// top, linear in dB between. It is 0 once the device has ended.
func (p *Pump) Level() float32 { return math.Float32frombits(p.level.Load()) }

// Send encodes into t from the next frame on; nil stops encoding. The counters
// of Stats begin anew.
func (p *Pump) Send(t call.LocalTrack) {
	if t == nil {
		p.track.Store(nil)
		return
	}
	p.track.Store(&publication{track: t})
}

// Stats counts what was sent since the last Send.
func (p *Pump) Stats() call.LocalStats {
	s := call.LocalStats{Source: call.SourceMicrophone}
	pub := p.track.Load()
	if pub == nil {
		return s
	}
	pub.mu.Lock()
	defer pub.mu.Unlock()
	s.SID, s.Bytes, s.Frames = pub.track.SID(), pub.bytes, pub.frames
	if p.now().Sub(pub.windowStart) < 2*time.Second {
		s.FPS, s.Layers = pub.fps, 1
	}
	return s
}

// Close stops reading and waits for the pump's goroutine. A read that waits for
// the device ends when the device is closed, so close that first.
func (p *Pump) Close() {
	p.stop.Store(true)
	<-p.done
}

// run reads until the device or the pump ends.
func (p *Pump) run() {
	defer close(p.done)
	defer guard.Recover(p.log, "reader of a microphone")
	defer p.level.Store(0)
	s := sender{pump: p, voice: newVoiceDetector()}
	defer s.close()
	pcm := make([]int16, opus.FrameSamples)
	for !p.stop.Load() {
		if err := p.dev.ReadAudio(pcm); err != nil {
			if !errors.Is(err, call.ErrClosed) { // the engine tells the user of the loss
				p.log.WithError(err).Debug("microphone ended")
			}
			return
		}
		if p.stop.Load() {
			return
		}
		if err := s.frame(pcm); err != nil {
			p.log.WithError(err).Error("microphone cannot be sent")
			return
		}
	}
}

// sender is the state of the pump's goroutine.
type sender struct {
	pump     *Pump
	meter    meter
	voice    voiceDetector
	encoder  *opus.Encoder // made for the first track
	last     *publication
	pts      time.Duration // of the next frame: samples are counted from the track's Begin on
	packet   [opus.MaxFrameBytes]byte
	reported bool // a failing track is told once
}

func (s *sender) close() {
	if s.encoder != nil {
		s.encoder.Close()
	}
}

// frame measures 20 ms and sends them if there is a track. Its errors are of the
// encoder; those of the track pass.
func (s *sender) frame(pcm []int16) error {
	s.meter.add(pcm, 1)
	s.pump.level.Store(math.Float32bits(s.meter.level()))
	s.pump.keep(pcm)
	loudness := minusDBov(energy(pcm) / float64(len(pcm)))
	voice := s.voice.frame(-loudness)

	pub := s.pump.track.Load()
	if pub == nil {
		s.last = nil
		return nil
	}
	if err := s.prepare(pub); err != nil {
		return err
	}
	pts := s.pts
	s.pts += frameDuration
	n, err := s.encoder.Encode(pcm, s.packet[:])
	if err != nil {
		return err
	}
	err = pub.track.WriteFrame(call.EncodedFrame{
		Data: s.packet[:n], PTS: pts, KeyFrame: true,
		AudioDBov: uint8(math.Round(loudness)), Voice: voice,
	})
	if err != nil {
		s.report(err)
		return nil
	}
	pub.count(n, s.pump.now())
	return nil
}

// prepare makes the encoder ready for a track.
func (s *sender) prepare(pub *publication) error {
	if pub == s.last {
		return nil
	}
	s.last, s.reported, s.pts = pub, false, pub.track.Begin()
	if s.encoder != nil {
		s.encoder.Reset()
		return nil
	}
	e, err := opus.NewEncoder()
	if err != nil {
		return err
	}
	if err := e.SetPacketLoss(preparedLoss); err != nil {
		e.Close()
		return fmt.Errorf("prepare for loss: %w", err)
	}
	s.encoder = e
	return nil
}

func (s *sender) report(err error) {
	if !s.reported {
		s.reported = true
		s.pump.log.WithError(err).Debug("track takes no audio")
	}
}

// count adds one sent frame of n bytes.
func (p *publication) count(n int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += uint64(n)
	p.frames++
	if p.windowStart.IsZero() {
		p.windowStart = now
		return
	}
	p.windowCount++
	if took := now.Sub(p.windowStart); took >= time.Second {
		p.fps = float64(p.windowCount) / took.Seconds()
		p.windowStart, p.windowCount = now, 0
	}
}
