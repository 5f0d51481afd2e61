package enginetest

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// Media is a [call.Media] that moves nothing.
type Media struct {
	Ledger          *Ledger
	OnCapture       func(call.Device) Step // its Panic alone counts: Capture does not wait
	OnPumpClose     func(call.Device) Step
	OnReceiverClose func(call.RemoteTrack) Step
	OnPlay          func() Step // its Panic alone counts

	mu      sync.Mutex
	speaker call.Speaker
	playing []int16
	ended   func()
	pumps   map[*Pump]struct{}
	closed  bool

	voice       mic.Voice
	voiceFailed func(mic.Part, error)

	receivers map[call.SID]*Receiver
}

// Capture starts a pump.
func (m *Media) Capture(dev call.Capture) call.Pump {
	if m.OnCapture != nil {
		if step := m.OnCapture(dev.Info()); step.Panic != nil {
			panic(step.Panic)
		}
	}
	p := &Pump{media: m, dev: dev.Info(), entry: m.Ledger.ask("pump", dev.Info().Source, dev.Info().Name)}
	m.Ledger.note(&p.entry.Opened)
	if p.dev.Source.Kind() == call.KindVideo {
		p.slot = &call.FrameSlot{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pumps == nil {
		m.pumps = make(map[*Pump]struct{})
	}
	m.pumps[p] = struct{}{}
	return p
}

// Receive starts a receiver.
func (m *Media) Receive(t call.RemoteTrack) call.Receiver {
	info := t.Info()
	r := &Receiver{media: m, track: t, entry: m.Ledger.ask("receiver", info.Source, string(info.SID))}
	r.shown.Store(true)
	r.SetGain(1)
	m.Ledger.note(&r.entry.Opened)
	if info.Kind == call.KindVideo {
		r.slot = &call.FrameSlot{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.receivers == nil {
		m.receivers = make(map[call.SID]*Receiver)
	}
	m.receivers[info.SID] = r
	return r
}

// Shown reports whether the frames of a track that is received are wanted.
func (m *Media) Shown(sid call.SID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.receivers[sid]
	return r != nil && r.shown.Load()
}

// Gain is how loud a track that is received is played.
func (m *Media) Gain(sid call.SID) float32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.receivers[sid]; r != nil {
		return math.Float32frombits(r.gain.Load())
	}
	return 0
}

// SetSpeaker remembers s.
func (m *Media) SetSpeaker(s call.Speaker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.speaker = s
}

// SetVoice remembers v.
func (m *Media) SetVoice(v mic.Voice, failed func(mic.Part, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.voice, m.voiceFailed = v, failed
}

// Voice is what SetVoice was last given.
func (m *Media) Voice() mic.Voice {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.voice
}

// FailVoice says that a part of what is done to microphones does not work.
func (m *Media) FailVoice(part mic.Part, err error) {
	m.mu.Lock()
	failed := m.voiceFailed
	m.mu.Unlock()
	failed(part, err)
}

// Speaker is what SetSpeaker was last given.
func (m *Media) Speaker() call.Speaker {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.speaker
}

// Play notes what is played; [Media.Played] ends it.
func (m *Media) Play(samples []int16, ended func()) (stop func()) {
	if m.OnPlay != nil {
		if step := m.OnPlay(); step.Panic != nil {
			panic(step.Panic)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.playing != nil {
		m.Ledger.complain("two sounds are played at once")
	}
	m.playing, m.ended = samples, ended
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.playing, m.ended = nil, nil
	}
}

// Playing is what is played now, or nil.
func (m *Media) Playing() []int16 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.playing
}

// Played plays it to its end.
func (m *Media) Played() {
	m.mu.Lock()
	ended := m.ended
	m.playing, m.ended = nil, nil
	m.mu.Unlock()
	if ended != nil {
		ended()
	}
}

// Hear lets the open microphone that is recorded hear samples, and reports whether
// there is one.
func (m *Media) Hear(samples []int16) bool {
	m.mu.Lock()
	var full func([]int16)
	for p := range m.pumps {
		if p.full != nil {
			full, p.full = p.full, nil
		}
	}
	m.mu.Unlock()
	if full != nil {
		full(samples)
	}
	return full != nil
}

// Sending is the track that the source's pump encodes into, or nil.
func (m *Media) Sending(src call.Source) call.LocalTrack {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p := range m.pumps {
		if p.dev.Source == src && p.track != nil {
			return p.track
		}
	}
	return nil
}

// Close notes that Media was closed.
func (m *Media) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

// Closed reports whether Close was called.
func (m *Media) Closed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Pump is a [call.Pump].
type Pump struct {
	media *Media
	dev   call.Device
	entry *Entry
	slot  *call.FrameSlot
	once  sync.Once
	track call.LocalTrack // guarded by media.mu
	full  func([]int16)   // as well
}

// Preview is a slot without frames, or nil for a microphone.
func (p *Pump) Preview() *call.FrameSlot { return p.slot }

// Level is silence.
func (p *Pump) Level() float32 { return 0 }

// Voice is always false.
func (p *Pump) Voice() bool { return false }

// Send remembers t.
func (p *Pump) Send(t call.LocalTrack) {
	p.media.mu.Lock()
	defer p.media.mu.Unlock()
	p.track = t
}

// Record remembers full for [Media.Hear].
func (p *Pump) Record(_ int, full func([]int16)) (stop func()) {
	set := func(f func([]int16)) {
		p.media.mu.Lock()
		defer p.media.mu.Unlock()
		p.full = f
	}
	set(full)
	return func() { set(nil) }
}

// Stats names the source.
func (p *Pump) Stats() call.LocalStats { return call.LocalStats{Source: p.dev.Source} }

// Close goes as OnPumpClose says.
func (p *Pump) Close() {
	p.once.Do(func() {
		m := p.media
		m.Ledger.note(&p.entry.Closing)
		defer m.Ledger.note(&p.entry.Closed)
		m.mu.Lock()
		if p.track != nil {
			defer m.Ledger.complain("pump of %s closed while it sends", p.dev.Source)
		}
		p.track, p.full = nil, nil
		delete(m.pumps, p)
		m.mu.Unlock()
		if m.OnPumpClose != nil {
			_ = m.OnPumpClose(p.dev).take(context.Background())
		}
	})
}

// Receiver is a [call.Receiver].
type Receiver struct {
	media *Media
	track call.RemoteTrack
	entry *Entry
	slot  *call.FrameSlot
	once  sync.Once
	shown atomic.Bool
	gain  atomic.Uint32 // float32 bits
}

// SetGain remembers how loud it is.
func (r *Receiver) SetGain(gain float32) { r.gain.Store(math.Float32bits(gain)) }

// Show remembers whether frames are wanted.
func (r *Receiver) Show(wanted bool) { r.shown.Store(wanted) }

// Slot is a slot without frames, or nil for audio.
func (r *Receiver) Slot() *call.FrameSlot { return r.slot }

// Stats names the track.
func (r *Receiver) Stats() call.RemoteStats {
	return call.RemoteStats{ID: r.track.Owner(), SID: r.track.Info().SID, Source: r.track.Info().Source}
}

// Close interrupts the track and goes as OnReceiverClose says.
func (r *Receiver) Close() {
	r.once.Do(func() {
		m := r.media
		m.Ledger.note(&r.entry.Closing)
		defer m.Ledger.note(&r.entry.Closed)
		r.track.Interrupt()
		m.mu.Lock()
		if sid := r.track.Info().SID; m.receivers[sid] == r {
			delete(m.receivers, sid)
		}
		m.mu.Unlock()
		if m.OnReceiverClose != nil {
			_ = m.OnReceiverClose(r.track).take(context.Background())
		}
	})
}
