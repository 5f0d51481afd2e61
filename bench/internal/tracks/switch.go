//go:build linux

// Package tracks measures tracks that go on: own frames while somebody switches
// rooms, and those of a camera, screen or microphone that is off and on again.
package tracks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/eventqueue"
	"foyer/internal/drive"
)

const (
	leastSwitches = 30
	settling      = 500 * time.Millisecond // that still belong to a switch
	previewWidth  = 320                    // pixels of our own frame on the screen
	previewHeight = 180
)

// Switches measures how soon the new room's frame is there when somebody goes
// from room to room with a camera, and whether their own frame misses any. The
// engine runs in this process, because only there each frame can be counted.
func Switches(ctx context.Context, b *harness.Bench) (err error) {
	r, err := b.OpenRoom(ctx, "first")
	if err != nil {
		return err
	}
	defer r.Close()
	text, err := r.Server.Invite(ctx, "second")
	if err != nil {
		return err
	}
	var links []call.Link
	for _, l := range []string{r.Link, text} {
		p, err := people.NewPublishers()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.Close()) }()
		if err := p.Grow(ctx, l, 1); err != nil {
			return err
		}
		link, err := call.ParseLink(l)
		if err != nil {
			return err
		}
		links = append(links, link)
	}
	w, err := newWanderer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	return wander(ctx, b, w, links)
}

func wander(ctx context.Context, b *harness.Bench, w *wanderer, links []call.Link) error {
	if _, err := w.arrive(ctx, engine.Join{
		Link: links[0], Name: "Wanderer", Identity: "wanderer",
		Devices: engine.Choice{Camera: call.DeviceTest, Microphone: call.DeviceNone, Speaker: call.DeviceNone},
	}); err != nil {
		return err
	}
	if err := w.preview(ctx); err != nil {
		return err
	}
	w.camera.begin()
	var seen report.Times
	rounds := max(leastSwitches, min(50, b.Rounds))
	for i := range rounds {
		if err := harness.Pause(ctx, harness.Apart); err != nil {
			return err
		}
		start := time.Now()
		w.camera.moves(true)
		at, err := w.arrive(ctx, engine.SwitchRoom{Link: links[(i+1)%2]})
		if err != nil {
			return fmt.Errorf("switch %d: %w", i, err)
		}
		seen.Add(at.Sub(start))
		if err := harness.Pause(ctx, settling); err != nil {
			return err
		}
		w.camera.moves(false)
	}
	got := w.camera.end()
	b.Table.Row("Switch -> first frame of the new room", seen.String(), "p95 <= 500 ms", seen.At(.95) <= 500)
	b.Table.Row(fmt.Sprintf("Own video during %d switches", rounds), got.String(),
		"0 missing, camera opened once", got.whole())
	return nil
}

// wanderer is a station with a camera whose frames are counted.
type wanderer struct {
	*people.Station
	camera *countedDevices
}

func newWanderer() (*wanderer, error) {
	w := &wanderer{camera: new(countedDevices)}
	var err error
	w.Station, err = people.NewStation(devices.Drivers{}, func(d call.Devices) call.Devices {
		w.camera.Devices = d
		return w.camera
	})
	return w, err
}

// arrive goes to a room and returns when its first remote frame could be
// painted.
func (w *wanderer) arrive(ctx context.Context, cmd engine.Command) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	w.take() // what was before
	if err := w.Do(cmd); err != nil {
		return time.Time{}, err
	}
	joined := false
	for {
		select {
		case <-w.Events().Ready():
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
		for _, e := range w.take() {
			switch e := e.Event.(type) {
			case call.Joined:
				joined = true
			case call.CommandFailed:
				return time.Time{}, e.Err
			case call.Left:
				if e.Reason != call.ReasonSwitched {
					return time.Time{}, fmt.Errorf("left: %v", e.Reason)
				}
			case call.TrackSubscribed:
				if joined && e.Slot != nil {
					return painted(ctx, e.Slot)
				}
			default:
			}
		}
	}
}

// take takes the events, and shows our own frame.
func (w *wanderer) take() []eventqueue.Stamped {
	events, _ := w.Events().Take()
	for _, e := range events {
		if p, is := e.Event.(call.PreviewStarted); is && p.Slot != nil {
			p.Slot.SetView(call.View{Width: previewWidth, Height: previewHeight})
			w.camera.shownIn(p.Slot)
		}
	}
	return events
}

// preview waits until our own frame is shown.
func (w *wanderer) preview(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	return drive.Until(ctx, func() bool {
		w.take()
		return w.camera.showing()
	})
}

// painted waits for the first frame of a slot.
func painted(ctx context.Context, slot *call.FrameSlot) (time.Time, error) {
	slot.SetView(call.View{Width: people.FilmWidth, Height: people.FilmHeight})
	for {
		if img, _ := slot.Latest(); img != nil {
			return time.Now(), nil
		}
		if err := harness.Pause(ctx, time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}
