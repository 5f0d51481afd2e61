//go:build linux

package window

import (
	"context"
	"image"
	"image/color"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// FirstPixel measures from the start of the program to the first pixel of its
// window that the screen shows.
func FirstPixel(ctx context.Context, b *harness.Bench) error {
	var cold, shown report.Times
	for i := range min(starts, b.Rounds) + 1 {
		took := &shown
		if i == 0 {
			took = &cold // reads the program from the disk, and fills Mesa's cache of shaders
		}
		if err := firstPixelOnce(ctx, b, took); err != nil {
			return err
		}
	}
	b.Table.Row("First start of all -> first pixel of the window", cold.Only(), "", true)
	b.Table.Row("Start -> first pixel of the window", shown.String(), "p95 <= 500 ms", shown.At(.95) <= 500)
	return nil
}

func firstPixelOnce(ctx context.Context, b *harness.Bench, shown *report.Times) error {
	s, err := newSeat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	// The middle of the window; without one it is black.
	middle := image.Rect(600, 360, 680, 440)
	start := time.Now()
	if err := s.open(b, []string{"PULSE_SERVER=unix:/nonexistent"}); err != nil {
		return err
	}
	err = drive.Until(ctx, func() bool {
		img, err := s.eyes.Look(middle)
		return err == nil && img.RGBAAt(middle.Min.X, middle.Min.Y) != color.RGBA{A: 255}
	})
	shown.Add(time.Since(start))
	return err
}
