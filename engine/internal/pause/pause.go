// Package pause lets time go by, unless there is no use in it any more.
package pause

import (
	"context"
	"time"
)

// For waits until d is over, or returns ctx's error when ctx ends before.
func For(ctx context.Context, d time.Duration) error {
	if !Unless(ctx.Done(), d) {
		return ctx.Err()
	}
	return nil
}

// Unless waits until d is over or done is closed, and reports whether it waited to the
// end. What is closed already wins.
func Unless(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return false
	default:
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
