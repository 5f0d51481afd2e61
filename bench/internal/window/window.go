//go:build linux

// Package window measures what the program's window costs while it shows a room,
// beside Chromium with LiveKit's own client, and how soon it is there.
package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/internal/desktop"
)

// What the window's cost is measured with, and for how long.
const (
	settle  = 4 * time.Second // decoders, layouts and caches come to rest
	measure = 10 * time.Second
	starts  = 40 // of the window, for its first pixel

	unseenShare = 0.3 // of its cost, that a window may have which nobody sees
)

func tileCounts() []int { return []int{1, 4, 9} }

// Names of what is shown.
const emptyRoom = "an empty room"

func tilesShown(n int) string {
	return fmt.Sprintf("%d remote tiles %dx%d@%d", n, people.FilmWidth, people.FilmHeight, people.FilmFPS)
}

func loads() []string {
	all := []string{emptyRoom}
	for _, n := range tileCounts() {
		all = append(all, tilesShown(n))
	}
	return all
}

// Costs are what it costs to show something, by what is shown: Foyer's first, then
// Chromium's.
type Costs map[string][]cost

// Foyer measures what it costs to receive, decode and show remote cameras.
func (c Costs) Foyer(ctx context.Context, b *harness.Bench) error {
	return seated(ctx, b, "tiles", func(r *harness.Room, s *seat) error {
		if err := s.enter(ctx, b, r); err != nil {
			return err
		}
		idle, err := spend(ctx, []int{s.window.PID})
		if err != nil {
			return err
		}
		c.add(b, "Foyer", emptyRoom, idle)
		return c.tiles(ctx, b, r.Link, "Foyer", func() []int { return []int{s.window.PID} }, s.eyes,
			func(seen cost) error { return s.unseen(ctx, b, seen) })
	})
}

// unseen measures the window while it is minimized in the same room, beside what it
// cost when it was seen.
func (s *seat) unseen(ctx context.Context, b *harness.Bench, seen cost) error {
	windows := s.eyes.Windows(ctx, "Foyer")
	if len(windows) == 0 {
		return errors.New("there is no window to minimize")
	}
	if err := s.eyes.Minimize(ctx, windows[0]); err != nil {
		return err
	}
	used, err := spend(ctx, []int{s.window.PID})
	if err != nil {
		return err
	}
	what := fmt.Sprintf("Foyer, minimized with %s", tilesShown(tileCounts()[len(tileCounts())-1]))
	b.Table.Row(what, used.String(), fmt.Sprintf("<= %s of the row before", report.Percent(unseenShare)),
		used.cpu <= unseenShare*seen.cpu)
	return nil
}

// tiles adds publishers and measures the processes that show them. last is called with
// what the most tiles cost, while they are there; it may be nil.
func (c Costs) tiles(
	ctx context.Context, b *harness.Bench, link, who string, pids func() []int, eyes *desktop.Desktop,
	last func(cost) error,
) (err error) {
	p, err := people.NewPublishers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var used cost
	for _, n := range tileCounts() {
		if err := p.Grow(ctx, link, n); err != nil {
			return err
		}
		strips, err := findTiles(ctx, eyes, n)
		if err != nil {
			return fmt.Errorf("%s with %d tiles: %w", who, n, err)
		}
		if used, err = spend(ctx, pids()); err != nil {
			return err
		}
		// Afterwards: looking costs the display's time, too.
		if used.fps, err = shown(ctx, eyes, strips); err != nil {
			return err
		}
		c.add(b, who, tilesShown(n), used)
	}
	if last == nil {
		return nil
	}
	return last(used)
}

// add tells what something cost. The test patterns must be seen moving, or a
// window that shows nothing would be praised.
func (c Costs) add(b *harness.Bench, who, load string, used cost) {
	c[load] = append(c[load], used)
	wanted := ""
	if len(used.fps) > 0 && who == "Foyer" {
		wanted = fmt.Sprintf(">= %d frames per second in each tile", leastFPS)
	}
	b.Table.Row(who+", "+load, used.String(), wanted, len(used.fps) == 0 || slices.Min(used.fps) >= leastFPS)
}
