//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"foyer/internal/desktop"
	"foyer/internal/drive"
)

// What the window's cost is measured with, and for how long.
const (
	settle  = 4 * time.Second // decoders, layouts and caches come to rest
	measure = 10 * time.Second
	starts  = 40 // of the window, for its first pixel
)

func tileCounts() []int { return []int{1, 4, 9} }

// Names of what is shown.
const emptyRoom = "an empty room"

func tilesShown(n int) string {
	return fmt.Sprintf("%d remote tiles %dx%d@%d", n, tileWidth, tileHeight, tileFPS)
}

func loads() []string {
	all := []string{emptyRoom}
	for _, n := range tileCounts() {
		all = append(all, tilesShown(n))
	}
	return all
}

// Colours of the window's buttons (ui/theme).
func accent() color.RGBA { return color.RGBA{0xF2, 0xA3, 0x3A, 255} }
func danger() color.RGBA { return color.RGBA{0xC9, 0x3B, 0x3B, 255} }

// seat is a display with a window on it.
type seat struct {
	display *drive.Display
	eyes    *desktop.Desktop
	window  *drive.Process
}

func (b *bench) seat(ctx context.Context) (*seat, error) {
	display, err := drive.StartDisplay(ctx, true)
	if err != nil {
		return nil, err
	}
	eyes, err := desktop.Open(display)
	if err != nil {
		display.Close()
		return nil, err
	}
	return &seat{display: display, eyes: eyes}, nil
}

func (s *seat) close() {
	if s.window != nil {
		s.window.Close(drive.CloseGrace)
	}
	s.eyes.Close()
	s.display.Close()
}

// open starts the program's window; nothing is on but what is received.
func (b *bench) open(s *seat, args ...string) error {
	profile, err := b.folder("profile")
	if err != nil {
		return err
	}
	settings, err := json.Marshal(map[string]any{"name": "Viewer", "preview_asked": true, "microphone_off": true})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "settings.json"), settings, 0o600); err != nil {
		return err
	}
	s.window, err = drive.Start(drive.Command{
		Name: "window", Path: b.foyer.Bin, Args: append(args, "--profile", profile), Logs: b.foyer.Work,
		Env: append(s.display.Env(), "FYNE_SCALE=1", "FYNE_THEME=dark", "WAYLAND_DISPLAY=", "PULSE_SERVER=unix:/nonexistent"),
	})
	return err
}

// find waits for a button of that colour.
func (s *seat) find(ctx context.Context, c color.RGBA) (found desktop.Blob, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var failed error
	err = drive.Until(ctx, func() bool {
		img, err := s.eyes.Screen()
		if err != nil {
			failed = err
			return true
		}
		for _, b := range desktop.Blobs(img, c, 6, 800) {
			if b.Pixels > found.Pixels {
				found = b
			}
		}
		return found.Pixels > 0
	})
	return found, errors.Join(err, failed)
}

// firstPixel measures from the start of the program to the first pixel of its
// window that the screen shows.
func (b *bench) firstPixel(ctx context.Context) error {
	var cold, shown times
	for i := range min(starts, b.rounds) + 1 {
		took := &shown
		if i == 0 {
			took = &cold // reads the program from the disk, and fills Mesa's cache of shaders
		}
		if err := b.firstPixelOnce(ctx, took); err != nil {
			return err
		}
	}
	b.table.row("First start of all -> first pixel of the window", cold.only(), "", true)
	b.table.row("Start -> first pixel of the window", shown.String(), "p95 <= 500 ms", shown.at(.95) <= 500)
	return nil
}

func (b *bench) firstPixelOnce(ctx context.Context, shown *times) error {
	s, err := b.seat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The middle of the window; without one it is black.
	middle := image.Rect(600, 360, 680, 440)
	start := time.Now()
	if err := b.open(s); err != nil {
		return err
	}
	err = drive.Until(ctx, func() bool {
		img, err := s.eyes.Look(middle)
		return err == nil && img.RGBAAt(middle.Min.X, middle.Min.Y) != color.RGBA{A: 255}
	})
	shown.add(time.Since(start))
	return err
}

