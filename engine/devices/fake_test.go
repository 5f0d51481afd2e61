package devices

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/internal/pause"
	"foyer/engine/internal/silent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newDevices(t testing.TB, drivers Drivers) *Devices {
	d := New(Config{Log: silent.Log(), Drivers: drivers})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// fakeHardware is what the operating system would know: who has what open. It
// complains about everything that crashes real drivers.
type fakeHardware struct {
	t    testing.TB
	list []call.Device

	mu       sync.Mutex
	open     map[string]int // by ID
	opened   int
	closed   int
	lists    int
	openErr  error
	readErr  error
	closeErr error
	panics   string        // what panics: open, read, close
	openGate chan struct{} // an opening waits for it
	slowOpen time.Duration
	slowRead time.Duration
	gate     chan struct{} // a close waits for it
}

func newFake(t testing.TB, source call.Source, names ...string) *fakeHardware {
	f := &fakeHardware{t: t, open: map[string]int{}}
	for i, n := range names {
		f.list = append(f.list, call.Device{Source: source, ID: "id-" + n, Name: n, Default: i == 0})
	}
	return f
}

func (f *fakeHardware) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// holds is how many streams are open.
func (f *fakeHardware) holds() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened - f.closed
}

func (f *fakeHardware) List() ([]call.Device, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	return append([]call.Device(nil), f.list...), nil
}

func (f *fakeHardware) take(id string) error {
	f.mu.Lock()
	slow, gate := f.slowOpen, f.openGate
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	time.Sleep(slow) // a camera that takes its time: what is modelled, not waited for; virtual in a bubble
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.panics == "open" {
		panic("open")
	}
	if f.openErr != nil {
		return f.openErr
	}
	if f.open[id] > 0 {
		return fmt.Errorf("%w: EBUSY", call.ErrDeviceBusy)
	}
	f.open[id]++
	f.opened++
	return nil
}

func (f *fakeHardware) giveBack(id string, closed *bool) error {
	f.mu.Lock()
	gate := f.gate
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if *closed {
		f.t.Error("closed twice")
	}
	*closed = true
	f.open[id]--
	f.closed++
	if f.panics == "close" {
		panic("close")
	}
	return f.closeErr
}

func (f *fakeHardware) Open(id string, want Want) (VideoStream, error) {
	if err := f.take(id); err != nil {
		return nil, err
	}
	return &fakeStream{f: f, id: id, want: want}, nil
}

type fakeStream struct {
	f      *fakeHardware
	id     string
	want   Want
	busy   sync.Mutex // held while something runs in the driver
	closed bool
	n      byte
}

func (s *fakeStream) enter(what string) (leave func()) {
	if !s.busy.TryLock() {
		s.f.t.Errorf("%s while something else runs", what)
		return func() {}
	}
	return s.busy.Unlock
}

func (s *fakeStream) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	defer s.enter("read")()
	if s.closed {
		s.f.t.Error("read after close")
	}
	s.f.mu.Lock()
	slow, err, panics := s.f.slowRead, s.f.readErr, s.f.panics
	s.f.mu.Unlock()
	if panics == "read" {
		panic("read")
	}
	if !pause.Unless(stop, max(slow, time.Millisecond)) {
		return ErrStopped
	}
	if err != nil {
		return err
	}
	dst.Reset(s.want.Width, s.want.Height)
	s.n++
	set(dst.Y, s.n)
	return nil
}

func set(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}

func (s *fakeStream) Close() error {
	defer s.enter("close")()
	return s.f.giveBack(s.id, &s.closed)
}

// fakeAudio is a sound system with one fakeHardware for each direction.
type fakeAudio struct {
	*fakeHardware
	checkErr error
	checking chan struct{} // a check waits for it
	silent   bool
	asked    int
}

func (f *fakeAudio) OpenMicrophone(device string, deliver func([]int16, int)) (AudioStream, error) {
	return f.start(call.SourceMicrophone, device, func() { deliver(make([]int16, 480), 1) })
}

func (f *fakeAudio) OpenSpeaker(device string, fill func([]int16)) (AudioStream, error) {
	return f.start(call.SourceSpeaker, device, func() { fill(make([]int16, 960)) })
}

func (f *fakeAudio) start(source call.Source, device string, tick func()) (AudioStream, error) {
	d, ok := Choose(f.list, source, device)
	if !ok {
		return nil, call.ErrDeviceMissing
	}
	if err := f.take(d.ID); err != nil {
		return nil, err
	}
	s := &fakeAudioStream{f: f, info: d, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-ticker.C:
			}
			f.mu.Lock()
			silent := f.silent
			f.mu.Unlock()
			if !silent {
				tick()
			}
		}
	}()
	return s, nil
}

type fakeAudioStream struct {
	f      *fakeAudio
	info   call.Device
	stop   chan struct{}
	done   chan struct{}
	closed bool
}

func (s *fakeAudioStream) Info() call.Device { return s.info }
func (s *fakeAudioStream) Delay() int        { return 960 }

func (s *fakeAudioStream) Check() error {
	s.f.mu.Lock()
	s.f.asked++
	gate, err := s.f.checking, s.f.checkErr
	s.f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return err
}

func (s *fakeAudioStream) Close() error {
	close(s.stop)
	<-s.done
	return s.f.giveBack(s.info.ID, &s.closed)
}
