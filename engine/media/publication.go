package media

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/media/pixel"
	"foyer/engine/media/vp8"
)

const (
	// keySpacing is the shortest time between two key frames of a layer: each
	// costs the bits of many frames. Servers space their requests further
	// (LiveKit: 0.5 to 1 s), so this is for those that do not.
	keySpacing = 100 * time.Millisecond
	// bitrateStep is the smallest change of a bit rate, as a part of it, that
	// is worth telling the encoder.
	bitrateStep = 20
	// defaultFPS is for layers that name no rate.
	defaultFPS = 30
	// minPTSStep keeps time running when a frame is sent again.
	minPTSStep = time.Millisecond
)

// publication is one stretch of sending into a track: its layers and counters.
// encode, wantKey and close belong to the sender's goroutine.
type publication struct {
	track  call.LocalTrack
	source call.Source
	layers []*layer
	log    logrus.FieldLogger

	started   bool
	base      time.Duration // of the device's clock, where the track's is 0
	last      time.Duration // PTS of the last frame, on the track's clock
	complains bool          // an encoder's failure was logged
	guard     cpuGuard
	still     still // of a screen

	mu     sync.Mutex
	counts call.LocalStats
	pace   pace
}

// layer is one simulcast quality.
type layer struct {
	call.Layer
	encoder *vp8.Encoder // nil while nobody wants the layer
	scaler  pixel.Scaler
	scaled  call.VideoFrame
	bitrate int
	wantKey bool
	lastKey time.Time
	next    time.Duration // PTS from which on a frame is due
	sent    time.Time     // when the last one was
	sharp   bool          // it was as good as it gets
}

func newPublication(t call.LocalTrack, log logrus.FieldLogger) *publication {
	spec := t.Spec()
	p := &publication{track: t, source: spec.Source, log: log.WithField("track", t.SID())}
	for _, l := range spec.Layers {
		if l.FPS <= 0 {
			l.FPS = defaultFPS
		}
		p.layers = append(p.layers, &layer{Layer: l})
	}
	p.guard.most = len(p.layers) // every other frame, and each layer but the lowest
	p.counts = call.LocalStats{Source: spec.Source, SID: t.SID()}
	return p
}

func (p *publication) close() {
	for _, l := range p.layers {
		l.rest()
	}
}

// wantKey makes the next frame of a layer a key frame.
func (p *publication) wantKey(i int) {
	if i >= 0 && i < len(p.layers) {
		p.layers[i].wantKey = true
	}
}

// begin joins the device's clock, which reads pts now, to the track's, which may
// have run for long.
func (p *publication) begin(pts time.Duration) {
	if !p.started {
		start := p.track.Begin()
		p.started, p.base, p.last = true, pts-start, start-minPTSStep
	}
}

// encode sends one frame in every layer that somebody watches and that is
// due. It stops between two layers when stop is closed.
func (p *publication) encode(f *call.VideoFrame, pts time.Duration, now time.Time, stop <-chan struct{}) {
	began := time.Now()
	at := max(pts-p.base, p.last+minPTSStep)
	p.last = at
	awake, sent := 0, false
	layers := p.guard.layers(len(p.layers))
	same := p.source == call.SourceScreen && p.still.stands(f)
	for i, l := range p.layers {
		select {
		case <-stop:
			return
		default:
		}
		bitrate := p.track.Bitrate(i)
		if i >= layers || !p.track.Wanted(i) || bitrate <= 0 {
			l.rest()
			continue
		}
		awake++
		l.wake(bitrate, p.source)
		if !l.rests(same, now) && l.due(at, now, p.guard.fps(l.FPS)) && p.encodeLayer(i, f, at, now) {
			sent = true
		}
	}
	before := p.guard.step
	p.guard.add(now, time.Since(began))
	if step := p.guard.step; step != before {
		p.log.WithFields(logrus.Fields{"step": step, "of": p.guard.most}).Info("encoding follows what this computer can")
	}
	p.count(awake, sent, now)
}

