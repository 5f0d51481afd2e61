// Package opening opens windows, and says when there is none.
package opening

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"

	"foyer/engine/call"
)

// Show shows a window and reports whether it is really there: Fyne logs that it
// could not make one, and goes on without it. The error is call.ErrNoDisplay.
func Show(w fyne.Window) error {
	w.Show()
	native, ok := w.(driver.NativeWindow)
	if !ok {
		return nil // of the test driver
	}
	there := true
	native.RunNative(func(context any) {
		switch c := context.(type) {
		case driver.X11WindowContext:
			there = c.WindowHandle != 0
		case driver.WaylandWindowContext:
			there = c.WaylandSurface != 0
		case driver.WindowsWindowContext:
			there = c.HWND != 0
		case driver.MacWindowContext:
			there = c.NSWindow != 0
		}
	})
	if !there {
		return call.ErrNoDisplay
	}
	return nil
}
