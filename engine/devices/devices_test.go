package devices

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
)

func openCamera(ctx context.Context, d *Devices, name string) (call.VideoCapture, error) {
	c, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceCamera, Device: name, Width: 64, Height: 48})
	if err != nil {
		return nil, err
	}
	return c.(call.VideoCapture), nil
}

func mustOpen(t testing.TB, d *Devices, name string) call.VideoCapture {
	t.Helper()
	c, err := openCamera(t.Context(), d, name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChoose(t *testing.T) {
	t.Parallel()
	list := []call.Device{
		{Source: call.SourceMicrophone, ID: "m", Name: "Webcam"},
		{Source: call.SourceCamera, ID: "a", Name: "Webcam"},
		{Source: call.SourceCamera, ID: "b", Name: "Webcam", Default: true},
		{Source: call.SourceCamera, ID: "Webcam", Name: "odd"},
	}
	for _, c := range []struct {
		source call.Source
		choice string
		want   string
	}{
		{call.SourceCamera, "", "b"},
		{call.SourceMicrophone, "", "m"},
		{call.SourceCamera, "b", "b"},
		{call.SourceCamera, "Webcam", "Webcam"},
		{call.SourceCamera, "webcam", "a"},
		{call.SourceCamera, "ODD", "Webcam"},
		{call.SourceCamera, "m", ""},
		{call.SourceSpeaker, "", ""},
	} {
		d, ok := Choose(list, c.source, c.choice)
		if d.ID != c.want || ok != (c.want != "") {
			t.Errorf("%s %q: %q, want %q", c.source, c.choice, d.ID, c.want)
		}
	}
}

func TestListHasEverything(t *testing.T) {
	t.Parallel()
	cam, screen := newFake(t, call.SourceCamera, "Cam"), newFake(t, call.SourceScreen, "Screen")
	mic := newFake(t, call.SourceMicrophone, "Mic")
	d := newDevices(t, Drivers{Camera: cam, Screen: screen, Audio: &fakeAudio{fakeHardware: mic}})
	list, err := d.List(t.Context())
	if want := slices.Concat(cam.list, screen.list, mic.list); err != nil || !slices.Equal(list, want) {
		t.Errorf("%v, %v", list, err)
	}
	cam.set(func() { cam.list = nil })
	if list, _ = d.List(t.Context()); len(list) != 2 {
		t.Errorf("after unplugging: %v", list)
	}
}

func TestOpenReadClose(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "A", "B")
	d := newDevices(t, Drivers{Camera: f})
	c := mustOpen(t, d, "B")
	if c.Info() != f.list[1] {
		t.Errorf("opened %+v", c.Info())
	}
	var frame call.VideoFrame
	last := time.Duration(0)
	for range 5 {
		if err := c.ReadFrame(&frame); err != nil {
			t.Fatal(err)
		}
		if frame.Width != 64 || frame.Height != 48 || len(frame.Y) != 64*48 || frame.PTS <= last {
			t.Errorf("frame %dx%d, %d bytes, at %v after %v", frame.Width, frame.Height, len(frame.Y), frame.PTS, last)
		}
		last = frame.PTS
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if n := f.holds(); n != 0 {
				t.Errorf("%d open when Close returned", n)
			}
		})
	}
	wg.Wait()
	if err := c.ReadFrame(&frame); !errors.Is(err, call.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if isClosed(c.Lost()) || c.LostErr() != nil {
		t.Error("Close looks like a loss")
	}
}

