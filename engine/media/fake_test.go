package media

import (
	"image"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"foyer/engine/call"
	"foyer/engine/media/pixel"
	"foyer/engine/media/vp8"
)

// The number of a test pattern is written into its first rows: codeBits fields,
// each a bit.
const codeBits = 12

// draw makes the n-th frame of a moving film, with its number in it. It is not
// watched by the race detector, which took most of what these tests take: nobody
// else has the frame yet.
//
//go:norace
func draw(f *call.VideoFrame, w, h, n int) {
	f.Reset(w, h)
	f.PTS = time.Duration(n) * time.Second / 30
	waves, code := make([]float64, w), make([]byte, w)
	for x := range w {
		waves[x] = 125 + 45*math.Sin(float64(x+4*n)/19)
		code[x] = 16
		if n>>(x*codeBits/w)&1 == 1 {
			code[x] = 235
		}
	}
	for y := range h {
		row := f.Y[y*f.YStride:][:w]
		if y < h/8 {
			copy(row, code)
			continue
		}
		wave := 45 * math.Cos(float64(y+2*n)/23)
		for x := range row {
			row[x] = byte(waves[x] + wave)
		}
	}
	for i := range f.U {
		f.U[i], f.V[i] = byte(110+n%40), byte(150-n%40)
	}
}

// number reads the number of a frame back.
func number(img *image.RGBA) int {
	w, n := img.Rect.Dx(), 0
	for bit := range codeBits {
		if img.Pix[img.PixOffset((2*bit+1)*w/(2*codeBits), img.Rect.Dy()/16)] > 128 {
			n |= 1 << bit
		}
	}
	return n
}

// fidelity is the PSNR of a shown frame against the n-th of the film.
func fidelity(t testing.TB, img *image.RGBA, n, w, h int) float64 {
	t.Helper()
	var f call.VideoFrame
	draw(&f, w, h, n)
	var c pixel.Converter
	want := image.NewRGBA(img.Rect)
	if !c.Convert(want, &f, call.View{Width: img.Rect.Dx(), Height: img.Rect.Dy()}) {
		t.Fatal("cannot convert")
	}
	return 10 * math.Log10(255*255*float64(len(want.Pix))/(distance(want.Pix, img.Pix)+1e-9))
}

// distance is the sum of the squares of the differences, which the race detector does
// not watch either: the test has both.
//
//go:norace
func distance(a, b []byte) (sum float64) {
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return sum
}

// fakeTrack is a remote track that a test feeds.
type fakeTrack struct {
	mime    string
	info    call.Track
	owner   call.SID
	packets chan []byte
	stop    chan struct{}
	once    sync.Once
	keys    atomic.Int64
	onKey   func()

	mu     sync.Mutex
	report func() (time.Time, uint32, bool)
}

func newFakeTrack() *fakeTrack {
	return &fakeTrack{
		mime: "video/VP8", owner: "PA_1", info: call.Track{SID: "TR_1", Source: call.SourceCamera, Kind: call.KindVideo},
		packets: make(chan []byte), stop: make(chan struct{}),
	}
}

func (f *fakeTrack) Owner() call.Identity { return "ann" }
func (f *fakeTrack) OwnerSID() call.SID   { return f.owner }
func (f *fakeTrack) Info() call.Track     { return f.info }
func (f *fakeTrack) MIME() string         { return f.mime }
func (f *fakeTrack) ClockRate() int       { return 90000 }
func (f *fakeTrack) Interrupt()           { f.once.Do(func() { close(f.stop) }) }

func (f *fakeTrack) ReadRTP(buf []byte) (int, error) {
	select {
	case p := <-f.packets:
		if len(p) > len(buf) {
			return 0, io.ErrShortBuffer
		}
		return copy(buf, p), nil
	case <-f.stop:
		return 0, io.EOF
	}
}

func (f *fakeTrack) RequestKeyFrame() {
	f.keys.Add(1)
	if f.onKey != nil {
		f.onKey()
	}
}

func (f *fakeTrack) SenderReport() (time.Time, uint32, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.report == nil {
		return time.Time{}, 0, false
	}
	return f.report()
}

// give hands a packet over as the network would.
func (f *fakeTrack) give(packets ...[]byte) {
	for _, p := range packets {
		select {
		case f.packets <- p:
		case <-f.stop:
			return
		}
	}
}

// source encodes and packetises the film.
type source struct {
	t        testing.TB
	w, h     int
	n        int
	encoder  *vp8.Encoder
	payloads *codecs.VP8Payloader
	seq      uint16
	ssrc     uint32
	mtu      uint16
	frame    call.VideoFrame
	force    atomic.Bool
}

