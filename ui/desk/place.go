package desk

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
)

// Frame is the window as the window system knows it, where Fyne says nothing.
type Frame interface {
	// OnHidden has f called whenever the window is minimized or comes back.
	OnHidden(f func(hidden bool))
	// Position is where the window's content begins, in pixels of the desktop; ok
	// is false where the window system does not say.
	Position() (at image.Point, ok bool)
	// Move puts it there.
	Move(to image.Point)
	// Maximized reports whether the window fills its screen.
	Maximized() bool
	// Maximize makes it fill its screen.
	Maximize()
	// Raise brings a minimized window back.
	Raise()
	// Minimize minimizes it.
	Minimize()
	// Above runs show. A window that it shows stays above all others, and does not
	// ask for the keyboard.
	Above(show func())
	// Areas lists what of each screen windows may take, in pixels of the desktop.
	Areas() []image.Rectangle
}

// Place is where a window is. X and Y are pixels of the desktop, which spans all
// screens; Width and Height are of the window's content, whatever the scale. Of
// a maximized window they say where it goes back to.
type Place struct {
	X         int     `json:"x"`
	Y         int     `json:"y"`
	Width     float32 `json:"width"`
	Height    float32 `json:"height"`
	Maximized bool    `json:"maximized"`
}

// known reports whether a window was ever there. What is stored may be anything.
func (p Place) known() bool {
	const most = 1 << 15
	ok := func(v float32) bool { return v >= 1 && v <= most && !math.IsNaN(float64(v)) }
	return ok(p.Width) && ok(p.Height) && p.X >= -most && p.X <= most && p.Y >= -most && p.Y <= most
}

// Size is the size that a window begins with: that of its place, else the usual
// one.
func (p Place) Size(usual fyne.Size) fyne.Size {
	if !p.known() {
		return usual
	}
	return fyne.NewSize(p.Width, p.Height)
}

// What a window manager may put above and beside a window, in units. How much it is is
// known when the window is there, and a window manager that has placed one does not move
// it when it becomes smaller.
const (
	barHeight   = 40
	borderWidth = 8
)

// Fit makes a size fit into the screen on which a window of that place is, with
// so many pixels to a unit. moves is set when the window was on a screen that is
// still there; then it goes to at.
func (p Place) Fit(size fyne.Size, scale float32, areas []image.Rectangle) (fit fyne.Size, at image.Point, moves bool) {
	if len(areas) == 0 || scale <= 0 {
		return size, image.Point{}, false
	}
	pixels := image.Pt(int(size.Width*scale), int(size.Height*scale))
	area, on := areas[0], false
	if p.known() {
		middle := image.Pt(p.X, p.Y).Add(pixels.Div(2))
		for _, a := range areas {
			if middle.In(a) {
				area, on = a, true
			}
		}
	}
	most := area.Size()
	if !on {
		most = most.Sub(image.Pt(int(2*borderWidth*scale), int(barHeight*scale)))
	}
	pixels = image.Pt(min(pixels.X, most.X), min(pixels.Y, most.Y))
	fit = fyne.NewSize(min(size.Width, float32(pixels.X)/scale), min(size.Height, float32(pixels.Y)/scale))
	if !on {
		return fit, image.Point{}, false
	}
	at = image.Pt(
		max(area.Min.X, min(p.X, area.Max.X-pixels.X)),
		max(area.Min.Y, min(p.Y, area.Max.Y-pixels.Y)),
	)
	return fit, at, true
}
