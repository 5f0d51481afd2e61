package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/latest"
	"foyer/engine/internal/pause"
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
	box *latest.Box[call.VideoFrame]
}

var _ call.VideoCapture = (*videoCapture)(nil)

// openVideo opens a camera or screen.
func (d *Devices) openVideo(ctx context.Context, source call.Source, choice string, want Want) (*videoCapture, error) {
	if choice == call.DeviceTest {
		return d.startVideo(ctx, "", testDevice(source), func() (VideoStream, error) { return newTestCamera(want), nil })
	}
	if source == call.SourceCamera && looksLikeFile(choice, extIVF, extY4M) {
		dev := call.Device{Source: source, ID: choice, Name: choice}
		d.playsFrom(dev)
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

// startVideo starts a camera or screen.
func (d *Devices) startVideo(
	ctx context.Context, key string, dev call.Device, open func() (VideoStream, error),
) (*videoCapture, error) {
	c := &videoCapture{handle: newHandle(dev), box: latest.New[call.VideoFrame]()}
	err := d.start(ctx, key, c.handle, func() (openDevice, error) {
		stream, err := open()
		if err != nil {
			return openDevice{}, err
		}
		return openDevice{run: func() { c.pump(stream) }, close: stream.Close}, nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// pump carries frames from the stream into the box.
func (c *videoCapture) pump(stream VideoStream) {
	began := time.Now()
	last, limit := began, firstFrameLimit
	for !c.stopping() {
		frame := c.box.Writing()
		asked := time.Now()
		err := stream.Read(c.stop, frame)
		now := time.Now()
		switch {
		case err == nil:
			last, limit = now, nextFrameLimit
			frame.PTS = now.Sub(began)
			c.box.Publish()
		case c.stopping():
			return
		case errors.Is(err, ErrNoPicture) && now.Sub(last) < limit:
			pause.Unless(c.stop, readPause-now.Sub(asked))
		case errors.Is(err, ErrNoPicture):
			c.lose(fmt.Errorf("%w: no frame for %v: %w", call.ErrDeviceLost, limit, err))
			return
		default:
			c.lose(err)
			return
		}
	}
}

// ReadFrame implements [call.VideoCapture].
func (c *videoCapture) ReadFrame(dst *call.VideoFrame) error {
	for {
		if err := c.ended(); err != nil {
			return err
		}
		if frame, fresh := c.box.Take(); fresh {
			*dst, *frame = *frame, *dst // the reader's buffers go round instead
			return nil
		}
		select {
		case <-c.box.Ready():
		case <-c.stop:
		case <-c.lost:
		}
	}
}
