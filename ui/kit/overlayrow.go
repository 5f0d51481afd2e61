package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// overlayRow is the part of a line that is pressed in a list over the window. It is lit
// while the keyboard is on it; the arrow keys go on to other lines.
type overlayRow struct {
	widget.BaseWidget
	of   control
	over func() *overlay // that the list is in
	lit  bool
}

func (r *overlayRow) light(on bool) {
	r.lit = on
	r.of.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (r *overlayRow) MouseMoved(*desktop.MouseEvent) {}

// FocusGained implements fyne.Focusable.
func (r *overlayRow) FocusGained() { r.light(true) }

// FocusLost implements fyne.Focusable.
func (r *overlayRow) FocusLost() { r.light(false) }

// TypedRune implements fyne.Focusable.
func (r *overlayRow) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (r *overlayRow) TypedKey(k *fyne.KeyEvent) {
	switch {
	case IsPress(k.Name):
		r.of.Tapped(nil)
	case k.Name == fyne.KeyEscape:
		r.over().dismiss()
	case k.Name == fyne.KeyDown:
		r.over().canvas.FocusNext()
	case k.Name == fyne.KeyUp:
		r.over().canvas.FocusPrevious()
	}
}

// overlayRowRenderer draws an icon and a text beside it.
type overlayRowRenderer struct {
	r      *overlayRow
	fill   *Panel
	icon   *Icon
	side   float32 // of the icon
	text   *Text
	indent float32 // of the text
	free   float32 // behind it
}

func (r *overlayRowRenderer) Destroy() {}

func (r *overlayRowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.fill, r.icon, r.text}
}

func (r *overlayRowRenderer) MinSize() fyne.Size {
	return fyne.NewSize(r.indent+r.text.MinWidth()+r.free, r.side+18)
}

func (r *overlayRowRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	r.icon.Move(fyne.NewPos(10, (size.Height-r.side)/2))
	r.icon.Resize(fyne.NewSquareSize(r.side))
	r.text.Move(fyne.NewPos(r.indent, 0))
	r.text.Resize(fyne.NewSize(size.Width-r.indent-8, size.Height))
}

func (r *overlayRowRenderer) Refresh() {
	fill := theme.Toast
	if r.r.lit {
		fill = theme.Hover
	}
	r.fill.SetFill(fill)
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