// encodeLayer reports whether something was sent.
func (p *publication) encodeLayer(i int, f *call.VideoFrame, at time.Duration, now time.Time) bool {
	l := p.layers[i]
	scaled := l.fit(f)
	saved := scaled.PTS
	scaled.PTS = at
	if l.keyAllowed(now) {
		l.encoder.ForceKeyFrame()
	}
	data, key, err := l.encoder.Encode(scaled)
	scaled.PTS = saved
	if err != nil {
		p.complain("frame cannot be encoded", err)
		l.rest()
		return false
	}
	if len(data) == 0 {
		return false // the rate control left it out
	}
	if key {
		l.wantKey, l.lastKey = false, now
	}
	l.sent, l.sharp = now, p.source == call.SourceScreen && l.encoder.Quantizer() <= sharpQuantizer
	if err := p.track.WriteFrame(call.EncodedFrame{Data: data, PTS: at, KeyFrame: key, Layer: i}); err != nil {
		p.complain("frame cannot be sent", err)
		return false
	}
	p.mu.Lock()
	p.counts.Bytes += uint64(len(data))
	p.counts.Width, p.counts.Height = scaled.Width, scaled.Height
	p.mu.Unlock()
	return true
}

// complain logs the first failure only: the next frame may fail just so.
func (p *publication) complain(what string, err error) {
	if !p.complains {
		p.complains = true
		p.log.WithError(err).Warn(what)
	}
}

// count records how a frame went out.
func (p *publication) count(awake int, sent bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Layers, p.counts.CPULimited = awake, p.guard.step > 0
	if sent {
		p.counts.Frames++
		p.pace.add(now)
	}
}

func (p *publication) stats(now time.Time) call.LocalStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.counts
	s.FPS = p.pace.rate(now)
	return s
}

// rest frees the encoder; when the layer is wanted again it begins with a key
// frame.
func (l *layer) rest() {
	if l.encoder != nil {
		l.encoder.Close()
		l.encoder, l.sharp = nil, false
	}
}

// wake makes sure of an encoder at that bit rate.
func (l *layer) wake(bitrate int, source call.Source) {
	switch {
	case l.encoder == nil:
		l.encoder = vp8.NewEncoder(vp8.Config{FPS: l.FPS, Bitrate: bitrate, Screen: source == call.SourceScreen})
		l.wantKey, l.next = true, 0
		l.lastKey = time.Time{}
	case bitrate > l.bitrate+l.bitrate/bitrateStep, bitrate < l.bitrate-l.bitrate/bitrateStep:
		if l.encoder.SetBitrate(bitrate) != nil {
			l.rest()
			l.wake(bitrate, source)
		}
	default:
		return
	}
	l.bitrate = bitrate
}

// keyAllowed reports whether a key frame is wanted and may be made now.
func (l *layer) keyAllowed(now time.Time) bool {
	return l.wantKey && now.Sub(l.lastKey) >= keySpacing
}

// due keeps the layer to its rate. A wanted key frame is always due.
func (l *layer) due(at time.Duration, now time.Time, fps int) bool {
	interval := time.Second / time.Duration(fps)
	// A camera's own jitter must not cost every other frame.
	if at+interval/4 < l.next && !l.keyAllowed(now) {
		return false
	}
	l.next = max(l.next, at-interval/4) + interval
	return true
}

// fit scales f to the layer.
func (l *layer) fit(f *call.VideoFrame) *call.VideoFrame {
	w, h := layerSize(f.Width, f.Height, l.Width, l.Height)
	if w == f.Width && h == f.Height || !l.scaler.Scale(&l.scaled, f, w, h) {
		return f
	}
	return &l.scaled
}

// layerSize is the largest size of the frame's shape inside the layer's, which
// is turned when the frame stands upright, never larger than the frame.
func layerSize(w, h, layerW, layerH int) (int, int) {
	if layerW <= 0 || layerH <= 0 {
		return w, h
	}
	if (w < h) != (layerW < layerH) {
		layerW, layerH = layerH, layerW
	}
	scale := min(float64(layerW)/float64(w), float64(layerH)/float64(h))
	if scale >= 1 {
		return w, h
	}
	even := func(n int) int { return max(int(float64(n)*scale+0.5)&^1, 2) }
	return even(w), even(h)
}
