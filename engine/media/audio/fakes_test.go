package audio

import (
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"foyer/engine/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeMic gives what is written into frames.
type fakeMic struct {
	frames chan []int16
	closed chan struct{}
	lost   chan struct{}
	once   sync.Once
}

func newFakeMic() *fakeMic {
	return &fakeMic{frames: make(chan []int16), closed: make(chan struct{}), lost: make(chan struct{})}
}

func (m *fakeMic) Info() call.Device {
	return call.Device{Source: call.SourceMicrophone, Name: "fake"}
}
func (m *fakeMic) Close() error          { m.once.Do(func() { close(m.closed) }); return nil }
func (m *fakeMic) Lost() <-chan struct{} { return m.lost }
func (m *fakeMic) LostErr() error        { return call.ErrDeviceLost }
func (m *fakeMic) ReadAudio(dst []int16) error {
	select {
	case <-m.closed:
		return call.ErrClosed
	default:
	}
	select {
	case f := <-m.frames:
		copy(dst, f)
		return nil
	case <-m.lost:
		return call.ErrDeviceLost
	case <-m.closed:
		return call.ErrClosed
	}
}

// say gives the microphone 20 ms pieces of pcm and returns when the last has
// been taken.
func (m *fakeMic) say(t testing.TB, pcm []int16) {
	t.Helper()
	for ; len(pcm) >= 960; pcm = pcm[960:] {
		select {
		case m.frames <- pcm[:960]:
		case <-time.After(5 * time.Second):
			t.Fatal("nobody reads the microphone")
		}
	}
}

// fakeTrack takes what a pump sends.
type fakeTrack struct {
	call.LocalTrack
	begin  func() time.Duration // nil: 0
	mu     sync.Mutex
	frames []call.EncodedFrame
	writes counter
	fail   error
}

func (t *fakeTrack) SID() call.SID { return "TR_local" }
func (t *fakeTrack) Begin() time.Duration {
	if t.begin == nil {
		return 0
	}
	return t.begin()
}
func (t *fakeTrack) WriteFrame(f call.EncodedFrame) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail != nil {
		return t.fail
	}
	f.Data = append([]byte(nil), f.Data...)
	t.frames = append(t.frames, f)
	t.writes.add()
	return nil
}
func (t *fakeTrack) sent() []call.EncodedFrame {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]call.EncodedFrame(nil), t.frames...)
}

// fakeRemote is a remote track whose packets come from a channel.
type fakeRemote struct {
	packets     chan []byte
	interrupted chan struct{}
	once        sync.Once
	reads       counter // begun: each but the last has been taken in
	report      atomic.Pointer[fakeReport]
}

type fakeReport struct {
	ntp time.Time
	rtp uint32
}

func newFakeRemote() *fakeRemote {
	return &fakeRemote{packets: make(chan []byte), interrupted: make(chan struct{})}
}

func (t *fakeRemote) Owner() call.Identity { return "anna" }
func (t *fakeRemote) OwnerSID() call.SID   { return "PA_anna" }
func (t *fakeRemote) Info() call.Track {
	return call.Track{SID: "TR_anna", Source: call.SourceMicrophone, Kind: call.KindAudio}
}
func (t *fakeRemote) MIME() string     { return "audio/opus" }
func (t *fakeRemote) ClockRate() int   { return call.SampleRate }
func (t *fakeRemote) RequestKeyFrame() {}
func (t *fakeRemote) Interrupt()       { t.once.Do(func() { close(t.interrupted) }) }
func (t *fakeRemote) ReadRTP(buf []byte) (int, error) {
	t.reads.add()
	select {
	case p := <-t.packets:
		return copy(buf, p), nil
	case <-t.interrupted:
		return 0, io.EOF
	}
}
func (t *fakeRemote) SenderReport() (ntp time.Time, rtp uint32, ok bool) {
	r := t.report.Load()
	if r == nil {
		return time.Time{}, 0, false
	}
	return r.ntp, r.rtp, true
}

// rtpBytes is a packet as it comes from the network.
func rtpBytes(seq uint16, ts uint32, payload []byte) []byte {
	h := []byte{
		0x80, 111, byte(seq >> 8), byte(seq),
		byte(ts >> 24), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 7,
	}
	return append(h, payload...)
}

// fakeSpeaker plays when it is told to.
type fakeSpeaker struct {
	call.Speaker
	mu    sync.Mutex
	fill  func([]int16)
	delay int
}

func (s *fakeSpeaker) Play(fill func([]int16)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill = fill
}
func (s *fakeSpeaker) Delay() int { return s.delay }
func (s *fakeSpeaker) callback() func([]int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fill
}

// fakeClock is a time that stands until it is moved.
type fakeClock struct{ ns atomic.Int64 }

func newFakeClock() *fakeClock {
	c := &fakeClock{}
	c.ns.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *fakeClock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *fakeClock) advance(d time.Duration) { c.ns.Add(int64(d)) }

// counter counts what another goroutine does. Its zero value is ready.
type counter struct {
	mu      sync.Mutex
	n       int
	changed chan struct{} // closed by the next add; nil while nobody waits
}

func (c *counter) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// await waits until it has been done n times.
func (c *counter) await(t testing.TB, what string, n int) {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		c.mu.Lock()
		if c.n >= n {
			c.mu.Unlock()
			return
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("never: %s", what)
		}
	}
}
