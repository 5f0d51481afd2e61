package engine

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// message is something for the loop to do. drop is done instead, if there is
// no loop any more.
type message struct {
	run  func(*loop)
	drop func()
}

// inbox is the loop's queue of messages. It never makes a sender wait.
type inbox struct {
	mu     sync.Mutex
	items  []message
	closed bool
	wake   chan struct{} // 1-slot
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// post appends m; false means that the loop has ended.
func (b *inbox) post(m message) bool {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.items = append(b.items, m)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return true
}

func (b *inbox) take() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

// close refuses further messages and returns those that were not taken.
func (b *inbox) close() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	items := b.items
	b.items = nil
	return items
}

// panicError is a recovered panic, ours or that of a part.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guarded calls f and turns its panic into an error.
func guarded[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return f()
}

// work runs f in a goroutine and brings its result to the loop as done. A panic
// of f ends the stay with internal and reaches done as an error. drop, which may be nil,
// releases a result that comes when the loop has ended.
func work[T any](l *loop, f func() (T, error), done func(T, error), drop func(T)) {
	l.workers.Add(1)
	go func() {
		defer l.workers.Done()
		v, err := guarded(f)
		release := func() {
			if drop != nil && err == nil {
				_, _ = guarded(func() (struct{}, error) { drop(v); return struct{}{}, nil })
			}
		}
		posted := l.inbox.post(message{
			run: func(l *loop) {
				l.checkPanic(err)
				done(v, err)
			},
			drop: release,
		})
		if !posted {
			release()
		}
	}()
}

// do is work without a value.
func do(l *loop, f func() error, done func(error)) {
	work(l, func() (struct{}, error) { return struct{}{}, f() },
		func(_ struct{}, err error) { done(err) }, nil)
}

// after posts f when d is over. The timer may be stopped; f must stand a late
// call all the same.
func (l *loop) after(d time.Duration, f func()) *time.Timer {
	b := l.inbox
	return time.AfterFunc(d, func() { b.post(message{run: func(*loop) { f() }}) })
}
