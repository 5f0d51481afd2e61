package hw

import (
	"errors"
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

// usable tells cameras from the other nodes of the same hardware: a UVC camera
// has one for its metadata, which mediadevices takes for a camera. A node that
// we may not open stays in the list, so that choosing it tells why.
func usable(d driver.Driver) bool {
	_, node, ok := strings.Cut(d.Info().Label, camera.LabelSeparator)
	if !ok {
		return true
	}
	fd, err := unix.Open(filepath.Join("/dev", node), unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
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
