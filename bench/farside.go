//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/testpicture"
)

const (
	farLook = 5 * time.Millisecond // how often the far side is looked at
	// The test tone has -20 dBov, which is a level of 0.67.
	loudLevel, quietLevel = 0.4, 0.1

	filmWidth, filmHeight = 640, 360
)

// farSide is what somebody in the room sees and hears of another one.
type farSide struct {
	*station
	stopped chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	slots   map[call.Source]*call.FrameSlot
	frames  map[call.Source]farFrame
	muted   map[call.Source]bool
	level   float32 // of the microphone
	levelAt time.Time
	lost    int
	failed  error
}

// farFrame is the newest one whose number could be read.
type farFrame struct {
	known  bool
	number int
	seq    uint64
	at     time.Time
}

// newFarSide looks with the eyes of s, whose events it takes.
func newFarSide(s *station) *farSide {
	f := &farSide{
		station: s, stopped: make(chan struct{}), done: make(chan struct{}),
		slots: make(map[call.Source]*call.FrameSlot), frames: make(map[call.Source]farFrame), muted: make(map[call.Source]bool),
	}
	go f.run()
	return f
}

func (f *farSide) close() {
	close(f.stopped)
	<-f.done
}

func (f *farSide) run() {
	defer close(f.done)
	tick := time.NewTicker(farLook)
	defer tick.Stop()
	for {
		select {
		case <-f.stopped:
			return
		case <-tick.C:
			_ = f.Do(engine.Stats{}) // not in the room yet, or no longer
			f.look()
		case <-f.Events().Ready():
			events, _ := f.Events().Take()
			for _, e := range events {
				f.note(e.Event)
			}
		}
	}
}

func (f *farSide) note(e call.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := e.(type) {
	case call.TrackSubscribed:
		if e.Slot != nil {
			e.Slot.SetView(call.View{Width: filmWidth / 2, Height: filmHeight / 2})
			f.slots[e.Track.Source] = e.Slot
		}
	case call.TrackMuted:
		f.muted[e.Track.Source] = true
	case call.TrackUnmuted:
		f.muted[e.Track.Source] = false
	case call.StatsReported:
		for _, r := range e.Remote {
			if r.Source == call.SourceMicrophone {
				f.level, f.levelAt = r.Level, time.Now()
			}
		}
	case call.QualityChanged:
		if e.Quality == call.QualityLost {
			f.lost++
		}
	case call.CommandFailed:
		f.failed = fmt.Errorf("%s %s: %w", e.Command, e.Source, e.Err)
	case call.TrackUnsubscribed:
		f.failed = fmt.Errorf("the %s has ended", e.Track.Source)
	default:
	}
}

// look reads the numbers of new frames.
func (f *farSide) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for source, slot := range f.slots {
		img, seq := slot.Latest()
		if img == nil || seq == f.frames[source].seq {
			continue
		}
		if number, ok := testpicture.ReadImage(img); ok {
			f.frames[source] = farFrame{known: true, number: number, seq: seq, at: time.Now()}
		}
	}
}

// until waits for something to be seen or heard.
func (f *farSide) until(ctx context.Context, is func(*farSide) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f.mu.Lock()
		failed, done := f.failed, is(f)
		f.mu.Unlock()
		switch {
		case failed != nil:
			return failed
		case done:
			return nil
		}
		if err := pause(ctx, farLook); err != nil {
			return err
		}
	}
}

func (f *farSide) lostSaid() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

func (f *farSide) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

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
