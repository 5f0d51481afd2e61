//go:build !linux

package drive

import (
	"os"
	"os/exec"
)

// Bind does nothing where the kernel cannot tie a child's life to ours.
func Bind(*exec.Cmd) {}

// become does nothing: only Linux's tests change the user.
func become(*exec.Cmd, uint32) {}

// KillGroup ends a process.
func KillGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
