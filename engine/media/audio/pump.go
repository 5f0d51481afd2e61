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
	"foyer/engine/call/mic"
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
	voice atomic.Bool
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

// NewPump starts to read dev and does to it what does says; nil does nothing. Closing
// dev stays the caller's task.
func NewPump(dev call.AudioCapture, does *Processing, log logrus.FieldLogger) *Pump {
	return newPump(dev, does, log, time.Now)
}

func newPump(dev call.AudioCapture, does *Processing, log logrus.FieldLogger, now func() time.Time) *Pump {
	p := &Pump{dev: dev, log: log.WithField("device", dev.Info().Name), done: make(chan struct{}), now: now}
	go p.run(does)
	return p
}

// Preview is nil: a microphone has no frame.
func (p *Pump) Preview() *call.FrameSlot { return nil }

// Level is the loudness of the last 100 ms: 0 at -60 dBov and below, 1 at the
// top, linear in dB between. It is 0 once the device has ended.
func (p *Pump) Level() float32 { return math.Float32frombits(p.level.Load()) }

// Voice reports whether somebody speaks into the microphone.
func (p *Pump) Voice() bool { return p.voice.Load() }

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
func (p *Pump) run(does *Processing) {
	defer close(p.done)
	defer guard.Recover(p.log, "reader of a microphone")
	defer func() {
		p.level.Store(0)
		p.voice.Store(false)
	}()
	s := sender{pump: p, voice: newVoiceDetector(), does: does.processor(p.dev.Info())}
	defer s.close()
	for !p.stop.Load() {
		pcm, err := s.read()
		if err != nil {
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
	does     *processor // nil: nothing is done
	meter    meter
	voice    voiceDetector
	encoder  *opus.Encoder // made for the first track
	music    bool          // what encoder was made for
	last     *publication
	pts      time.Duration // of the next frame: samples are counted from the track's Begin on
	mono     [opus.FrameSamples]int16
	stereo   [2 * opus.FrameSamples]int16
	packet   [opus.MaxFrameBytes]byte
	reported bool // a failing track is told once
}

func (s *sender) close() {
	s.does.close()
	if s.encoder != nil {
		s.encoder.Close()
	}
}

// read waits for 20 ms: in stereo if they are to be sent so and the microphone can.
func (s *sender) read() ([]int16, error) {
	if dev, can := s.pump.dev.(mic.Stereo); can && s.does.music() {
		err := dev.ReadStereo(s.stereo[:])
		mean(s.stereo[:], s.mono[:])
		return s.stereo[:], err
	}
	return s.mono[:], s.pump.dev.ReadAudio(s.mono[:])
}

// frame makes 20 ms fit for a call, measures them and sends them if there is a track.
// Its errors are of the encoder; those of the track pass.
func (s *sender) frame(pcm []int16) error {
	voice := s.process()
	s.meter.add(pcm, len(pcm)/len(s.mono))
	s.pump.level.Store(math.Float32bits(s.meter.level()))
	s.pump.voice.Store(voice)
	s.pump.keep(s.mono[:])
	loudness := minusDBov(energy(pcm) / float64(len(pcm)))

	pub := s.pump.track.Load()
	if pub == nil {
		s.last = nil
		return nil
	}
	if err := s.prepare(pub, len(pcm) > len(s.mono)); err != nil {
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

// process changes what was heard, unless it is music, and reports whether it is a voice.
func (s *sender) process() bool {
	if s.does != nil {
		return s.does.process(s.mono[:])
	}
	return s.voice.frame(-minusDBov(energy(s.mono[:]) / float64(len(s.mono))))
}

// prepare makes the encoder ready for a track.
func (s *sender) prepare(pub *publication, music bool) error {
	same := pub == s.last
	if same && music == s.music {
		return nil
	}
	if !same {
		s.last, s.reported, s.pts = pub, false, pub.track.Begin()
	}
	if s.encoder != nil && music == s.music {
		s.encoder.Reset()
		return nil
	}
	e, err := newEncoder(music)
	if err != nil {
		return err
	}
	if err := e.SetPacketLoss(preparedLoss); err != nil {
		e.Close()
		return fmt.Errorf("prepare for loss: %w", err)
	}
	if s.encoder != nil {
		s.encoder.Close()
	}
	s.encoder, s.music = e, music
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
