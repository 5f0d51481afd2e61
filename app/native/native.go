// Package native is the window as its window system knows it: minimized,
// maximized, and where on the screens. Fyne says none of that, but it draws with
// GLFW, which does.
//
// Everything belongs to Fyne's main goroutine.
package native

import (
	"image"

	"fyne.io/fyne/v2"
	"github.com/go-gl/glfw/v3.3/glfw"

	"foyer/ui/desk"
)

// frame is a window of GLFW's.
type frame struct{ w *glfw.Window }

// Of returns the window below one of Fyne's that is shown, nil if there is none.
//
// Fyne keeps it for itself. But it makes the window's OpenGL context the current
// one to run something in it, and GLFW tells whose that is.
func Of(w fyne.Window) desk.Frame {
	drawn, ok := w.(interface{ RunWithContext(f func()) })
	if !ok {
		return nil // of the test driver
	}
	var f frame
	drawn.RunWithContext(func() { f.w = glfw.GetCurrentContext() })
	if f.w == nil {
		return nil
	}
	return f
}

// OnHidden implements [desk.Frame].
func (f frame) OnHidden(hidden func(bool)) {
	f.w.SetIconifyCallback(func(_ *glfw.Window, iconified bool) { hidden(iconified) })
	if f.Minimized() {
		hidden(true)
	}
}

// Position implements [desk.Frame].
func (f frame) Position() (at image.Point, ok bool) {
	if !positioned() {
		return image.Point{}, false
	}
	x, y := f.w.GetPos()
	return image.Pt(x, y), true
}

// Move implements [desk.Frame].
func (f frame) Move(to image.Point) {
	if positioned() {
		f.w.SetPos(to.X, to.Y)
	}
}

// Focused implements atspi.Frame.
func (f frame) Focused() bool { return f.w.GetAttrib(glfw.Focused) == glfw.True }

// Minimized implements atspi.Frame.
func (f frame) Minimized() bool { return f.w.GetAttrib(glfw.Iconified) == glfw.True }

// Maximized implements [desk.Frame].
func (f frame) Maximized() bool { return f.w.GetAttrib(glfw.Maximized) == glfw.True }

// Maximize implements [desk.Frame].
func (f frame) Maximize() { f.w.Maximize() }

// Raise implements [desk.Frame].
func (f frame) Raise() {
	if f.Minimized() {
		f.w.Restore()
	}
}

// Minimize implements [desk.Frame].
func (f frame) Minimize() { f.w.Iconify() }

// Above implements [desk.Frame]. GLFW has for it _NET_WM_STATE_ABOVE on X11,
// HWND_TOPMOST on Windows, and the window's level on macOS; a Wayland compositor lets
// no window ask for it.
func (frame) Above(show func()) {
	glfw.WindowHint(glfw.Floating, glfw.True)
	glfw.WindowHint(glfw.FocusOnShow, glfw.False)
	defer glfw.WindowHint(glfw.Floating, glfw.False)
	defer glfw.WindowHint(glfw.FocusOnShow, glfw.True)
	show()
}

// Areas implements [desk.Frame].
func (f frame) Areas() []image.Rectangle {
	var areas []image.Rectangle
	for _, m := range glfw.GetMonitors() {
		x, y, w, h := m.GetWorkarea()
		if w > 0 && h > 0 {
			areas = append(areas, image.Rect(x, y, x+w, y+h))
		}
	}
	return areas
}
