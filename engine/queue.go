package engine

import (
	"sync"
	"time"

	"foyer/engine/call"
)

// Stamped is an event and when it happened.
type Stamped struct {
	At    time.Time
	Event call.Event
}

// Queue hands events from the engine to one reader in order, without ever
// making the engine wait. (The shape of jech/galene's unbounded package.)
type Queue struct {
	mu     sync.Mutex
	items  []Stamped
	closed bool
	wake   chan struct{} // 1-slot
}

// NewQueue makes an empty queue.
func NewQueue() *Queue { return &Queue{wake: make(chan struct{}, 1)} }

// Put appends an event; after Close it does nothing.
func (q *Queue) Put(e Stamped) {
	q.mu.Lock()
	if !q.closed {
		q.items = append(q.items, e)
	}
	q.mu.Unlock()
	q.signal()
}

// Close lets the reader take what is left and then end.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Ready receives when Take has something new to say.
func (q *Queue) Ready() <-chan struct{} { return q.wake }

// Take returns everything that has come since the last call. open is false once
// the queue is closed and empty.
func (q *Queue) Take() (items []Stamped, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, nil
	if q.closed {
		q.signal() // the reader comes once more, to find it empty
	}
	return items, !q.closed || len(items) > 0
}
