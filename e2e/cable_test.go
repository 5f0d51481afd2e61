//go:build linux

package e2e

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"

	"foyer/internal/drive"
)

// layCable lays a cable between two network namespaces for the length of the
// test. Where nobody may make one the test is skipped; any other failure is one.
func layCable(t *testing.T) *drive.Cable {
	t.Helper()
	if err := mayMakeNetwork(); errors.Is(err, syscall.EPERM) {
		t.Skipf("a network that can be cut needs network namespaces; runs as root: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	cable, err := drive.NewCable(t.Context())
	must(t, err)
	t.Cleanup(cable.Close)
	return cable
}

// mayMakeNetwork tries what "ip netns add" asks the kernel for.
func mayMakeNetwork() error {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	return cmd.Run()
}
