//go:build linux

package e2e

import (
	"image"
	"slices"
	"testing"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// tile returns a place on the tile with the largest yellow bar, the second of eight.
func (w *window) tile() image.Point {
	w.t.Helper()
	b := slices.MaxFunc(w.bars(), func(a, b desktop.Blob) int { return a.Pixels - b.Pixels })
	return b.Min.Add(image.Pt(5*b.Dx()/2, b.Dy()/2))
}

// Two guests side by side: a double click makes one of them large and the other one
// small, another one takes that back. Then the full screen: the bar goes, and comes
// with the pointer.
func TestWindowPinsAndFillsTheScreen(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w := openWindowWith(t, f, "stage", map[string]any{"camera_on": false, "microphone_off": true})
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	link := w.invited()
	for _, name := range []string{"Grace", "Cyd"} {
		testenv.Join(t, f, drive.JoinOptions{Link: link, Name: name, ID: name, Args: []string{"--camera", smallFilm(t), "--stay"}}).Await("joined")
	}
	alike := func(bars []int) bool { return len(bars) >= 4 && bars[0] < 2*bars[3] }
	w.until("two tiles are alike", func() bool { return alike(w.yellow()) })
	w.shot("grid")
	must(t, w.DoubleClick(t.Context(), w.tile()))
	w.until("one tile is pinned", func() bool {
		bars := w.yellow()
		return len(bars) >= 4 && bars[1] > 4*bars[2]
	})
	w.shot("pinned")
	w.press("l")
	w.until("the tiles are alike again", func() bool { return alike(w.yellow()) })

	before := w.find("the leave button", danger)
	w.press("F11")
	gone := 0 // looks in a row: between the sizes of the window nothing is drawn
	w.until("the window fills the screen, alone", func() bool {
		gone++
		if len(w.buttons(danger)) > 0 {
			gone = 0
		}
		return gone > 20
	})
	w.shot("full")
	step := 0
	w.until("the bar comes with the pointer", func() bool {
		step++
		must(t, w.Point(t.Context(), w.Size().Div(2).Add(image.Pt(step%40, 0))))
		return len(w.buttons(danger)) > 0
	})
	if now := w.find("the leave button", danger); now.Centre() == before.Centre() {
		t.Errorf("the leave button is where it was, at %v", now.Centre())
	}
	w.press("Escape")
	w.until("the window is as before", func() bool {
		blobs := w.buttons(danger)
		return len(blobs) == 1 && blobs[0].Centre() == before.Centre()
	})
}
