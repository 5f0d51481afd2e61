//go:build linux

package window

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

// How the frames that a tile really shows are counted.
const (
	leastFPS = 28 // of 30; a display of 60 Hz may drop one now and then
	looking  = 4 * time.Second
)

// findTiles waits until the screen shows n test patterns, and says where in each
// the line of cells lies that tell its number (engine/devices/testpicture).
func findTiles(ctx context.Context, eyes *desktop.Desktop, n int) (strips []image.Rectangle, err error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	err = drive.Until(ctx, func() bool {
		img, err := eyes.Screen()
		if err != nil {
			return false
		}
		strips = numbers(desktop.Blobs(img, color.RGBA{191, 192, 0, 255}, 16, 150))
		return len(strips) == n
	})
	return strips, err
}

// numbers pairs the two halves of each frame's yellow bar, the second of eight:
// the cells lie between them. A block that passes cuts a bar at times.
func numbers(bars []desktop.Blob) (strips []image.Rectangle) {
	for _, upper := range bars {
		w := 8 * upper.Dx()
		slack := 3 + w/200 // colours have half the resolution: edges are soft in large tiles
		for _, lower := range bars {
			gap := lower.Min.Y - upper.Max.Y
			if abs(upper.Min.X-lower.Min.X) > slack || abs(upper.Dx()-lower.Dx()) > slack ||
				abs(gap-w*9/16/8) > 2*slack {
				continue
			}
			left, y := upper.Min.X-w/8, upper.Max.Y+gap/2
			strips = append(strips, image.Rect(left+w/10, y, left+w*9/10, y+1))
		}
	}
	return strips
}

func abs(n int) int { return max(n, -n) }

// shown counts, by looking often, how many frames per second each tile shows.
func shown(ctx context.Context, eyes *desktop.Desktop, strips []image.Rectangle) ([]float64, error) {
	changes, last := make([]float64, len(strips)), make([][]byte, len(strips))
	start := time.Now()
	for time.Since(start) < looking {
		for i, s := range strips {
			img, err := eyes.Look(s)
			if err != nil {
				return nil, err
			}
			if last[i] != nil && !bytes.Equal(last[i], img.Pix) {
				changes[i]++
			}
			last[i] = img.Pix
		}
		if err := harness.Pause(ctx, harness.LookAgain); err != nil {
			return nil, err
		}
	}
	for i := range changes {
		changes[i] /= time.Since(start).Seconds()
	}
	return changes, nil
}
