package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// focusable is the part of a control that knows whether the pointer is on it, and
// whether it has the keyboard's focus. Space and Enter press the control; other
// keys and characters go on to the window, so that its shortcuts work wherever the focus is.
type focusable struct {
	of               control
	more             []fyne.KeyName // that press it, too
	hovered, focused bool
}

// control is what a focusable is part of.
type control interface {
	fyne.Widget
	fyne.Tappable
}

// MouseIn implements desktop.Hoverable.
func (f *focusable) MouseIn(*desktop.MouseEvent) {
	f.hovered = true
	f.of.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (f *focusable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (f *focusable) MouseOut() {
	f.hovered = false
	f.of.Refresh()
}

// FocusGained implements fyne.Focusable.
func (f *focusable) FocusGained() {
	f.focused = true
	f.of.Refresh()
}

// FocusLost implements fyne.Focusable.
func (f *focusable) FocusLost() {
	f.focused = false
	f.of.Refresh()
}

// TypedRune implements fyne.Focusable.
func (f *focusable) TypedRune(r rune) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(f.of); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// TypedKey implements fyne.Focusable.
func (f *focusable) TypedKey(k *fyne.KeyEvent) {
	if IsPress(k.Name) || slices.Contains(f.more, k.Name) {
		f.of.Tapped(nil)
		return
	}
	PassOn(f.of, k)
}

// IsPress reports whether a key presses the control that has the focus.
func IsPress(k fyne.KeyName) bool {
	return k == fyne.KeySpace || k == fyne.KeyReturn || k == fyne.KeyEnter
}

// PassOn gives a key that a control does not want to the window.
func PassOn(o fyne.CanvasObject, k *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(k)
	}
}

// PassShortcut gives the window a shortcut of its own that the control with the
// focus has got, as Fyne asks only that one.
func PassShortcut(o fyne.CanvasObject, s fyne.Shortcut) {
	if _, own := s.(*desktop.CustomShortcut); !own {
		return
	}
	if c, ok := fyne.CurrentApp().Driver().CanvasForObject(o).(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}
