// Package refusal says why a stay ends that a room refuses to begin or to go on with:
// the one place where an error of a join or a reconnect becomes the reason of an end
// (contract section 6).
package refusal

import (
	"context"
	"errors"
	"fmt"

	"foyer/engine/call"
)

// Join is the end of a stay whose join has failed.
func Join(err error) call.SessionEnded {
	if r, ok := call.RemovalFrom(err); ok {
		return Removal(r, err)
	}
	if errors.Is(err, call.ErrMediaBlocked) {
		return call.SessionEnded{Reason: call.ReasonMediaFailed, Err: err}
	}
	return call.SessionEnded{Reason: call.ReasonJoinFailed, Err: Overdue(err)}
}

// Reconnect is the end of a stay that may not go on (contract O9).
func Reconnect(err error) call.SessionEnded {
	if r, ok := call.RemovalFrom(err); ok {
		return Removal(r, err)
	}
	switch {
	case errors.Is(err, call.ErrNoSuchRoom):
		return call.SessionEnded{Reason: call.ReasonRoomClosed, Err: err}
	case errors.Is(err, call.ErrCutOff): // what we can say is the server's, not that the network is bad
		return call.SessionEnded{Reason: call.ReasonConnectionLost, Err: err}
	default:
		return Lost(err)
	}
}

// Lost is the end of a stay that cannot reconnect. err is why the last attempt failed.
func Lost(err error) call.SessionEnded {
	switch {
	case err == nil:
		err = call.ErrConnectionLost
	case !errors.Is(err, call.ErrConnectionLost):
		err = fmt.Errorf("%w: %w", call.ErrConnectionLost, err)
	}
	return call.SessionEnded{Reason: call.ReasonConnectionLost, Err: err}
}

// Removal is the end of somebody who has to leave. err, if there is one, said so.
func Removal(r call.Removal, err error) call.SessionEnded {
	return call.SessionEnded{Reason: r.Reason, By: r.By, Text: r.Text, Until: r.Until, Err: err}
}

// Overdue says of the end of joining's timeout what it is.
func Overdue(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, call.ErrJoinTimeout) {
		return fmt.Errorf("%w: %w", call.ErrJoinTimeout, err)
	}
	return err
}
