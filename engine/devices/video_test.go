package devices

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// A camera that stops sending is given up after a bounded time, and may be slow
// to begin.
func TestStalledCamera(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, call.SourceCamera, "Cam")
		f.readErr, f.slowRead = ErrNoPicture, time.Second
		d := New(Config{Log: silent.Log(), Drivers: Drivers{Camera: f}})
		c := mustOpen(t, d, "")
		time.Sleep(firstFrameLimit - 1500*time.Millisecond) // virtual
		if isClosed(c.Lost()) {
			t.Error("given up too early")
		}
		f.set(func() { f.readErr = nil })
		if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
			t.Fatal(err)
		}
		f.set(func() { f.readErr = ErrNoPicture })
		began := time.Now()
		<-c.Lost()
		if took := time.Since(began); took > nextFrameLimit+2*time.Second || !errors.Is(c.LostErr(), call.ErrDeviceLost) {
			t.Errorf("given up after %v: %v", took, c.LostErr())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A driver whose every read fails at once, as V4L2 with EIO, is given up after
// the same bounded time, and is not asked a million times until then.
func TestBrokenCameraIsNotAskedInALoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := &brokenCamera{fakeHardware: newFake(t, call.SourceCamera, "Cam")}
		d := New(Config{Log: silent.Log(), Drivers: Drivers{Camera: broken}})
		began := time.Now()
		c := mustOpen(t, d, "")
		<-c.Lost()
		if took := time.Since(began); took > firstFrameLimit+time.Second || took < firstFrameLimit {
			t.Errorf("given up after %v", took)
		}
		if !errors.Is(c.LostErr(), call.ErrDeviceLost) || !errors.Is(c.LostErr(), syscall.EIO) {
			t.Errorf("lost: %v", c.LostErr())
		}
		if limit := int64(firstFrameLimit/readPause) + 2; broken.reads.Load() > limit {
			t.Errorf("%d reads, want at most %d", broken.reads.Load(), limit)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Closing does not wait for the pause between two failing reads.
func TestBrokenCameraClosesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New(Config{Log: silent.Log(), Drivers: Drivers{Camera: &brokenCamera{fakeHardware: newFake(t, call.SourceCamera, "Cam")}}})
		c := mustOpen(t, d, "")
		synctest.Wait() // the first read has failed
		began := time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// brokenCamera opens well and then fails without waiting.
type brokenCamera struct {
	*fakeHardware
	reads atomic.Int64
}

func (b *brokenCamera) Open(id string, want Want) (VideoStream, error) {
	s, err := b.fakeHardware.Open(id, want)
	return &brokenStream{s, b}, err
}

type brokenStream struct {
	VideoStream
	camera *brokenCamera
}

func (s *brokenStream) Read(<-chan struct{}, *call.VideoFrame) error {
	if s.camera.reads.Add(1) > 10_000 { // so that the test ends
		return fmt.Errorf("%w: asked without end", call.ErrDeviceLost)
	}
	return fmt.Errorf("%w: %w", ErrNoPicture, syscall.EIO)
}