// A read that waits is woken by Close.
func TestCloseDuringRead(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "A")
	f.slowRead = time.Hour
	c := mustOpen(t, newDevices(t, Drivers{Camera: f}), "")
	got := make(chan error)
	go func() { got <- c.ReadFrame(new(call.VideoFrame)) }()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-got; !errors.Is(err, call.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		driver, want error
	}{
		{call.ErrDeviceBusy, call.ErrDeviceBusy},
		{call.ErrDeviceForbidden, call.ErrDeviceForbidden},
		{call.ErrDeviceMissing, call.ErrDeviceMissing},
		{syscall.EIO, call.ErrDeviceFailed},
	} {
		f := newFake(t, call.SourceCamera, "Cam")
		f.openErr = c.driver
		_, err := openCamera(t.Context(), newDevices(t, Drivers{Camera: f}), "")
		var named *call.DeviceError
		if !errors.Is(err, c.want) || !errors.Is(err, c.driver) || !errors.As(err, &named) || named.Device != "Cam" {
			t.Errorf("%v became %v", c.driver, err)
		}
	}
	_, err := openCamera(t.Context(), newDevices(t, Drivers{}), "Cam")
	if !errors.Is(err, call.ErrDeviceMissing) {
		t.Errorf("without a driver: %v", err)
	}
	_, err = newDevices(t, Drivers{}).OpenSpeaker(t.Context(), "")
	if !errors.Is(err, call.ErrNoSoundServer) {
		t.Errorf("without audio: %v", err)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	d := newDevices(t, Drivers{Camera: newFake(t, call.SourceCamera, "Cam")})
	for _, r := range []call.DeviceRequest{
		{Source: call.SourceSpeaker},
		{Source: call.SourceScreenAudio},
		{Source: call.SourceCamera, Width: -1, Height: 10},
		{Source: call.SourceCamera, Width: 100000, Height: 10},
		{Source: call.SourceCamera, Width: 100},
		{Source: call.SourceCamera, FPS: 1000},
	} {
		if _, err := d.Open(t.Context(), r); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// The last list is used, because enumerating opens every camera; a device that
// is not in it is looked for anew.
func TestOpenEnumeratesOnlyWhenNeeded(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "A")
	d := newDevices(t, Drivers{Camera: f})
	for range 3 {
		if err := mustOpen(t, d, "A").Close(); err != nil {
			t.Error(err)
		}
	}
	if f.lists != 1 {
		t.Errorf("%d enumerations", f.lists)
	}
	f.set(func() { f.list = append(f.list, call.Device{Source: call.SourceCamera, ID: "new", Name: "New"}) })
	if err := mustOpen(t, d, "New").Close(); err != nil {
		t.Error(err)
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	for _, panics := range []string{"", "read"} {
		f := newFake(t, call.SourceCamera, "Cam")
		d := newDevices(t, Drivers{Camera: f})
		c := mustOpen(t, d, "")
		if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
			t.Fatal(err)
		}
		f.set(func() { f.readErr, f.panics = syscall.ENODEV, panics })
		<-c.Lost()
		var named *call.DeviceError
		if err := c.LostErr(); !errors.Is(err, call.ErrDeviceLost) || !errors.As(err, &named) || named.Device != "Cam" {
			t.Errorf("lost: %v", err)
		}
		for { // the frames of before may still be read
			if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
				if !errors.Is(err, call.ErrDeviceLost) {
					t.Errorf("read: %v", err)
				}
				break
			}
		}
		// It is released without a Close, and usable after it was plugged in.
		f.set(func() { f.readErr, f.panics = nil, "" })
		if err := mustOpen(t, d, "").Close(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if n := f.holds(); n != 0 {
			t.Errorf("%d open", n)
		}
	}
}

func TestDriverPanics(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "Cam")
	d := newDevices(t, Drivers{Camera: f})
	f.panics = "open"
	if _, err := openCamera(t.Context(), d, ""); !errors.Is(err, call.ErrDeviceFailed) {
		t.Errorf("panic in open: %v", err)
	}
	f.panics = "close"
	if err := mustOpen(t, d, "").Close(); !errors.Is(err, call.ErrDeviceFailed) {
		t.Errorf("panic in close: %v", err)
	}
}

