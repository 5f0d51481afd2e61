package audio

import (
	"maps"
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

	mu sync.Mutex // to change want
}

// wish is what the user wants, as it stands.
type wish struct {
	voice   mic.Voice
	without map[mic.Part]bool // what has failed since the user wants it; not changed
	failed  func(mic.Part, error)
	headset bool // the speaker is one
}

// done is what is done for it.
func (w *wish) done() mic.Voice {
	v := w.voice
	if w.without[mic.PartEcho] {
		v.Echo = mic.EchoOff
	}
	if w.without[mic.PartStrong] && v.Noise == mic.NoiseStrong {
		v.Noise = mic.NoiseLight
	}
	if w.without[mic.PartNoise] {
		v.Noise = mic.NoiseOff
	}
	return v
}

// NewProcessing returns one that does nothing yet.
func NewProcessing(m *Mixer, log logrus.FieldLogger) *Processing {
	p := &Processing{mixer: m, log: log, lib: voice.NewLibrary(log)}
	p.want.Store(&wish{voice: mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff, GainOff: true}})
	return p
}

// Set changes what is done, from the next frame on. failed is told, by a goroutine of a
// pump, of each part that does not work; once, until something else is wanted.
func (p *Processing) Set(v mic.Voice, failed func(mic.Part, error)) {
	p.change(func(w *wish) {
		if w.voice != v {
			w.without = nil
		}
		w.voice, w.failed = v, failed
	})
}

// Hears says whether microphones hear what s plays. s may be nil.
func (p *Processing) Hears(s call.Speaker) {
	p.change(func(w *wish) { w.headset = s != nil && s.Info().Headset })
}

// lacks notes that a part failed while w was wanted: it is not tried again with the next
// microphone.
func (p *Processing) lacks(w *wish, part mic.Part, err error) {
	told := true
	p.change(func(now *wish) {
		if told = now.voice != w.voice || now.without[part]; !told {
			now.without = maps.Clone(now.without)
			if now.without == nil {
				now.without = map[mic.Part]bool{}
			}
			now.without[part] = true
		}
	})
	if told {
		return
	}
	p.log.WithError(err).WithField("part", part).Error("a microphone is sent without it")
	if w.failed != nil {
		w.failed(part, err)
	}
}

func (p *Processing) change(by func(*wish)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := *p.want.Load()
	by(&w)
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
	r.chain = p.lib.NewChain(&p.mixer.reference, func(part mic.Part, err error) { p.lacks(r.done, part, err) })
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
		r.chain.Set(w.done(), w.headset)
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
