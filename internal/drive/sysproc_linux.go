package drive

import (
	"os/exec"
	"syscall"
)

// Bind makes a child the leader of its own process group, so that it can be
// signalled with what it starts, and ends it when we die without a word.
func Bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// become makes a child run as another user; 0 is ours. Only root may.
func become(cmd *exec.Cmd, uid uint32) {
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	}
}

// KillGroup ends a process that is bound, and what it has started.
func KillGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
