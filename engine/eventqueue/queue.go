package eventqueue

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
// making the engine wait. (The shape of jech/galene's unbounded package.) While
// the reader is away, a newer [call.SpeakersChanged], [call.StatsReported] or
// [call.QualityChanged] of the same participant replaces the one before, and of
// many [call.DataReceived] the oldest are dropped; nothing else ever is.
type Queue struct {
	// Tap, if set, sees what Take is about to return, event by event, on the
	// reader's goroutine: before the reader does. It is set before the first Take.
	Tap func(Stamped)

	mu     sync.Mutex
	events backlog[Stamped]
	closed bool
	tookAt time.Time     // the reader was last here
	wake   chan struct{} // 1-slot
}

// New makes an empty queue.
func New() *Queue {
	return &Queue{tookAt: time.Now(), wake: make(chan struct{}, 1)}
}

// Put appends an event; after Close it does nothing.
func (q *Queue) Put(e Stamped) {
	q.mu.Lock()
	if !q.closed {
		q.events.put(e, e.Event)
	}
	q.mu.Unlock()
	q.signal()
}

// Full reports whether more waits than the reader will ever read, and how long
// the reader has been away.
func (q *Queue) Full() (full bool, away time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.events.full(), time.Since(q.tookAt)
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

// Dropped counts the user packets that were dropped.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.events.dropped
}

// Take returns everything that has come since the last call. open is false once
// the queue is closed and empty.
func (q *Queue) Take() (items []Stamped, open bool) {
	items, open = q.take()
	if q.Tap != nil {
		for _, e := range items {
			q.Tap(e)
		}
	}
	return items, open
}

func (q *Queue) take() (items []Stamped, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.tookAt = q.events.take(), time.Now()
	if q.closed {
		q.signal() // the reader comes once more, to find it empty
	}
	return items, !q.closed || len(items) > 0
}
