package audio

import (
	"sync"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/media/opus"
	"foyer/engine/media/voice"
)

// Processing is what is done to every microphone before it is sent. One per mixer, and
// closed after the pumps.
type Processing struct {
	mixer *Mixer
	log   logrus.FieldLogger
	lib   *voice.Library
	want  atomic.Pointer[wish]

	mu    sync.Mutex
	heads bool // the speaker is a headset
}

// wish is what the user wants, as it stands.
type wish struct {
	voice   mic.Voice
	failed  func(mic.Part, error)
	headset bool
}

// NewProcessing returns one that does nothing yet.
func NewProcessing(m *Mixer, log logrus.FieldLogger) *Processing {
	p := &Processing{mixer: m, log: log, lib: voice.NewLibrary(log)}
	p.want.Store(&wish{voice: mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff, GainOff: true}})
	return p
}

// Set changes what is done, from the next frame on. failed is told, by a goroutine of a
// pump, of each part that does not work.
func (p *Processing) Set(v mic.Voice, failed func(mic.Part, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want.Store(&wish{v, failed, p.heads})
}

// Hears says whether microphones hear what s plays. s may be nil.
func (p *Processing) Hears(s call.Speaker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heads = s != nil && s.Info().Headset
	w := *p.want.Load()
	w.headset = p.heads
	p.want.Store(&w)
}

// Close frees what was made ready.
func (p *Processing) Close() { p.lib.Close() }

// processor does it to one microphone, on the goroutine of its pump.
type processor struct {
	*Processing
	chain *voice.Chain // nil for what is no microphone
	done  *wish        // what chain was set to
	frame [voice.FrameSamples]float32
}

func (p *Processing) processor(dev call.Device) *processor {
	if p == nil || dev.ID == call.DeviceTest {
		return nil // the test tone is to arrive as it is
	}
	r := &processor{Processing: p}
	r.chain = p.lib.NewChain(&p.mixer.reference, func(part mic.Part, err error) {
		p.log.WithError(err).WithField("part", part).Error("a microphone is sent without it")
		if failed := p.want.Load().failed; failed != nil {
			failed(part, err)
		}
	})
	return r
}

// music reports whether audio is sent as it is, in stereo.
func (r *processor) music() bool {
	return r != nil && r.want.Load().voice.Music
}

// process changes 20 ms of mono audio, and reports whether somebody speaks.
func (r *processor) process(pcm []int16) (voiced bool) {
	if w := r.want.Load(); w != r.done {
		r.done = w
		r.chain.Set(w.voice, w.headset)
	}
	now := r.mixer.clock()
	for at := 0; at+len(r.frame) <= len(pcm); at += len(r.frame) {
		part := pcm[at : at+len(r.frame)]
		for i, v := range part {
			r.frame[i] = float32(v) / 32768
		}
		if r.chain.Process(r.frame[:], now-int64(len(pcm)-at-len(r.frame))) {
			voiced = true
		}
		for i, v := range r.frame {
			part[i] = clamp(int(v * 32768))
		}
	}
	return voiced
}

func (r *processor) close() {
	if r != nil {
		r.chain.Close()
	}
}

// newEncoder is for music or for speech.
func newEncoder(music bool) (*opus.Encoder, error) {
	if music {
		return opus.NewMusicEncoder()
	}
	return opus.NewEncoder()
}

// mean makes mono of stereo.
func mean(stereo, mono []int16) {
	for i := range mono {
		mono[i] = int16((int(stereo[2*i]) + int(stereo[2*i+1])) / 2)
	}
}