// window measures what it costs to receive, decode and show remote cameras.
func (b *bench) window(ctx context.Context) error {
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
	if err := b.open(s, r.link); err != nil {
		return err
	}
	join, err := s.find(ctx, accent())
	if err != nil {
		return fmt.Errorf("the join button: %w", err)
	}
	if err := s.eyes.Click(ctx, join.Centre()); err != nil {
		return err
	}
	if _, err := s.find(ctx, danger()); err != nil {
		return fmt.Errorf("the room: %w", err)
	}
	idle, err := spend(ctx, []int{s.window.PID})
	if err != nil {
		return err
	}
	b.spent("Foyer", emptyRoom, idle)
	return b.tiles(ctx, r.link, "Foyer", func() []int { return []int{s.window.PID} }, s.eyes)
}

// tiles adds publishers and measures the processes that show them.
func (b *bench) tiles(ctx context.Context, link, who string, pids func() []int, eyes *desktop.Desktop) (err error) {
	p, err := newPublishers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for _, n := range tileCounts() {
		if err := p.grow(ctx, link, n); err != nil {
			return err
		}
		strips, err := findTiles(ctx, eyes, n)
		if err != nil {
			return fmt.Errorf("%s with %d tiles: %w", who, n, err)
		}
		used, err := spend(ctx, pids())
		if err != nil {
			return err
		}
		// Afterwards: looking costs the display's time, too.
		if used.fps, err = shown(ctx, eyes, strips); err != nil {
			return err
		}
		b.spent(who, tilesShown(n), used)
	}
	return nil
}

// spent tells what something cost. The test patterns must be seen moving, or a
// window that shows nothing would be praised.
func (b *bench) spent(who, load string, c cost) {
	b.loads[load] = append(b.loads[load], c)
	wanted := ""
	if len(c.fps) > 0 && who == "Foyer" {
		wanted = fmt.Sprintf(">= %d frames per second in each tile", leastFPS)
	}
	b.table.row(who+", "+load, c.String(), wanted, len(c.fps) == 0 || slices.Min(c.fps) >= leastFPS)
}

// cost is what processes use.
type cost struct {
	cpu, renderer float64 // share of a core; the second part drew in software
	rss, pss      int64
	fps           []float64 // that each tile showed
}

func (c cost) rate() string {
	if len(c.fps) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", slices.Min(c.fps))
}

func (c cost) String() string {
	drawn := ""
	if c.renderer > 0 {
		drawn = fmt.Sprintf(" (%s without llvmpipe)", percent(c.cpu-c.renderer))
	}
	moved := ""
	if len(c.fps) > 0 {
		moved = fmt.Sprintf(", %s frames per second in the slowest tile", c.rate())
	}
	return fmt.Sprintf("CPU %s of a core%s, RSS %s, PSS %s%s", percent(c.cpu), drawn, megabytes(c.rss), megabytes(c.pss), moved)
}

// spend lets the processes run and counts.
func spend(ctx context.Context, pids []int) (c cost, err error) {
	if err := pause(ctx, settle); err != nil {
		return c, err
	}
	before, start := cpu(pids), time.Now()
	if err := pause(ctx, measure); err != nil {
		return c, err
	}
	after, took := cpu(pids), time.Since(start).Seconds()
	c.cpu, c.renderer = (after.cpu-before.cpu)/took, (after.renderer-before.renderer)/took
	for _, pid := range pids {
		rss, pss, err := drive.Memory(pid)
		if err != nil {
			continue // a helper process that has ended
		}
		c.rss, c.pss = c.rss+rss, c.pss+pss
	}
	return c, nil
}

func cpu(pids []int) (c cost) {
	for _, pid := range pids {
		threads, err := drive.CPU(pid)
		if err != nil {
			continue // a helper process that has ended
		}
		for name, s := range threads {
			c.cpu += s
			if strings.HasPrefix(name, "llvmpipe") {
				c.renderer += s
			}
		}
	}
	return c
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
