package ui

import (
	"errors"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/desk"
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
			if err := desk.Open(nativeWindow{w, context}); there != (err == nil) || err != nil && !errors.Is(err, call.ErrNoDisplay) {
				t.Errorf("%T, there: %v: %v", context, there, err)
			}
		}
	}
}

// Without a window no device opens, whatever the settings allow.
func TestNothingOpensWithoutAWindow(t *testing.T) {
	engined := &fakeEngine{refuse: map[string]error{}}
	u := New(Config{
		App: newApp(t), Do: engined.do, Events: eventqueue.New(), Dispatch: func(f func()) { f() },
		Settings: &memory{set: Settings{Name: "Ada", Asked: true, CameraOn: true}},
	})
	u.refresh()
	u.win = nativeWindow{u.win, driver.X11WindowContext{}}
	if err := u.Show(); !errors.Is(err, call.ErrNoDisplay) {
		t.Errorf("shown: %v", err)
	}
	u.refresh()
	if len(engined.done) != 0 {
		t.Errorf("the engine is told %v", engined.done)
	}
	u.close()
}
