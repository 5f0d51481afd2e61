package hw

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/yuv"
)

// cameras implements devices.VideoDriver.
type cameras struct {
	log   logrus.FieldLogger
	mu    sync.Mutex // held while cameras are looked for
	nodes *nodes
	ids   sync.Map // by file, of those that were opened
}

// List lists what is plugged in. What is open stays open.
func (c *cameras) List() ([]call.Device, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list(), nil
}

// enumerate has mediadevices look for cameras, which opens them. Only the manager
// forgets the driver of what is open: the stream holds it.
func (c *cameras) enumerate() {
	// On Linux Initialize does this itself, elsewhere it would register
	// everything twice.
	for _, d := range found() {
		driver.GetManager().Delete(d.ID())
	}
	camera.Initialize()
}

// found lists the manager's cameras, the best first.
func found() []driver.Driver {
	list := driver.GetManager().Query(driver.FilterDeviceType(driver.Camera))
	slices.SortFunc(list, func(a, b driver.Driver) int {
		return cmp.Or(
			cmp.Compare(b.Info().Priority, a.Info().Priority),
			cmp.Compare(a.Info().Label, b.Info().Label))
	})
	return list
}

// cameraID is what stays the same while a camera is plugged in: on Linux its
// name in /dev/v4l/by-id, if it has one. mediadevices' own IDs change with every
// enumeration.
func cameraID(d driver.Driver) string {
	id, _, _ := strings.Cut(d.Info().Label, camera.LabelSeparator)
	return id
}

// Open opens a camera in the mode that is nearest to want.
func (c *cameras) Open(id string, want devices.Want) (devices.VideoStream, error) {
	d, ok := c.find(id)
	if !ok {
		return nil, call.ErrDeviceMissing
	}
	if err := permit(call.SourceCamera); err != nil {
		return nil, err
	}
	c.ids.Store(node(d), id)
	if err := d.Open(); err != nil {
		return nil, openError(err)
	}
	mode, ok := nearest(d.Properties(), want)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%w: it offers no format that can be read", call.ErrDeviceFailed), d.Close())
	}
	// Without a rate some drivers send one frame a second.
	unknownRate := mode.FrameRate == 0
	if unknownRate {
		mode.FrameRate = float32(want.FPS)
	}
	reader, err := record(d, mode)
	if err != nil && unknownRate {
		if err = d.Open(); err == nil {
			mode.FrameRate = 0
			reader, err = record(d, mode)
		}
	}
	if err != nil {
		return nil, openError(err)
	}
	c.log.WithFields(logrus.Fields{
		"camera": id, "width": mode.Width, "height": mode.Height, "fps": mode.FrameRate, "format": mode.FrameFormat,
	}).Debug("camera opened")
	return &cameraStream{driver: d, reader: reader, fullRange: mode.FrameFormat == frameMJPEG}, nil
}

// record starts the stream. When that fails, the camera is closed.
func record(d driver.Driver, mode prop.Media) (video.Reader, error) {
	r, err := d.(driver.VideoRecorder).VideoRecord(mode) // closes itself on errors
	if err != nil {
		if e := unmap(d); e != nil {
			err = fmt.Errorf("%w; %w", err, e)
		}
	}
	return r, err
}

func (c *cameras) find(id string) (driver.Driver, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 {
		for _, d := range found() {
			if cameraID(d) == id && d.Status() == driver.StateClosed && c.current(d) {
				return d, true
			}
		}
		c.enumerate()
	}
	return nil, false
}

// cameraStream implements devices.VideoStream.
type cameraStream struct {
	driver    driver.Driver
	reader    video.Reader
	fullRange bool
}

func (s *cameraStream) Read(_ <-chan struct{}, dst *call.VideoFrame) error {
	img, release, err := s.reader.Read()
	if err != nil {
		return readError(err)
	}
	defer release()
	ycc, ok := img.(*image.YCbCr)
	if !ok {
		return fmt.Errorf("%w: a frame of type %T", call.ErrDeviceFailed, img)
	}
	if err := yuv.FromYCbCr(dst, ycc, s.fullRange); err != nil {
		return fmt.Errorf("%w: %w", devices.ErrNoPicture, err)
	}
	return nil
}

func (s *cameraStream) Close() error { return s.driver.Close() }

// openError tells the causes apart. blackjack/webcam flattens some errors into
// text.
func openError(err error) error {
	text := strings.ToLower(err.Error())
	is := func(target error, word string) bool {
		return errors.Is(err, target) || strings.Contains(text, word)
	}
	switch {
	case is(syscall.EBUSY, "busy"), strings.Contains(text, "in use"):
		return fmt.Errorf("%w: %w", call.ErrDeviceBusy, err)
	case is(fs.ErrPermission, "permission denied"), strings.Contains(text, "not permitted"),
		strings.Contains(text, "denied"):
		return fmt.Errorf("%w: %w", call.ErrDeviceForbidden, err)
	case is(fs.ErrNotExist, "no such"), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%w: %w", call.ErrDeviceMissing, err)
	default:
		return fmt.Errorf("%w: %w", call.ErrDeviceFailed, err)
	}
}

// readError tells a lost camera from one that merely has no frame now: a
// timeout (on macOS it looks like the end of a file), a damaged JPEG, or EIO,
// which V4L2 calls a temporary problem.
func readError(err error) error {
	errno, ok := errors.AsType[syscall.Errno](err)
	if ok && !errno.Temporary() && errno != syscall.EIO && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", call.ErrDeviceLost, err)
	}
	return fmt.Errorf("%w: %w", devices.ErrNoPicture, err)
}
