package ui

import (
	"time"

	"fyne.io/fyne/v2"
)

// placeEvery is how often the window is looked for, so that it comes back where it
// was however the program ends.
const placeEvery = time.Second

// shown puts a window that has just appeared where it was, within a screen that is
// there, and begins to watch it.
func (o *outside) shown() {
	if o.cfg.Frame != nil {
		o.frame = o.cfg.Frame(o.win)
	}
	if o.frame == nil {
		return
	}
	usual := fyne.NewSize(windowWidth, windowHeight)
	fit, at, moves := o.place.Fit(o.place.Size(usual), o.win.Canvas().Scale(), o.frame.Areas())
	if fit != o.place.Size(usual) {
		o.win.Resize(fit)
	}
	if moves {
		o.frame.Move(at)
	}
	if o.place.Maximized {
		o.frame.Maximize()
	}
	o.placeAt = o.cfg.Now()
	o.frame.OnHidden(o.setHidden)
}

// watchWindow remembers where the window is. It is written down when it has
// rested there.
func (o *outside) watchWindow(now time.Time) {
	if o.frame == nil || now.Sub(o.placeAt) < placeEvery {
		return
	}
	o.placeAt = now
	was := o.place
	o.lookForWindow()
	if o.place == was && o.set.Window != o.place {
		o.set.Window = o.place
		o.save()
	}
}

// lookForWindow takes over where the window is now. A full screen ends with the room:
// it is no place to come back to.
func (o *outside) lookForWindow() {
	if o.frame == nil || o.hidden || o.win.FullScreen() {
		return
	}
	o.place.Maximized = o.frame.Maximized()
	at, known := o.frame.Position()
	if !known || o.place.Maximized {
		return
	}
	size := o.win.Canvas().Size()
	o.place.X, o.place.Y, o.place.Width, o.place.Height = at.X, at.Y, size.Width, size.Height
}
