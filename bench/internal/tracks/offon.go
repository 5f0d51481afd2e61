//go:build linux

package tracks

import (
	"context"
	"errors"
	"fmt"
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
	offOnPairs = 2           // of a talker and a far side, in a room each, at the same time
	offOnTimes = 5           // as many rounds as of other things
	darkAfter  = time.Second // without a new frame or audio somebody would ask what is wrong
)

// OffOn turns camera, screen and microphone off and on again, each for itself, and
// watches the far side until it has a frame or audio from afterwards. The tracks
// stay the same from the first round to the last.
func OffOn(ctx context.Context, b *harness.Bench) (err error) {
	r, err := b.OpenRoom(ctx, "pair1")
	if err != nil {
		return err
	}
	defer r.Close()
	rounds := max(1, b.Rounds*offOnTimes/offOnPairs)
	var all offOnResults
	var running sync.WaitGroup
	failed := make([]error, offOnPairs)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range offOnPairs {
		link, err := r.Server.Invite(ctx, fmt.Sprint("pair", i+1))
		if err != nil {
			return err
		}
		running.Go(func() {
			if failed[i] = offOnPair(ctx, link, rounds, &all); failed[i] != nil {
				cancel()
			}
		})
	}
	running.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	all.rows(b.Table, rounds*offOnPairs)
	return nil
}

// offOnResults are of all pairs.
type offOnResults struct {
	mu    sync.Mutex
	times map[call.Source]report.Times
	dark  int // rounds without anything new after darkAfter
	lost  int // times that a connection was said to be lost
}

func (r *offOnResults) add(source call.Source, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.times == nil {
		r.times = make(map[call.Source]report.Times)
	}
	t := r.times[source]
	t.Add(took)
	r.times[source] = t
	if took > darkAfter {
		r.dark++
	}
}

func (r *offOnResults) rows(t *report.Table, rounds int) {
	for _, source := range offOnSources() {
		what := "frame"
		if source.Kind() == call.KindAudio {
			what = "audio"
		}
		seen := r.times[source]
		t.Row(fmt.Sprintf("Off and on again, %s -> first new %s at the far side", source, what), seen.String(),
			"p95 <= 500 ms", seen.At(.95) <= 500)
	}
	t.Row(fmt.Sprintf("... of %d rounds of each, without after 1 s", rounds), fmt.Sprint(r.dark), "0", r.dark == 0)
	t.Row("... connections said to be lost", fmt.Sprint(r.lost), "0", r.lost == 0)
}

func offOnSources() []call.Source {
	return []call.Source{call.SourceCamera, call.SourceScreen, call.SourceMicrophone}
}

// offOnPair is one talker and one far side.
func offOnPair(ctx context.Context, text string, rounds int, all *offOnResults) (err error) {
	link, err := call.ParseLink(text)
	if err != nil {
		return err
	}
	camera, screen := people.NewNumberedFilm(call.SourceCamera, 30), people.NewNumberedFilm(call.SourceScreen, 15)
	films := devices.Drivers{Camera: camera, Screen: screen}
	talker, err := people.NewStation(films, people.SizedDevices)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, talker.Stop()) }()
	listener, err := people.NewStation(devices.Drivers{}, func(d call.Devices) call.Devices { return d })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listener.Stop()) }()
	far := newFarSide(listener)
	defer far.close()
	none := engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone, Speaker: call.DeviceNone}
	if err := listener.Do(engine.Join{Link: link, Name: "Listener", Identity: "listener", Devices: none}); err != nil {
		return err
	}
	own := newFarSide(talker)
	defer own.close()
	if err := talker.Do(engine.Join{Link: link, Name: "Talker", Identity: "talker", Devices: engine.Choice{
		Microphone: call.DeviceTest, Speaker: call.DeviceNone, Screen: true,
	}}); err != nil {
		return err
	}
	var running sync.WaitGroup
	failed := make([]error, len(offOnSources()))
	for i, source := range offOnSources() {
		o := &offOnSource{talker: talker, source: source, far: far, results: all}
		o.film = map[call.Source]*people.NumberedFilm{call.SourceCamera: camera, call.SourceScreen: screen}[source]
		running.Go(func() { failed[i] = o.rounds(ctx, rounds) })
	}
	running.Wait()
	all.mu.Lock()
	defer all.mu.Unlock()
	all.lost += far.lostSaid() + own.lostSaid()
	return errors.Join(append(failed, far.failure(), own.failure())...)
}

// offOnSource is a source of a talker and who watches it.
type offOnSource struct {
	talker  *people.Station
	source  call.Source
	film    *people.NumberedFilm // nil for audio
	far     *farSide
	results *offOnResults
}

func (o *offOnSource) rounds(ctx context.Context, n int) error {
	if _, err := o.await(ctx, 0); err != nil {
		return fmt.Errorf("%s, before the first round: %w", o.source, err)
	}
	for i := range n {
		if err := o.round(ctx, i); err != nil {
			return fmt.Errorf("%s, round %d: %w", o.source, i, err)
		}
	}
	return nil
}

// round is off and on again. How long each takes is different every time.
func (o *offOnSource) round(ctx context.Context, i int) error {
	if err := o.talker.Do(engine.Mute{Source: o.source}); err != nil {
		return err
	}
	off := func(f *farSide) bool { return f.muted[o.source] && (o.film != nil || f.level < quietLevel) }
	if err := o.far.until(ctx, off); err != nil {
		return fmt.Errorf("off: %w", err)
	}
	if err := harness.Pause(ctx, time.Duration(20+i*37%60*20)*time.Millisecond); err != nil {
		return err
	}
	from := 0
	if o.film != nil {
		from = o.film.Next()
	}
	start := time.Now()
	if err := o.talker.Do(engine.Unmute{Source: o.source}); err != nil {
		return err
	}
	at, err := o.await(ctx, from)
	if err != nil {
		return fmt.Errorf("on: %w", err)
	}
	o.results.add(o.source, at.Sub(start))
	if err := o.far.until(ctx, func(f *farSide) bool { return !f.muted[o.source] }); err != nil {
		return fmt.Errorf("on: %w", err)
	}
	on := time.Duration(100+i*53%50*10) * time.Millisecond
	if i%20 == 0 {
		on = 3 * time.Second
	}
	return harness.Pause(ctx, on)
}

// await waits for audio, or for a frame with that number or a later one.
func (o *offOnSource) await(ctx context.Context, from int) (at time.Time, err error) {
	err = o.far.until(ctx, func(f *farSide) bool {
		if o.film == nil {
			at = f.levelAt
			return f.level > loudLevel
		}
		seen := f.frames[o.source]
		at = seen.at
		return seen.known && int16(seen.number-from) >= 0 // numbers are of 16 bits
	})
	return at, err
}