// Open returns when its context ends; what opens later is closed at once, and
// who opens in the meantime waits for that instead of being told "busy".
func TestOpenAbandoned(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "Cam")
	f.openGate = make(chan struct{})
	d := newDevices(t, Drivers{Camera: f})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := openCamera(ctx, d, ""); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, call.ErrDeviceFailed) {
		t.Errorf("opening too long: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	go cancel()
	if _, err := openCamera(ctx, d, ""); !errors.Is(err, call.ErrCancelled) {
		t.Errorf("called off: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := openCamera(ctx, d, ""); !errors.Is(err, call.ErrDeviceStuck) {
		t.Errorf("behind a stuck opening: %v", err)
	}
	second := make(chan error)
	go func() {
		c, err := openCamera(context.WithoutCancel(t.Context()), d, "")
		if err == nil {
			err = c.Close()
		}
		second <- err
	}()
	close(f.openGate)
	if err := <-second; err != nil {
		t.Errorf("after the abandoned one: %v", err)
	}
	if f.holds() != 0 || f.opened != 2 {
		t.Errorf("%d open, %d were", f.holds(), f.opened)
	}
}

// An Open behind a Close that takes long waits for it.
func TestOpenWaitsForClose(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "Cam")
	f.gate = make(chan struct{})
	d := newDevices(t, Drivers{Camera: f})
	c := mustOpen(t, d, "")
	if _, err := openCamera(t.Context(), d, ""); !errors.Is(err, call.ErrDeviceBusy) {
		t.Errorf("open already: %v", err)
	}
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	<-c.(*videoCapture).stop
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := openCamera(ctx, d, ""); !errors.Is(err, call.ErrDeviceStuck) {
		t.Errorf("behind a stuck close: %v", err)
	}
	close(f.gate)
	if err := mustOpen(t, d, "").Close(); err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestClosedDevices(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "Cam")
	d := newDevices(t, Drivers{Camera: f})
	c := mustOpen(t, d, "")
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := f.holds(); n != 0 {
		t.Errorf("%d open", n)
	}
	if err := c.ReadFrame(new(call.VideoFrame)); !errors.Is(err, call.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := openCamera(t.Context(), d, ""); !errors.Is(err, call.ErrClosed) {
		t.Errorf("open: %v", err)
	}
	if _, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: call.DeviceTest}); !errors.Is(err, call.ErrClosed) {
		t.Errorf("open the test camera: %v", err)
	}
	if _, err := d.List(t.Context()); !errors.Is(err, call.ErrClosed) {
		t.Errorf("list: %v", err)
	}
}

// A driver that hangs while it lists costs one goroutine, and List its context.
func TestListHangs(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	runs := 0
	hang := listFunc(func() ([]call.Device, error) { runs++; <-gate; return nil, nil })
	d := newDevices(t, Drivers{Camera: hang})
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if _, err := d.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("list: %v", err)
		}
		cancel()
	}
	close(gate)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if runs != 1 {
		t.Errorf("%d enumerations at a time", runs)
	}
}

type listFunc func() ([]call.Device, error)

func (f listFunc) List() ([]call.Device, error)           { return f() }
func (f listFunc) Open(string, Want) (VideoStream, error) { return nil, call.ErrDeviceMissing }

// Whatever many callers do at once, nothing stays open, and no device counts as
// busy while only closings are in the way.
func TestStorm(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "A", "B")
	f.slowOpen = 2 * time.Millisecond
	snd := &fakeAudio{fakeHardware: newFake(t, call.SourceMicrophone, "M")}
	d := newDevices(t, Drivers{Camera: f, Audio: snd})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.IntN(6000))*time.Microsecond)
				req := call.DeviceRequest{Source: call.SourceCamera, Device: []string{"A", "B", "", "test"}[rng.IntN(4)], Width: 64, Height: 48}
				if rng.IntN(3) == 0 {
					req = call.DeviceRequest{Source: call.SourceMicrophone}
				}
				c, err := d.Open(ctx, req)
				cancel()
				if err != nil {
					continue
				}
				go func() {
					if v, ok := c.(call.VideoCapture); ok {
						_ = v.ReadFrame(new(call.VideoFrame))
					}
				}()
				// The close is to come at any moment of the first frame, which
				// nothing announces.
				time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
				if rng.IntN(2) == 0 {
					go func() { _ = c.Close() }()
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if f.holds() != 0 || snd.holds() != 0 {
		t.Errorf("%d cameras and %d microphones stay open", f.holds(), snd.holds())
	}
}

// Leaving and coming back at random moments of a slow opening (contract L6).
func TestCancelAtRandomMoments(t *testing.T) {
	t.Parallel()
	f := newFake(t, call.SourceCamera, "Cam")
	f.slowOpen = 3 * time.Millisecond
	d := newDevices(t, Drivers{Camera: f})
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.IntN(6000))*time.Microsecond)
		c, err := openCamera(ctx, d, "")
		cancel()
		switch {
		case err == nil:
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		case errors.Is(err, call.ErrDeviceBusy):
			t.Fatalf("round %d: %v", i, err)
		}
	}
	if err := mustOpen(t, d, "").Close(); err != nil {
		t.Error(err)
	}
	if n := f.holds(); n != 0 {
		t.Errorf("%d stay open", n)
	}
}
