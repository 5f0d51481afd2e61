//go:build linux

// Package sharing measures how well a text that somebody shares can be read, and what it
// takes.
package sharing

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
)

const (
	still     = 4 * time.Second
	scroll    = 2 * time.Second
	settled   = 2 * time.Second // after which a text must be sharp
	speed     = 20              // pixels a frame
	jump      = 1500            // pixels
	lookAt    = 200 * time.Millisecond
	leastSSIM = 0.99
	mostRate  = 400 // kbit/s
)

// phase is a part of what is done to the page.
type phase struct {
	jump, scroll int
	last         time.Duration
}

// phases are those of a reader: still, scroll, still, jump, scroll, still.
func phases() []phase {
	return []phase{{0, 0, still}, {0, speed, scroll}, {0, 0, still}, {jump, 0, still}, {0, speed, scroll}, {0, 0, still}}
}

// Text measures a page of text in a room of two.
func Text(ctx context.Context, b *harness.Bench) (err error) {
	page, err := drawPage(filepath.Join(b.Root, "docs", "architecture.md"))
	if err != nil {
		return err
	}
	r, err := b.OpenRoom(ctx, "text")
	if err != nil {
		return err
	}
	defer r.Close()
	link, err := call.ParseLink(r.Link)
	if err != nil {
		return err
	}
	shown := &screen{page: page}
	same := func(d call.Devices) call.Devices { return d }
	reader, err := people.NewStation(devices.Drivers{}, same)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Stop()) }()
	eyes := newEyes(reader)
	defer eyes.close()
	sharer, err := people.NewStation(devices.Drivers{Screen: shown}, same)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sharer.Stop()) }()
	none := engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone, Speaker: call.DeviceNone}
	if err := reader.Do(engine.Join{Link: link, Name: "Reader", Identity: "reader", Devices: none}); err != nil {
		return err
	}
	none.Screen = true
	if err := sharer.Do(engine.Join{Link: link, Name: "Sharer", Identity: "sharer", Devices: none}); err != nil {
		return err
	}
	if err := eyes.open(ctx); err != nil {
		return err
	}
	if err := harness.Pause(ctx, still); err != nil { // the first key frame is the join's
		return err
	}
	var found result
	for _, p := range phases() {
		if err := found.look(ctx, p, shown, eyes); err != nil {
			return err
		}
	}
	return found.row(b.Table)
}

// result is what was seen so far.
type result struct {
	bits, seconds map[bool]float64 // by whether the page moved
	ssim          []float64        // SSIM of each look at a settled page
}

// look looks at one phase.
func (r *result) look(ctx context.Context, p phase, shown *screen, eyes *eyes) error {
	if r.bits == nil {
		r.bits, r.seconds = map[bool]float64{}, map[bool]float64{}
	}
	before, err := eyes.bytes(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	shown.set(p.jump, p.scroll)
	for time.Since(start) < p.last {
		if err := harness.Pause(ctx, lookAt); err != nil {
			return err
		}
		if img, _ := eyes.slot.Latest(); p.scroll == 0 && time.Since(start) > settled && img != nil {
			r.ssim = append(r.ssim, SSIM(shown.shown(), img))
		}
	}
	after, err := eyes.bytes(ctx)
	if err != nil {
		return err
	}
	moves := p.scroll > 0
	r.bits[moves] += 8 * float64(after-before)
	r.seconds[moves] += time.Since(start).Seconds()
	return nil
}

func (r *result) row(t *report.Table) error {
	if len(r.ssim) == 0 {
		return errors.New("no frame of the page was seen")
	}
	kbit := func(moves bool) float64 { return r.bits[moves] / r.seconds[moves] / 1000 }
	all := (r.bits[true] + r.bits[false]) / (r.seconds[true] + r.seconds[false]) / 1000
	ssim := report.Times(r.ssim)
	t.Row(fmt.Sprintf("Shared text of %dx%d, worst SSIM when settled", width, height),
		fmt.Sprintf("%.4f, median %.4f (%d looks)", ssim.At(0), ssim.At(.5), len(ssim)),
		fmt.Sprintf(">= %.2f", leastSSIM), ssim.At(0) >= leastSSIM)
	t.Row("... on average",
		fmt.Sprintf("%.0f kbit/s (%.0f still, with a jump; %.0f scrolling)", all, kbit(false), kbit(true)),
		fmt.Sprintf("<= %d kbit/s", mostRate), all <= mostRate)
	return nil
}

// eyes look at what one receives.
type eyes struct {
	of      *people.Station
	slot    *call.FrameSlot // once opened is closed
	opened  chan struct{}
	reports chan uint64 // bytes received
	stop    chan struct{}
	done    sync.WaitGroup
}

func newEyes(of *people.Station) *eyes {
	e := &eyes{of: of, opened: make(chan struct{}), reports: make(chan uint64, 1), stop: make(chan struct{})}
	e.done.Go(func() {
		for {
			select {
			case <-e.stop:
				return
			case <-of.Events().Ready():
				events, _ := of.Events().Take()
				for _, event := range events {
					e.note(event.Event)
				}
			}
		}
	})
	return e
}

func (e *eyes) close() {
	close(e.stop)
	e.done.Wait()
}

func (e *eyes) note(event call.Event) {
	switch event := event.(type) {
	case call.TrackSubscribed:
		if event.Slot != nil && e.slot == nil {
			e.slot = event.Slot
			e.slot.SetView(call.View{Width: width, Height: height, Fit: call.FitContain})
			close(e.opened)
		}
	case call.StatsReported:
		for _, r := range event.Remote {
			select {
			case e.reports <- r.Bytes:
			default: // nobody has asked
			}
		}
	default:
	}
}

// open waits for the first frame.
func (e *eyes) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	select {
	case <-e.opened:
	case <-ctx.Done():
		return fmt.Errorf("nothing is shared: %w", ctx.Err())
	}
	for e.slot.Seq() == 0 {
		if err := harness.Pause(ctx, harness.LookAgain); err != nil {
			return fmt.Errorf("no frame of the page came: %w", err)
		}
	}
	return nil
}

// bytes asks how many bytes of the share were received so far.
func (e *eyes) bytes(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	if err := e.of.Do(engine.Stats{}); err != nil {
		return 0, err
	}
	select {
	case n := <-e.reports:
		return n, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("what was received: %w", ctx.Err())
	}
}
