package ime

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// followed has the keyboard; nil: no text field has.
var followed *field //nolint:gochecknoglobals // there is one keyboard

type field struct {
	shown fyne.CanvasObject
	entry *widget.Entry
}

// Follow lets the input method have the keys while o, which shows entry, has the
// keyboard, and keeps the candidates at its caret. Leave ends that.
func Follow(o fyne.CanvasObject, entry *widget.Entry) {
	followed = &field{o, entry}
	focus(true)
}

// Leave takes the keys from the input method, if it has them for o.
func Leave(o fyne.CanvasObject) {
	if followed != nil && followed.shown == o {
		followed = nil
		focus(false)
	}
}

// caret is where the caret ends below, in pixels of the window. What has scrolled
// away is at the entry's edge.
func caret() (x, y int, ok bool) {
	if followed == nil {
		return 0, 0, false
	}
	driver, entry := fyne.CurrentApp().Driver(), followed.entry
	canvas := driver.CanvasForObject(followed.shown)
	if canvas == nil {
		return 0, 0, false
	}
	line := fyne.MeasureText(" ", entry.Theme().Size(theme.SizeNameText), fyne.TextStyle{}).Height
	at, size := entry.CursorPosition(), followed.shown.Size()
	at.X, at.Y = min(at.X, size.Width), min(at.Y+line, size.Height)
	x, y = canvas.PixelCoordinateForPosition(driver.AbsolutePositionForObject(followed.shown).Add(at))
	return x, y, true
}
