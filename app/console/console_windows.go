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

// Alert shows a text in a box of the system's, which needs no OpenGL, and returns when the
// user has read it. It does nothing where [os.Stderr] leads somewhere: there it was printed.
func Alert(title, text string) {
	if !missing(os.Stderr) {
		return
	}
	t, err := windows.UTF16PtrFromString(title)
	if err != nil {
		return
	}
	s, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return
	}
	_, _ = windows.MessageBox(0, s, t, windows.MB_OK|windows.MB_ICONERROR)
}

// missing reports whether a file of the program's start leads nowhere.
func missing(f *os.File) bool {
	kind, err := windows.GetFileType(windows.Handle(f.Fd()))
	return err != nil || kind == windows.FILE_TYPE_UNKNOWN
}
