package view

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"foyer/ui/uitest"
)

// shaded is how many pixels are computed for one paint of what is visible in o: a
// computer without a graphics card does that for every pixel of every object, whether
// another lies over it or not.
func shaded(o fyne.CanvasObject) (pixels float32) {
	uitest.Walk(o, func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *canvas.Rectangle:
			if bare(o.FillColor) && (bare(o.StrokeColor) || o.StrokeWidth == 0) {
				return
			}
		case *canvas.Text:
			if o.Text == "" {
				return
			}
		case *canvas.Image, *canvas.Raster, *canvas.Circle, *canvas.Line, *canvas.LinearGradient:
		default:
			return
		}
		pixels += o.Size().Width * o.Size().Height
	})
	return pixels
}

func bare(c color.Color) bool {
	if c == nil {
		return true
	}
	_, _, _, a := c.RGBA()
	return a == 0
}

// TestLittleIsShadedBesideVideo: each pixel of a video is computed once, and the bars
// and all that lies over it add little to the size of the window.
func TestLittleIsShadedBesideVideo(t *testing.T) {
	drawsMuch(t)
	for _, n := range []int{2, 3, 4} { // remote cameras of more are off
		s := newStand(t, normal, 0)
		s.enter(n)
		s.state.Stage.Hidden = true
		s.show() // asks for frames
		s.show()
		video := float32(0)
		for _, tile := range s.root.room.stage.tiles {
			if !tile.HasVideo() {
				t.Fatalf("%d people: there is no video", n)
			}
			video += tile.Size().Width * tile.Size().Height
		}
		window := normal.Width * normal.Height
		if rest := shaded(s.root.Content) - video; rest > 0.3*window {
			t.Errorf("%d people: beside %.2f of the window for video, %.2f are computed", n, video/window, rest/window)
		}
	}
}
