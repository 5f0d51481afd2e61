package roomserver

import "syscall"

// processAttributes puts the server into a process group of its own, so that
// Ctrl-C in a terminal ends the window first, and lets the kernel end it after
// us.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
