package hw

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"
	"golang.org/x/sys/unix"
)

// From linux/videodev2.h.
const (
	vidiocQuerycap        = 0x80685600
	v4l2CapVideoCapture   = 0x00000001
	v4l2CapDeviceCaps     = 0x80000000
	capabilityCapsOffset  = 84
	capabilityOwnOffset   = 88
	capabilityTotalLength = 104
)

// node is the camera's file.
func node(d driver.Driver) string {
	_, name, _ := strings.Cut(d.Info().Label, camera.LabelSeparator)
	return filepath.Join("/dev", name)
}

// usable tells cameras from the other nodes of the same hardware: a UVC camera
// has one for its metadata, which mediadevices takes for a camera. A node that
// we may not open stays in the list, so that choosing it tells why.
func usable(d driver.Driver) bool {
	fd, err := unix.Open(node(d), unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EBUSY)
	}
	defer func() { _ = unix.Close(fd) }()
	var c [capabilityTotalLength]byte
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), vidiocQuerycap, uintptr(unsafe.Pointer(&c))); errno != 0 {
		return false
	}
	caps := *(*uint32)(unsafe.Pointer(&c[capabilityCapsOffset]))
	if caps&v4l2CapDeviceCaps != 0 {
		caps = *(*uint32)(unsafe.Pointer(&c[capabilityOwnOffset]))
	}
	return caps&v4l2CapVideoCapture != 0
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
