//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/matrix"
)

func inVM() bool { return os.Getenv("FOYER_VM") != "" }

// The camera is a real V4L2 device here, so this test runs where there is one:
// "make vm-test" starts a virtual machine. Besides what the process holds, a
// second program must be able to record from the camera once the participant has
// said that they have left, and while they live.
func TestL2_EveryWayOutFreesTheCamera(t *testing.T) {
	if !inVM() {
		t.Skip("needs a camera of the kernel's; runs in make vm-test")
	}
	table := matrix.New("vm")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-vm.json"))) })
	for _, e := range allExits() {
		t.Run(e.name, func(t *testing.T) {
			s := enter(t, e, nil, "--camera", "default")
			pid := s.p.PID
			s.afterwards = recordElsewhere
			leaveAndLook(t, e, s, table, []device{{"camera", func() bool { return drive.HoldsDevice(pid) }}})
		})
	}
}

// recordElsewhere lets a second program record from the camera.
func recordElsewhere(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "v4l2-ctl", "-d", "/dev/video0", "--stream-mmap", "--stream-count=1").CombinedOutput()
	if err != nil {
		t.Errorf("a second program cannot record: %v: %s", err, out)
	}
}
