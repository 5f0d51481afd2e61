//go:build linux

package window

import (
	"context"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
)

// Chromium lets Chromium with LiveKit's own client do the window's work: the same
// frames from the same server on a display of the same size.
func (c Costs) Chromium(ctx context.Context, b *harness.Bench) error {
	return seated(ctx, b, "tiles", func(r *harness.Room, s *seat) error {
		browser, err := r.Browse(ctx, b.Root, drive.BrowserOptions{
			Room: "tiles", ID: "viewer", Headful: true, Env: append(s.display.Env(), r.Pulse.Env()...),
		})
		if err != nil {
			return err
		}
		defer browser.Close(drive.CloseGrace)
		ready, err := harness.Wait(ctx, browser, "ready", 0, nil)
		if err != nil {
			return err
		}
		pids := func() []int { return drive.Tree(int(ready.Number("pid"))) }
		idle, err := spend(ctx, pids())
		if err != nil {
			return err
		}
		c.add(b, "Chromium", emptyRoom, idle)
		return c.tiles(ctx, b, r.Link, "Chromium", pids, s.eyes, nil)
	})
}
