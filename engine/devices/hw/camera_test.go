package hw

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"foyer/engine/call"
	"foyer/engine/devices"
)

// What a read's error means: a camera that is gone, or one without a frame
// now, of which package devices has its fill after a while.
func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{syscall.ENODEV, call.ErrDeviceLost},
		{syscall.ENXIO, call.ErrDeviceLost},
		{syscall.EBADF, call.ErrDeviceLost},
		{syscall.EIO, devices.ErrNoPicture},
		{syscall.EAGAIN, devices.ErrNoPicture},
		{syscall.EINTR, devices.ErrNoPicture},
		{io.EOF, devices.ErrNoPicture},
		{errors.New("damaged JPEG"), devices.ErrNoPicture},
	} {
		got := readError(fmt.Errorf("read: %w", c.err))
		if !errors.Is(got, c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v becomes %v, want %v", c.err, got, c.want)
		}
	}
}
