package enginetest

import (
	"context"
	"time"
)

// Step is how one operation goes. The zero Step succeeds at once.
type Step struct {
	Delay time.Duration   // before it answers
	Block <-chan struct{} // it answers when this is closed; nil: at once
	Deaf  bool            // it does not heed its context
	Err   error           // its answer
	Panic any             // instead of an answer
}

// take waits as the step says. An operation that heeds its context fails with
// the context's error as soon as that ends.
func (s Step) take(ctx context.Context) error {
	done := ctx.Done()
	if s.Deaf {
		done = nil
	}
	if s.Delay > 0 {
		timer := time.NewTimer(s.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-done:
			return ctx.Err()
		}
	}
	if s.Block != nil {
		select {
		case <-s.Block:
		case <-done:
			return ctx.Err()
		}
	}
	if s.Panic != nil {
		panic(s.Panic)
	}
	return s.Err
}
