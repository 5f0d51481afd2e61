package keeper

import (
	"sync"

	"foyer/engine/call"
)

// inbox is what waits for the loop. It never blocks who puts something in; the
// loop never waits for others, so that it stays short.
type inbox struct {
	mu    sync.Mutex
	items []any
	wake  chan struct{} // has one slot
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) put(item any) {
	b.mu.Lock()
	b.items = append(b.items, item)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

// Items beside the session's events.
type (
	said    struct{ message call.ChatMessage } // by the host's tools, through us
	flush   struct{ done chan<- error }
	refresh struct{}
)
