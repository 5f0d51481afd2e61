package devices

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
)

// A camera may take seconds to its first frame; one that has been sending is
// given up earlier.
const (
	firstFrameLimit = 6 * time.Second
	nextFrameLimit  = 3 * time.Second
)

// readPause is the least time between two reads without a frame: a driver
// whose every read fails at once must not keep a processor busy.
const readPause = 20 * time.Millisecond

// videoCapture is an open camera or screen, or what stands in for one.
type videoCapture struct {
	*handle
	box                frameBox
	width, height, fps int // from the stream, before it is open
}

var (
	_ call.VideoCapture = (*videoCapture)(nil)
	_ call.Sized        = (*videoCapture)(nil)
)

// Size implements [call.Sized].
func (c *videoCapture) Size() (width, height, fps int) { return c.width, c.height, c.fps }

// openVideo opens a camera or screen.
func (d *Devices) openVideo(ctx context.Context, source call.Source, choice string, want Want) (*videoCapture, error) {
	if choice == call.DeviceTest {
		return d.startVideo(ctx, "", testDevice(source), func() (VideoStream, error) { return newTestCamera(want), nil })
	}
	if source == call.SourceCamera && looksLikeFile(choice, extIVF, extY4M) {
		dev := call.Device{Source: source, ID: choice, Name: choice}
		d.playsFrom(source, choice)
		return d.startVideo(ctx, "", dev, func() (VideoStream, error) { return openVideoFile(choice, d.newDecoder) })
	}
	driver, lister := d.drivers.Camera, d.camera
	if source == call.SourceScreen {
		driver, lister = d.drivers.Screen, d.screen
	}
	if driver == nil {
		return nil, call.ErrDeviceMissing
	}
	// Enumerating opens every camera for a moment, so the last list is tried
	// first.
	if dev, ok := Choose(lister.cached(), source, choice); ok {
		v, err := d.startHardware(ctx, driver, dev, want)
		if !errors.Is(err, call.ErrDeviceMissing) {
			return v, err
		}
	}
	list, err := lister.refresh(ctx)
	dev, ok := Choose(list, source, choice)
	switch {
	case ok:
		return d.startHardware(ctx, driver, dev, want)
	case err != nil:
		return nil, err
	default:
		return nil, call.ErrDeviceMissing
	}
}

func (d *Devices) startHardware(
	ctx context.Context, driver VideoDriver, dev call.Device, want Want,
) (*videoCapture, error) {
	key := dev.Source.String() + " " + dev.ID
	return d.startVideo(ctx, key, dev, func() (VideoStream, error) { return driver.Open(dev.ID, want) })
}

// startVideo starts the owner of a device and waits until it is open or the
// context ends, in which case the owner is left to close what still opens.
func (d *Devices) startVideo(
	ctx context.Context, key string, dev call.Device, open func() (VideoStream, error),
) (*videoCapture, error) {
	c := &videoCapture{handle: newHandle(dev), box: frameBox{wake: make(chan struct{}, 1)}}
	if err := d.enter(ctx, key, c.handle); err != nil {
		return nil, deviceError(dev, err)
	}
	go d.own(key, c.handle, func() (session, error) {
		stream, err := open()
		if err != nil {
			return session{}, err
		}
		c.width, c.height, c.fps = stream.Size()
		return session{run: func() { c.pump(stream) }, close: stream.Close}, nil
	})
	if err := d.await(ctx, c.handle, dev); err != nil {
		return nil, err
	}
	return c, nil
}

// pump carries frames from the stream into the box.
func (c *videoCapture) pump(stream VideoStream) {
	began := time.Now()
	last, limit := began, firstFrameLimit
	var frame call.VideoFrame
	for !c.stopping() {
		asked := time.Now()
		err := stream.Read(c.stop, &frame)
		now := time.Now()
		switch {
		case err == nil:
			last, limit = now, nextFrameLimit
			frame.PTS = now.Sub(began)
			c.box.put(&frame)
		case c.stopping():
			return
		case errors.Is(err, ErrNoPicture) && now.Sub(last) < limit:
			c.pause(readPause - now.Sub(asked))
		case errors.Is(err, ErrNoPicture):
			c.lose(fmt.Errorf("%w: no frame for %v: %w", call.ErrDeviceLost, limit, err))
			return
		default:
			c.lose(err)
			return
		}
	}
}

// pause waits, unless the device is being closed.
func (c *videoCapture) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.stop:
	}
}

// ReadFrame implements [call.VideoCapture].
func (c *videoCapture) ReadFrame(dst *call.VideoFrame) error {
	for {
		if err := c.ended(); err != nil {
			return err
		}
		if c.box.take(dst) {
			return nil
		}
		select {
		case <-c.box.wake:
		case <-c.stop:
		case <-c.lost:
		}
	}
}

// frameBox holds the newest frame for one reader: latest wins.
type frameBox struct {
	wake chan struct{} // 1-slot

	mu    sync.Mutex
	frame call.VideoFrame
	fresh bool
}

// put takes the frame out of f and gives f the buffers of an older one.
func (b *frameBox) put(f *call.VideoFrame) {
	b.mu.Lock()
	b.frame, *f = *f, b.frame
	b.fresh = true
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take copies the newest frame, if there is a new one.
func (b *frameBox) take(dst *call.VideoFrame) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fresh {
		return false
	}
	b.fresh = false
	dst.Reset(b.frame.Width, b.frame.Height)
	dst.PTS = b.frame.PTS
	copy(dst.Y, b.frame.Y)
	copy(dst.U, b.frame.U)
	copy(dst.V, b.frame.V)
	return true
}
