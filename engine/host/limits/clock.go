package limits

import (
	"sync"
	"time"
)

// ForwardClock is the clock by which joins are signed: the computer's, as long as
// that one goes forward. When it is put back, this one goes on from where it
// was. Otherwise a recorded join would be young again, and its nonce forgotten.
// Clients learn its time from the refusal and sign by it.
type ForwardClock struct {
	mu       sync.Mutex
	at, told time.Time // what the computer's clock and this one said last
}

// Now is the time when the computer's clock says at.
func (c *ForwardClock) Now(at time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	passed := max(at.Sub(c.at), 0) // by the monotonic clock, where at has one
	c.at = at
	if on := c.told.Add(passed); !c.told.IsZero() && at.Round(0).Before(on) {
		c.told = on
	} else {
		c.told = at.Round(0)
	}
	return c.told
}
