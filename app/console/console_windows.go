// Package console connects a program for the desktop with the terminal that it was
// started from, on Windows.
package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// attachParent is ATTACH_PARENT_PROCESS.
const attachParent = ^uintptr(0)

// Attach replaces [os.Stdin], [os.Stdout] and [os.Stderr] by the console of the parent
// process, if it has one, where they are not redirected. Windows gives none to a
// program that is linked without a console, and one that is linked with it would open
// a black window whenever somebody starts it from the desktop.
func Attach() {
	missing := func(f *os.File) bool {
		kind, err := windows.GetFileType(windows.Handle(f.Fd()))
		return err != nil || kind == windows.FILE_TYPE_UNKNOWN
	}
	noIn, noOut, noErr := missing(os.Stdin), missing(os.Stdout), missing(os.Stderr)
	if !noIn && !noOut && !noErr {
		return
	}
	attach := windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole")
	if done, _, _ := attach.Call(attachParent); done == 0 { // started from the desktop
		return
	}
	if in, err := os.OpenFile("CONIN$", os.O_RDWR, 0); err == nil && noIn {
		os.Stdin = in
	}
	if out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0); err == nil {
		if noOut {
			os.Stdout = out
		}
		if noErr {
			os.Stderr = out
		}
	}
}
