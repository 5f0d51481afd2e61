package video

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

const ringWidth = 3

// frame rounds a tile's corners, by laying four small masks in the colour of
// the stage over them, and draws the ring of somebody who speaks. Fyne would
// shade a rounded rectangle over the whole tile on every paint; this touches
// the edges alone.
type frame struct {
	speaking bool
	corners  [4]*canvas.Raster // clockwise from the top left
	edges    [4]*canvas.Rectangle
}

func newFrame() *frame {
	f := &frame{}
	for i := range f.corners {
		f.corners[i] = canvas.NewRaster(func(w, h int) image.Image { return f.corner(i, w, h) })
		f.corners[i].ScaleMode = canvas.ImageScalePixels
		f.edges[i] = canvas.NewRectangle(color.Transparent)
		f.edges[i].Hide()
	}
	return f
}

func (f *frame) objects() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, e := range f.edges {
		all = append(all, e)
	}
	for _, c := range f.corners {
		all = append(all, c)
	}
	return all
}

func (f *frame) set(speaking bool) {
	f.speaking = speaking
	for _, e := range f.edges {
		e.FillColor = theme.Color(theme.Success)
		kit.SetVisible(e, speaking)
	}
}

func (f *frame) layout(size fyne.Size) {
	r := float32(theme.RadiusCard)
	right, bottom := size.Width-r, size.Height-r
	for i, at := range []fyne.Position{{}, {X: right}, {X: right, Y: bottom}, {Y: bottom}} {
		f.corners[i].Move(at)
		f.corners[i].Resize(fyne.NewSquareSize(r))
	}
	w, h := size.Width-2*r, size.Height-2*r
	f.edge(0, r, 0, w, ringWidth)
	f.edge(1, size.Width-ringWidth, r, ringWidth, h)
	f.edge(2, r, size.Height-ringWidth, w, ringWidth)
	f.edge(3, 0, r, ringWidth, h)
}

func (f *frame) edge(i int, x, y, w, h float32) {
	f.edges[i].Move(fyne.NewPos(x, y))
	f.edges[i].Resize(fyne.NewSize(w, h))
}

// corner draws one mask: the stage outside of the arc, the ring along it, and
// nothing inside.
func (f *frame) corner(i, w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	stage, ring := premultiplied(theme.Color(theme.Background)), premultiplied(theme.Color(theme.Success))
	radius := float64(min(w, h))
	thick := radius * ringWidth / theme.RadiusCard
	for y := range h {
		for x := range w {
			// Distance from the arc's centre, which is the mask's inner corner.
			dx, dy := float64(w)-float64(x)-0.5, float64(h)-float64(y)-0.5
			if i == 1 || i == 2 {
				dx = float64(x) + 0.5
			}
			if i == 2 || i == 3 {
				dy = float64(y) + 0.5
			}
			d := math.Hypot(dx, dy)
			outside := clamp(d - radius + 0.5)
			var onRing float64
			if f.speaking {
				onRing = clamp(d-(radius-thick)+0.5) * (1 - outside)
			}
			img.SetRGBA(x, y, mix(stage, outside, ring, onRing))
		}
	}
	return img
}

func clamp(v float64) float64 { return math.Max(0, math.Min(1, v)) }

func premultiplied(c color.Color) color.RGBA { return color.RGBAModel.Convert(c).(color.RGBA) }

func mix(a color.RGBA, wa float64, b color.RGBA, wb float64) color.RGBA {
	part := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*wa + float64(y)*wb)) }
	return color.RGBA{R: part(a.R, b.R), G: part(a.G, b.G), B: part(a.B, b.B), A: part(a.A, b.A)}
}
