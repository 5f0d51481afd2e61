package devices

import (
	"errors"
	"fmt"
	"sync"

	"foyer/engine/call"
)

// handle is what every open device shares: who it is, and the way from the
// request to stop until the release. The owner goroutine calls settle, lose and
// finish, each at most once; the rest is for anybody.
type handle struct {
	asked call.Device // what was to be opened
	info  call.Device // final when settled is closed

	stopOnce sync.Once
	stop     chan struct{} // closed: the owner shall stop
	settled  chan struct{} // closed: opening has succeeded or failed
	lost     chan struct{} // closed: the device has gone away
	released chan struct{} // closed: the operating system has it back

	openErr  error // final when settled is closed
	lostErr  error // final when lost is closed
	closeErr error // final when released is closed
}

func newHandle(info call.Device) *handle {
	return &handle{
		asked:    info,
		info:     info,
		stop:     make(chan struct{}),
		settled:  make(chan struct{}),
		lost:     make(chan struct{}),
		released: make(chan struct{}),
	}
}

// Info says what is open.
func (h *handle) Info() call.Device { return h.info }

// Close implements [call.Handle].
func (h *handle) Close() error {
	h.requestStop()
	<-h.released
	return h.closeErr
}

// Lost implements [call.Handle].
func (h *handle) Lost() <-chan struct{} { return h.lost }

// LostErr implements [call.Handle]; nil while the device is there.
func (h *handle) LostErr() error {
	if isClosed(h.lost) {
		return h.lostErr
	}
	return nil
}

func (h *handle) requestStop() { h.stopOnce.Do(func() { close(h.stop) }) }

func (h *handle) stopping() bool { return isClosed(h.stop) }

// live tells a device in use from one that is opening or going.
func (h *handle) live() bool {
	return isClosed(h.settled) && h.openErr == nil && !h.stopping() && !isClosed(h.lost)
}

func (h *handle) settle(err error) {
	h.openErr = err
	close(h.settled)
}

func (h *handle) lose(err error) {
	h.lostErr = call.DeviceErrorOf(h.info, lossOf(err))
	close(h.lost)
}

func (h *handle) finish(err error) {
	if err != nil {
		h.closeErr = call.DeviceErrorOf(h.info, err)
	}
	close(h.released)
}

// ended is the error of a read that cannot go on; nil while it can. Close wins
// over a loss, because a reader that was closed has nothing to report.
func (h *handle) ended() error {
	if h.stopping() {
		return call.ErrClosed
	}
	return h.LostErr()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// lossOf makes an error into one that says that the device is gone, unless it
// tells something better.
func lossOf(err error) error {
	for _, known := range []error{
		call.ErrDeviceLost, call.ErrNoSoundServer, call.ErrFileUnreadable, call.ErrDeviceForbidden,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", call.ErrDeviceLost, err)
}
