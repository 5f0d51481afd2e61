package desktop

import (
	"context"
	"runtime"

	"golang.org/x/sys/windows"

	"foyer/ui/desk"
)

// windowsDesktop keeps Windows awake, and lets Fyne show notifications. It has no
// icon in the tray yet.
type windowsDesktop struct{}

func newSystem(*Desktop) system { return windowsDesktop{} }

// States of SetThreadExecutionState.
const (
	esSystemRequired  = 0x00000001
	esDisplayRequired = 0x00000002
	esContinuous      = 0x80000000
)

// setThreadExecutionState holds for the thread that calls it, until it ends or
// calls again.
var setThreadExecutionState = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadExecutionState")

// awakeThread is a thread that keeps the computer awake while it lives.
type awakeThread struct{ end, done chan struct{} }

func (windowsDesktop) hold(context.Context, desk.Stay) holder {
	return holdAwake(func(state uintptr) { _, _, _ = setThreadExecutionState.Call(state) })
}

// holdAwake calls ask on the thread, at its begin and its end.
func holdAwake(ask func(state uintptr)) awakeThread {
	t := awakeThread{end: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ask(esContinuous | esSystemRequired | esDisplayRequired)
		<-t.end
		ask(esContinuous)
	}()
	return t
}

func (awakeThread) show(context.Context, desk.Stay) {}

func (t awakeThread) release() {
	close(t.end)
	<-t.done
}

func (windowsDesktop) teller(context.Context) teller { return fyneNotes{} }
