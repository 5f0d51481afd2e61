package roomserver

import "syscall"

// processAttributes keeps the server from opening a console window, and Ctrl-C
// from reaching it before the window has left.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
