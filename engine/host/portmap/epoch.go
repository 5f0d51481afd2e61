package portmap

import (
	"errors"
	"sync"
	"time"
)

// errRestarted is a router that has forgotten its mappings.
var errRestarted = errors.New("the router has restarted")

// epoch notices by a router's clock, which begins anew with its mappings, that it has
// restarted (RFC 6886, 3.6; RFC 6887, 8.5).
type epoch struct {
	now func() time.Time

	mu   sync.Mutex
	last uint32
	at   time.Time // zero: nothing was seen yet
}

// see compares the clock with what it must be.
func (e *epoch) see(seconds uint32) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	defer func() { e.last, e.at = seconds, now }()
	if e.at.IsZero() {
		return nil
	}
	const slack = 2
	passed := now.Sub(e.at).Seconds()
	if float64(seconds)+slack < float64(e.last)+passed*7/8 {
		return errRestarted
	}
	return nil
}
