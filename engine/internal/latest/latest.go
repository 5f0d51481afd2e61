// Package latest hands the newest value from one goroutine to another: three
// buffers go round, older values are lost, and nobody waits.
package latest

import "sync"

// Box is where it lies. One goroutine writes ([Box.Writing], [Box.Publish]), one
// takes. It must not be copied.
type Box[T any] struct {
	wake chan struct{} // 1-slot

	mu    sync.Mutex // held for swaps only
	ready *T
	fresh bool

	writing *T // only the writer's
	taken   *T // only the reader's
}

// New makes a box of three zero values.
func New[T any]() *Box[T] {
	return &Box[T]{wake: make(chan struct{}, 1), ready: new(T), writing: new(T), taken: new(T)}
}

// Writing is the buffer for the next value. It holds an older one.
func (b *Box[T]) Writing() *T { return b.writing }

// Publish makes what was written the newest value; Writing is another buffer then.
func (b *Box[T]) Publish() {
	b.mu.Lock()
	b.writing, b.ready = b.ready, b.writing
	b.fresh = true
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Ready receives when there may be a new value.
func (b *Box[T]) Ready() <-chan struct{} { return b.wake }

// Take returns the newest value: that of the last Take if there is none since, which
// fresh tells; a zero value before the first. It is the reader's until the next Take.
func (b *Box[T]) Take() (v *T, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if fresh = b.fresh; fresh {
		b.taken, b.ready = b.ready, b.taken
		b.fresh = false
	}
	return b.taken, fresh
}
