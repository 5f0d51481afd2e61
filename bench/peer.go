//go:build linux

package main

import (
	"context"

	"foyer/internal/drive"
)

// peer lets Chromium with LiveKit's own client do the window's work: the same
// frames from the same server on a display of the same size.
func (b *bench) peer(ctx context.Context) error {
	r, err := b.room(ctx, "tiles")
	if err != nil {
		return err
	}
	defer r.close()
	s, err := b.seat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	browser, err := r.server.Browse(ctx, b.root, drive.BrowserOptions{Room: "tiles", ID: "viewer", Headful: true, Env: s.display.Env()})
	if err != nil {
		return err
	}
	defer browser.Close(drive.CloseGrace)
	if _, err := wait(ctx, browser, "joined", 0, nil); err != nil {
		return err
	}
	ready, err := wait(ctx, browser, "ready", 0, nil)
	if err != nil {
		return err
	}
	pids := func() []int { return drive.Tree(int(ready.Number("pid"))) }
	idle, err := spend(ctx, pids())
	if err != nil {
		return err
	}
	b.spent("Chromium", emptyRoom, idle)
	return b.tiles(ctx, r.link, "Chromium", pids, s.eyes)
}
