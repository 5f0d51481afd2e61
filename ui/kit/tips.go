package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/access"
	"foyer/ui/theme"
)

const tipDelay = 500 * time.Millisecond

// Tips shows one tooltip at a time above a window's content. A nil *Tips shows
// none. Tick drives it.
type Tips struct {
	Layer *fyne.Container // lay it over the content
	box   *fyne.Container
	text  *Text
	owner fyne.CanvasObject
	words string
	since time.Time // of the hover, zero until the first Tick sees it
}

// NewTips returns the layer.
func NewTips() *Tips {
	t := &Tips{text: NewText("")}
	t.text.TextSize = theme.TextSmall
	t.box = On(NewPanel(theme.Toast, 6).WithStroke(theme.Border), Pad(t.text, 5, 8, 5, 8))
	t.box.Hide()
	t.Layer = access.Label(container.New(&unplaced{}, t.box), access.RoleNone, "")
	return t
}

func (t *Tips) enter(owner fyne.CanvasObject, words string) {
	if t == nil || words == "" {
		return
	}
	t.hide()
	t.owner, t.words, t.since = owner, words, time.Time{}
}

func (t *Tips) leave(owner fyne.CanvasObject) {
	if t != nil && t.owner == owner {
		t.hide()
	}
}

func (t *Tips) hide() {
	t.owner = nil
	SetVisible(t.box, false)
}

// Tick shows the tooltip once the pointer has rested long enough.
func (t *Tips) Tick(now time.Time) {
	switch {
	case t.owner == nil || t.box.Visible():
	case t.since.IsZero():
		t.since = now
	case now.Sub(t.since) >= tipDelay:
		t.show()
	}
}

func (t *Tips) show() {
	t.text.Set(t.words)
	size := t.box.MinSize()
	d := fyne.CurrentApp().Driver()
	at := d.AbsolutePositionForObject(t.owner).Subtract(d.AbsolutePositionForObject(t.Layer))
	x := at.X + (t.owner.Size().Width-size.Width)/2
	y := at.Y - size.Height - 8
	if y < 4 {
		y = at.Y + t.owner.Size().Height + 8
	}
	x = max(4, min(x, t.Layer.Size().Width-size.Width-4))
	t.box.Resize(size)
	t.box.Move(fyne.NewPos(x, y))
	t.box.Show()
}

// unplaced leaves its objects where they are.
type unplaced struct{}

func (*unplaced) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }
func (*unplaced) Layout([]fyne.CanvasObject, fyne.Size) {}
