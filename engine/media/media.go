package media

import (
	"sync"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/media/audio"
)

// Config is what [New] needs.
type Config struct {
	Log logrus.FieldLogger
}

// Media implements [call.Media].
type Media struct {
	log    logrus.FieldLogger
	mixer  *audio.Mixer
	voice  *audio.Processing
	clocks clocks
	budget budget

	mu     sync.Mutex
	open   map[closer]struct{} // pumps and receivers that are not closed yet
	closed bool
}

type closer interface{ Close() }

var _ call.Media = (*Media)(nil)

// New returns a Media that plays nowhere yet.
func New(cfg Config) *Media {
	mixer := audio.NewMixer(cfg.Log)
	return &Media{
		log:    cfg.Log,
		mixer:  mixer,
		voice:  audio.NewProcessing(mixer, cfg.Log),
		clocks: clocks{playing: make(map[clockKey]playoutClock)},
		budget: budget{trim: &trimmer{}},
		open:   make(map[closer]struct{}),
	}
}

// Capture starts a pump for a [call.VideoCapture] or [call.AudioCapture].
func (m *Media) Capture(dev call.Capture) call.Pump {
	p := &ownedPump{media: m}
	switch d := dev.(type) {
	case call.VideoCapture:
		p.Pump = newVideoPump(d, m.log)
	case call.AudioCapture:
		p.Pump = audio.NewPump(d, m.voice, m.log)
	default:
		m.log.WithField("source", dev.Info().Source).Error("device gives neither frames nor audio")
		p.Pump = idlePump{source: dev.Info().Source}
	}
	m.adopt(p)
	return p
}

// Receive starts a receiver. Of a codec that we do not know nothing is shown or
// heard: we offered none, so the server sends none.
func (m *Media) Receive(t call.RemoteTrack) call.Receiver {
	r := &ownedReceiver{media: m}
	key := clockKey{owner: t.OwnerSID(), source: t.Info().Source}
	switch mimeOf(t) {
	case mimeVP8:
		r.Receiver = newVideoReceiver(&m.budget, t, m.clocks.follow(key), m.log)
	case mimeOpus, mimeRED:
		a := audio.NewReceiver(m.mixer, t, m.log)
		m.clocks.add(key, a)
		r.forget = func() { m.clocks.remove(key, a) }
		r.Receiver = a
	default:
		m.log.WithFields(logrus.Fields{"mime": t.MIME(), "track": t.Info().SID}).Warn("codec of a remote track is not known")
		r.Receiver = newDrain(t, m.log)
	}
	m.adopt(r)
	return r
}

// SetSpeaker implements [call.Media].
func (m *Media) SetSpeaker(s call.Speaker) {
	m.voice.Hears(s)
	m.mixer.SetSpeaker(s)
}

// SetVoice implements [call.Media].
func (m *Media) SetVoice(v mic.Voice, failed func(mic.Part, error)) { m.voice.Set(v, failed) }

// Play implements [call.Media].
func (m *Media) Play(samples []int16, ended func()) (stop func()) {
	return m.mixer.Play(samples, ended)
}

// Close closes every pump and receiver that is still open and waits for all
// goroutines.
func (m *Media) Close() {
	m.mu.Lock()
	m.closed = true
	left := make([]closer, 0, len(m.open))
	for c := range m.open {
		left = append(left, c)
	}
	m.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range left {
		wg.Go(c.Close)
	}
	wg.Wait()
	m.budget.trim.close()
	m.mixer.Close()
	m.voice.Close()
}

// adopt remembers c until it is closed. What comes after Close is closed at
// once.
func (m *Media) adopt(c closer) {
	m.mu.Lock()
	closed := m.closed
	m.open[c] = struct{}{}
	m.mu.Unlock()
	if closed {
		c.Close()
	}
}

func (m *Media) disown(c closer) {
	m.mu.Lock()
	delete(m.open, c)
	m.mu.Unlock()
}

// ownedPump is a pump that Media knows of.
type ownedPump struct {
	call.Pump
	media *Media
}

// Close closes the pump.
func (p *ownedPump) Close() {
	p.Pump.Close()
	p.media.disown(p)
}

// ownedReceiver is a receiver that Media knows of.
type ownedReceiver struct {
	call.Receiver
	media  *Media
	forget func() // may be nil
}

// Close closes the receiver.
func (r *ownedReceiver) Close() {
	if r.forget != nil {
		r.forget()
	}
	r.Receiver.Close()
	r.media.disown(r)
}

// idlePump stands for a device that nothing can be read from.
type idlePump struct{ source call.Source }

func (idlePump) Preview() *call.FrameSlot { return nil }
func (idlePump) Level() float32           { return 0 }
func (idlePump) Voice() bool              { return false }
func (idlePump) Send(call.LocalTrack)     {}
func (idlePump) Close()                   {}

func (idlePump) Record(int, func([]int16)) (stop func()) { return func() {} }

func (p idlePump) Stats() call.LocalStats { return call.LocalStats{Source: p.source} }
