package devices

import (
	"context"
	"errors"
	"fmt"

	"foyer/engine/call"
)

// claim registers an opening. A device that is still closing, or whose abandoned
// opening has not come to an end, is waited for (contract L6). A video device
// that is in use by ourselves is busy; audio devices may be opened twice.
func (d *Devices) claim(ctx context.Context, key string, h *handle) error {
	for {
		waitFor, err := d.tryClaim(key, h)
		if err != nil || waitFor == nil {
			return err
		}
		select {
		case <-waitFor:
		case <-ctx.Done():
			return interrupted(ctx, call.ErrDeviceStuck)
		}
	}
}

// tryClaim registers h, or says what to wait for first.
func (d *Devices) tryClaim(key string, h *handle) (waitFor <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, call.ErrClosed
	}
	before := d.claims[key]
	switch {
	case key == "":
	case before == nil:
		d.claims[key] = h
	case before.live() && h.info.Source.Kind() == call.KindVideo:
		return nil, fmt.Errorf("%w: it is open already", call.ErrDeviceBusy)
	case before.live():
		d.claims[key] = h
	case before.stopping() || isClosed(before.settled):
		return before.released, nil
	default:
		return before.settled, nil
	}
	d.open[h] = struct{}{}
	d.wg.Add(1)
	return nil, nil
}

// unclaim ends what claim has begun. It comes before the release is reported, so
// that a caller who waited for it finds the device free.
func (d *Devices) unclaim(key string, h *handle) {
	d.mu.Lock()
	if d.claims[key] == h {
		delete(d.claims, key)
	}
	delete(d.open, h)
	d.mu.Unlock()
	d.wg.Done()
}

// interrupted says why an operation did not wait any longer: somebody called it
// off, or what was waited for took too long, which then counts as late.
func interrupted(ctx context.Context, late error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %w", call.ErrCancelled, ctx.Err())
	}
	return fmt.Errorf("%w: it does not answer: %w", late, ctx.Err())
}
