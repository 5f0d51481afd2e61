//go:build linux

package tracks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
)

const (
	farLook = 5 * time.Millisecond // how often the far side is looked at
	// The test tone has -20 dBov, which is a level of 0.67.
	loudLevel, quietLevel = 0.4, 0.1
)

// farSide is what somebody in the room sees and hears of another one.
type farSide struct {
	*people.Station
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
func newFarSide(s *people.Station) *farSide {
	f := &farSide{
		Station: s, stopped: make(chan struct{}), done: make(chan struct{}),
		slots: make(map[call.Source]*call.FrameSlot), frames: make(map[call.Source]farFrame),
		muted: make(map[call.Source]bool),
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
			e.Slot.SetView(call.View{Width: people.FilmWidth / 2, Height: people.FilmHeight / 2})
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
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
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
		if err := harness.Pause(ctx, farLook); err != nil {
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
