// Package pause waits for a time that somebody may cut short.
package pause

import (
	"context"
	"time"
)

// For waits for d, or returns ctx's error when ctx ends before.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
