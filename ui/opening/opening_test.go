package opening

import (
	"errors"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
)

// nativeWindow is a window as a toolkit has it that could, or could not, make it.
type nativeWindow struct {
	fyne.Window
	context any
}

func (n nativeWindow) RunNative(f func(context any)) { f(n.context) }

func TestAWindowThatIsNotThere(t *testing.T) {
	w := test.NewTempWindow(t, nil)
	for there, contexts := range map[bool][]any{
		true:  {driver.X11WindowContext{WindowHandle: 7}, driver.WindowsWindowContext{HWND: 7}, driver.MacWindowContext{NSWindow: 7}, driver.WaylandWindowContext{WaylandSurface: 7}, driver.UnknownContext{}},
		false: {driver.X11WindowContext{}, driver.WindowsWindowContext{}, driver.MacWindowContext{}, driver.WaylandWindowContext{}},
	} {
		for _, context := range contexts {
			if err := Show(nativeWindow{w, context}); there != (err == nil) || err != nil && !errors.Is(err, call.ErrNoDisplay) {
				t.Errorf("%T, there: %v: %v", context, there, err)
			}
		}
	}
}
