//go:build !linux

package hw

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/screen"
	"github.com/pion/mediadevices/pkg/io/video"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/pause"
)

// screens implements devices.VideoDriver over mediadevices.
type screens struct{}

func newScreens() *screens { return &screens{} }

func (*screens) List() ([]call.Device, error) {
	for _, d := range foundScreens() {
		driver.GetManager().Delete(d.ID())
	}
	screen.Initialize()
	var list []call.Device
	for i, d := range foundScreens() {
		list = append(list, call.Device{
			Source: call.SourceScreen, ID: d.Info().Label, Name: fmt.Sprintf("Screen %d", i+1),
			Default: d.Info().Priority == driver.PriorityHigh,
		})
	}
	return list, nil
}

func foundScreens() []driver.Driver {
	list := driver.GetManager().Query(driver.FilterDeviceType(driver.Screen))
	slices.SortFunc(list, func(a, b driver.Driver) int { return cmp.Compare(a.Info().Label, b.Info().Label) })
	return list
}

func (*screens) Open(id string, want devices.Want) (devices.VideoStream, error) {
	for _, d := range foundScreens() {
		if d.Info().Label != id || d.Status() != driver.StateClosed {
			continue
		}
		if err := d.Open(); err != nil {
			return nil, openError(err)
		}
		modes := d.Properties()
		if len(modes) == 0 {
			return nil, errors.Join(fmt.Errorf("%w: it offers no frame", call.ErrDeviceFailed), d.Close())
		}
		reader, err := d.(driver.VideoRecorder).VideoRecord(modes[0])
		if err != nil {
			return nil, openError(err)
		}
		return &screenStream{driver: d, reader: reader, want: want, every: time.Second / time.Duration(want.FPS)}, nil
	}
	return nil, call.ErrDeviceMissing
}

// screenStream implements devices.VideoStream.
type screenStream struct {
	driver   driver.Driver
	reader   video.Reader
	want     devices.Want
	every    time.Duration
	next     time.Time
	shrinker shrinker
}

// Read keeps the pace itself: mediadevices' reader does not wait here.
func (s *screenStream) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	now := time.Now()
	if s.next = s.next.Add(s.every); s.next.Before(now) {
		s.next = now
	}
	if !pause.Unless(stop, s.next.Sub(now)) {
		return devices.ErrStopped
	}
	img, release, err := s.reader.Read()
	if err != nil {
		return fmt.Errorf("%w: %w", devices.ErrNoPicture, err)
	}
	defer release()
	rgba, ok := img.(*image.RGBA)
	if !ok {
		return fmt.Errorf("%w: a frame of type %T", call.ErrDeviceFailed, img)
	}
	src := pixels{data: rgba.Pix, stride: rgba.Stride, width: rgba.Rect.Dx(), height: rgba.Rect.Dy()}
	s.shrinker.convert(dst, src, s.want.Width, s.want.Height)
	return nil
}

func (s *screenStream) Close() error { return s.driver.Close() }
