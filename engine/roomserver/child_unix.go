//go:build unix && !linux

package roomserver

import "syscall"

// processAttributes puts the server into a process group of its own, so that
// Ctrl-C in a terminal ends the window first.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
