//go:build linux

package people

import (
	"context"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/testpicture"
)

// NumberedFilm is the driver of a camera or screen whose frames, of the size of a film,
// are numbered without end, however often it is opened: a frame tells when it was taken.
type NumberedFilm struct {
	source call.Source
	every  time.Duration

	mu    sync.Mutex
	taken []time.Time // of each number
}

// NewNumberedFilm returns one that nobody has opened.
func NewNumberedFilm(source call.Source, fps int) *NumberedFilm {
	return &NumberedFilm{source: source, every: time.Second / time.Duration(fps)}
}

// Next is the number of the next frame.
func (n *NumberedFilm) Next() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.taken)
}

// Taken is when the frames were taken, by their number.
func (n *NumberedFilm) Taken() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.taken[:len(n.taken):len(n.taken)]
}

// take numbers a frame that is taken now.
func (n *NumberedFilm) take() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taken = append(n.taken, time.Now())
	return len(n.taken) - 1
}

// List implements [devices.VideoDriver].
func (n *NumberedFilm) List() ([]call.Device, error) {
	return []call.Device{{Source: n.source, ID: "film", Name: "film", Default: true}}, nil
}

// Open implements [devices.VideoDriver].
func (n *NumberedFilm) Open(string, devices.Want) (devices.VideoStream, error) {
	return &filmReel{film: n, painter: testpicture.NewPainter(FilmWidth, FilmHeight), tick: time.NewTicker(n.every)}, nil
}

// filmReel is the film while it is open.
type filmReel struct {
	film    *NumberedFilm
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
	r.painter.Draw(dst, r.film.take())
	return nil
}

// Close implements [devices.VideoStream].
func (r *filmReel) Close() error {
	r.tick.Stop()
	return nil
}

// SizedDevices say how large the film is, so that no layer is larger.
func SizedDevices(d call.Devices) call.Devices { return sizedDevices{d} }

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
func (sizedFilm) Size() (width, height, fps int) { return FilmWidth, FilmHeight, 0 }
