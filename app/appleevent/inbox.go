// Package appleevent takes the links that macOS hands to the program: there a click on
// a foyer: link starts no second program with the link as an argument, but sends an Apple
// event to the one that runs, or to the one that is just being started. Elsewhere there
// are none.
//
// The part in Objective-C (link_darwin.m) has not run yet: nobody who works on Foyer has
// had a Mac. What needs none is in this file, and tested.
package appleevent

import (
	"context"
	"sync"
)

// Limits of what is kept until somebody takes it.
const (
	maxWaiting = 8
	maxLink    = 64 << 10 // bytes, as for what is pasted (call.MaxPasted)
)

// inbox is where links wait. It is like the engine's package mailbox, which is internal to
// engine, but keeps only the newest.
type inbox struct {
	mu      sync.Mutex
	waiting []string
	came    chan struct{} // 1-slot
}

func newInbox() *inbox { return &inbox{came: make(chan struct{}, 1)} }

// add is called on the main thread, and does not wait.
func (b *inbox) add(link string) {
	if link == "" || len(link) > maxLink {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == maxWaiting {
		b.waiting = b.waiting[1:] // the last click counts
	}
	b.waiting = append(b.waiting, link)
	select {
	case b.came <- struct{}{}:
	default:
	}
}

func (b *inbox) next() (link string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		return "", false
	}
	link, b.waiting = b.waiting[0], b.waiting[1:]
	return link, true
}

// take hands the links over, one after another, until stop is called, which waits.
func (b *inbox) take(open func(ctx context.Context, link string)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			for link, ok := b.next(); ok && ctx.Err() == nil; link, ok = b.next() {
				open(ctx, link)
			}
			select {
			case <-b.came:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		reader.Wait()
	}
}