func newSource(t testing.TB, w, h int) *source {
	s := &source{
		t: t, w: w, h: h, ssrc: 7, seq: 65500, mtu: 400,
		encoder:  vp8.NewEncoder(vp8.Config{FPS: 30, Bitrate: 1_500_000}),
		payloads: &codecs.VP8Payloader{EnablePictureID: true},
	}
	t.Cleanup(s.encoder.Close)
	return s
}

// next is the packets of the next frame.
func (s *source) next() [][]byte {
	for {
		draw(&s.frame, s.w, s.h, s.n)
		if s.force.Swap(false) {
			s.encoder.ForceKeyFrame()
		}
		data, _, err := s.encoder.Encode(&s.frame)
		if err != nil {
			s.t.Fatal(err)
		}
		s.n++
		if len(data) > 0 {
			return s.packetise(data, uint32(s.n-1)*3000)
		}
	}
}

func (s *source) packetise(data []byte, timestamp uint32) [][]byte {
	var out [][]byte
	payloads := s.payloads.Payload(s.mtu, data)
	for i, payload := range payloads {
		p := rtp.Packet{Payload: payload, Header: rtp.Header{
			Version: 2, PayloadType: 96, SequenceNumber: s.seq, Timestamp: timestamp, SSRC: s.ssrc, Marker: i == len(payloads)-1,
		}}
		s.seq++
		raw, err := p.Marshal()
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}

// fakeCamera gives a frame whenever the test sends its number.
type fakeCamera struct {
	w, h    int
	source  call.Source
	stands  bool // each frame shows the same; set between two
	numbers chan int
	closed  chan struct{}
	lost    chan struct{}
	once    sync.Once
}

func newFakeCamera(w, h int) *fakeCamera {
	return &fakeCamera{w: w, h: h, source: call.SourceCamera, numbers: make(chan int), closed: make(chan struct{}), lost: make(chan struct{})}
}

func (c *fakeCamera) Info() call.Device     { return call.Device{Source: c.source, Name: "fake"} }
func (c *fakeCamera) Lost() <-chan struct{} { return c.lost }
func (c *fakeCamera) LostErr() error        { return call.ErrDeviceLost }

func (c *fakeCamera) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *fakeCamera) ReadFrame(dst *call.VideoFrame) error {
	select {
	case n := <-c.numbers:
		draw(dst, c.w, c.h, n)
		if pts := dst.PTS; c.stands {
			draw(dst, c.w, c.h, 0)
			dst.PTS = pts
		}
		return nil
	case <-c.closed:
		return call.ErrClosed
	case <-c.lost:
		return c.LostErr()
	}
}

// sent is a frame that a fakeLocal was given.
type sent struct {
	call.EncodedFrame
	w, h int
}

// fakeLocal is a published track that keeps what it is given.
type fakeLocal struct {
	spec   call.TrackSpec
	keys   chan int
	began  time.Time
	mu     sync.Mutex
	frames []sent
	asleep map[int]bool
	rates  map[int]int
	fail   error
}

func newFakeLocal(layers ...call.Layer) *fakeLocal {
	return &fakeLocal{
		spec: call.TrackSpec{Source: call.SourceCamera, Layers: layers},
		keys: make(chan int, 8), began: time.Now(), asleep: map[int]bool{}, rates: map[int]int{},
	}
}

func (l *fakeLocal) SID() call.SID         { return "TR_L" }
func (l *fakeLocal) Spec() call.TrackSpec  { return l.spec }
func (l *fakeLocal) KeyFrames() <-chan int { return l.keys }
func (l *fakeLocal) Begin() time.Duration  { return time.Since(l.began) }

func (l *fakeLocal) WriteFrame(f call.EncodedFrame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.Data = append([]byte(nil), f.Data...)
	s := sent{EncodedFrame: f}
	if h, err := vp8.ParseHeader(f.Data); err == nil {
		s.w, s.h = h.Width, h.Height
	}
	l.frames = append(l.frames, s)
	return l.fail
}

func (l *fakeLocal) Wanted(i int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.asleep[i]
}

func (l *fakeLocal) Bitrate(i int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.rates[i]; ok {
		return r
	}
	return l.spec.Layers[i].Bitrate
}

func (l *fakeLocal) sleep(i int, asleep bool) {
	l.mu.Lock()
	l.asleep[i] = asleep
	l.mu.Unlock()
}

// take returns what was sent in a layer and forgets it.
func (l *fakeLocal) take(layer int) []sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out, rest []sent
	for _, f := range l.frames {
		if f.Layer == layer {
			out = append(out, f)
		} else {
			rest = append(rest, f)
		}
	}
	l.frames = rest
	return out
}
