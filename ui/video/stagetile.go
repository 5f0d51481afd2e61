package video

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/ui/access"
	"foyer/ui/kit"
)

// StageTile is a tile of the stage: it can be pressed, and have the keyboard.
type StageTile struct {
	Tile
	OnDoubleTapped func()
	OnMenu         func(at fyne.Position) // asks for a menu, at a place of the window
}

// NewStageTile returns an empty tile of the stage.
func NewStageTile() *StageTile {
	t := &StageTile{}
	t.init()
	t.ExtendBaseWidget(t)
	return t
}

// DoubleTapped implements fyne.DoubleTappable.
func (t *StageTile) DoubleTapped(*fyne.PointEvent) {
	if t.OnDoubleTapped != nil {
		t.OnDoubleTapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (t *StageTile) TappedSecondary(e *fyne.PointEvent) { t.menu(e.AbsolutePosition) }

func (t *StageTile) menu(at fyne.Position) {
	if t.OnMenu != nil {
		t.OnMenu(at)
	}
}

// MouseDown implements desktop.Mouseable: a press on the stage takes the keyboard
// away from whatever has it.
func (t *StageTile) MouseDown(*desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil && c.Focused() != nil {
		c.Unfocus()
	}
}

// MouseUp implements desktop.Mouseable.
func (t *StageTile) MouseUp(*desktop.MouseEvent) {}

// Focused reports whether the tile has the keyboard.
func (t *StageTile) Focused() bool { return t.focused }

// FocusGained implements fyne.Focusable.
func (t *StageTile) FocusGained() { t.focus(true) }

// FocusLost implements fyne.Focusable.
func (t *StageTile) FocusLost() { t.focus(false) }

func (t *StageTile) focus(on bool) {
	t.focused = on
	t.Refresh()
}

// TypedRune implements fyne.Focusable.
func (t *StageTile) TypedRune(r rune) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// TypedKey implements fyne.Focusable. Enter asks for the menu; all other keys are
// the window's, even Space, which lets us speak while it is held.
func (t *StageTile) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter {
		t.press()
		return
	}
	kit.PassOn(t, k)
}

func (t *StageTile) press() {
	t.menu(fyne.CurrentApp().Driver().AbsolutePositionForObject(t).AddXY(chipMargin, chipMargin))
}

// Describe implements access.Describer.
func (t *StageTile) Describe(n *access.Node) {
	t.Tile.Describe(n)
	if t.OnMenu != nil {
		n.Press = t.press
	}
}

// KeyDown implements desktop.Keyable.
func (t *StageTile) KeyDown(k *fyne.KeyEvent) {
	if c := t.window(); c != nil && c.OnKeyDown() != nil {
		c.OnKeyDown()(k)
	}
}

// KeyUp implements desktop.Keyable.
func (t *StageTile) KeyUp(k *fyne.KeyEvent) {
	if c := t.window(); c != nil && c.OnKeyUp() != nil {
		c.OnKeyUp()(k)
	}
}

// window is the canvas that gets the keys which no control wants, nil where there
// is none.
func (t *StageTile) window() desktop.Canvas {
	c, _ := fyne.CurrentApp().Driver().CanvasForObject(t).(desktop.Canvas)
	return c
}
