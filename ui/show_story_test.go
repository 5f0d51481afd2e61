package ui

import (
	"errors"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// nativeWindow is a window as a toolkit has it that could, or could not, make it.
type nativeWindow struct {
	fyne.Window
	context any
}

func (n nativeWindow) RunNative(f func(context any)) { f(n.context) }

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
