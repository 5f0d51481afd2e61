package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

// openDevice is a device that is open, and what its owner does with it.
type openDevice struct {
	run   func()       // until it shall stop, or the device is lost
	close func() error // gives it back to the operating system
}

// start starts the owner of a device and waits until it is open or the context ends, in
// which case the owner is left to close what still opens.
func (d *Devices) start(ctx context.Context, key string, h *handle, open func() (openDevice, error)) error {
	dev := h.info // the owner may write another one
	if err := d.claim(ctx, key, h); err != nil {
		return call.DeviceErrorOf(dev, err)
	}
	go d.own(key, h, open)
	return d.await(ctx, h, dev)
}

// own is the life of an owner goroutine: open, run, close, each once.
func (d *Devices) own(key string, h *handle, open func() (openDevice, error)) {
	s, err := guardDriver(open)
	h.settle(err)
	var closeErr error
	if err == nil {
		closeErr = d.live(h, s)
	}
	d.unclaim(key, h)
	h.finish(closeErr)
}

// live uses a device to its end.
func (d *Devices) live(h *handle, s openDevice) error {
	// The panic of a driver while it runs is the loss of its device.
	if err := guardErr(func() error { s.run(); return nil }); err != nil {
		h.lose(err)
	}
	began := time.Now()
	err := guardErr(s.close)
	log := d.log.WithField("source", h.info.Source.String()).WithField("took", time.Since(began))
	if err != nil {
		log.WithError(err).Warn("device closed with an error")
		return err
	}
	log.Debug("device closed")
	return nil
}

// await waits until the owner has opened the device or the context ends; then
// the owner is left to close what still opens. dev names the device in errors:
// the owner may still be writing its info.
func (d *Devices) await(ctx context.Context, h *handle, dev call.Device) error {
	select {
	case <-h.settled:
		if h.openErr == nil {
			return nil
		}
		<-h.released
		return call.DeviceErrorOf(dev, h.openErr)
	case <-ctx.Done():
		h.requestStop()
		return call.DeviceErrorOf(dev, interrupted(ctx, call.ErrDeviceFailed))
	}
}

// guardDriver runs a driver's function and makes its panic an error: some close
// channels twice.
func guardDriver[T any](f func() (T, error)) (T, error) {
	v, err := guard.Call(f)
	if p, ok := errors.AsType[*guard.PanicError](err); ok {
		err = fmt.Errorf("%w: driver panicked: %v", call.ErrDeviceFailed, p.Value)
	}
	return v, err
}

func guardErr(f func() error) error {
	_, err := guardDriver(func() (struct{}, error) { return struct{}{}, f() })
	return err
}
