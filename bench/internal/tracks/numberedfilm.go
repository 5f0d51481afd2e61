//go:build linux

package tracks

import (
	"context"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/testpicture"
)

const filmWidth, filmHeight = 640, 360

// numberedFilm is the driver of a camera or screen whose frames are numbered
// without end, however often it is opened: a frame tells when it was taken.
type numberedFilm struct {
	source call.Source
	every  time.Duration

	mu     sync.Mutex
	number int
}

func newFilm(source call.Source, fps int) *numberedFilm {
	return &numberedFilm{source: source, every: time.Second / time.Duration(fps)}
}

// next is the number of the next frame.
func (n *numberedFilm) next() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.number
}

// List implements [devices.VideoDriver].
func (n *numberedFilm) List() ([]call.Device, error) {
	return []call.Device{{Source: n.source, ID: "film", Name: "film", Default: true}}, nil
}

// Open implements [devices.VideoDriver].
func (n *numberedFilm) Open(string, devices.Want) (devices.VideoStream, error) {
	return &filmReel{film: n, painter: testpicture.NewPainter(filmWidth, filmHeight), tick: time.NewTicker(n.every)}, nil
}

// filmReel is the film while it is open.
type filmReel struct {
	film    *numberedFilm
	painter *testpicture.Painter
	tick    *time.Ticker
}

// Read implements [devices.VideoStream].
func (r *filmReel) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	select {
	case <-r.tick.C:
	case <-stop:
		return devices.ErrStopped
	}
	r.film.mu.Lock()
	number := r.film.number
	r.film.number++
	r.film.mu.Unlock()
	r.painter.Draw(dst, number)
	return nil
}

// Close implements [devices.VideoStream].
func (r *filmReel) Close() error {
	r.tick.Stop()
	return nil
}

// sizedDevices say how large the film is, so that no layer is larger.
type sizedDevices struct{ call.Devices }

// Open implements [call.Devices].
func (d sizedDevices) Open(ctx context.Context, req call.DeviceRequest) (call.Capture, error) {
	c, err := d.Devices.Open(ctx, req)
	if v, is := c.(call.VideoCapture); err == nil && is {
		return sizedFilm{v}, nil
	}
	return c, err
}

type sizedFilm struct{ call.VideoCapture }

// Size implements [call.Sized].
func (sizedFilm) Size() (width, height, fps int) { return filmWidth, filmHeight, 0 }
