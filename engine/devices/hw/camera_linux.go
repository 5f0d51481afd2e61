package hw

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"
	"golang.org/x/sys/unix"

	"foyer/engine/call"
)

// list lists the cameras. Their files are opened once at most, and where udev knows
// them not at all: a camera's light does not blink while somebody chooses among them,
// and a camera that another program uses is left alone.
func (c *cameras) list() []call.Device {
	var list []call.Device
	for _, n := range c.nodes.list() {
		list = append(list, call.Device{Source: call.SourceCamera, ID: n.id, Name: n.name, Default: len(list) == 0})
	}
	return list
}

// current reports whether mediadevices knows a camera by the file that it has now: it
// may have been plugged in again.
func (c *cameras) current(d driver.Driver) bool {
	file, known := c.nodes.file(cameraID(d))
	return !known || file == filepath.Base(node(d))
}

// node is the camera's file.
func node(d driver.Driver) string {
	_, name, _ := strings.Cut(d.Info().Label, camera.LabelSeparator)
	return filepath.Join("/dev", name)
}

// unmap gives back what a stream that could not be started has left: when the
// camera refuses to start, for want of USB bandwidth for instance, blackjack's
// webcam forgets the buffers that it has mapped, and the kernel keeps the camera
// busy, for us as well, until the process ends.
func unmap(d driver.Driver) error {
	if isOpen(node(d)) {
		return nil // by another part of the process, which uses its buffers
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(strings.TrimSpace(line), " "+node(d)) {
			continue
		}
		var from, to uintptr
		if _, e := fmt.Sscanf(line, "%x-%x", &from, &to); e != nil {
			return fmt.Errorf("memory map: %w", e)
		}
		if _, _, errno := unix.Syscall(unix.SYS_MUNMAP, from, to-from, 0); errno != 0 {
			err = errors.Join(err, errno)
		}
	}
	return err
}

// isOpen reports whether this process has a file open; if in doubt, it has.
func isOpen(path string) bool {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if target, _ := os.Readlink(filepath.Join(dir, e.Name())); target == path {
			return true
		}
	}
	return err != nil
}
