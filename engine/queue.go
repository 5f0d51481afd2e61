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
// making the engine wait. (The shape of jech/galene's unbounded package.) While
// the reader is away, a newer [call.SpeakersChanged], [call.StatsReported] or
// [call.QualityChanged] of the same participant replaces the one before, and of
// many [call.DataReceived] the oldest are dropped; nothing else ever is.
type Queue struct {
	mu     sync.Mutex
	events backlog[Stamped]
	closed bool
	tookAt time.Time     // the reader was last here
	wake   chan struct{} // 1-slot
	taken  chan struct{} // 1-slot
}

// NewQueue makes an empty queue.
func NewQueue() *Queue {
	return &Queue{tookAt: time.Now(), wake: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// Put appends an event; after Close it does nothing. It returns how many events
// wait, user packets not counted.
func (q *Queue) Put(e Stamped) (waiting int) {
	q.mu.Lock()
	if !q.closed {
		q.events.put(e, e.Event)
	}
	waiting = q.events.waiting()
	q.mu.Unlock()
	q.signal()
	return waiting
}

// full reports whether more waits than the reader will ever read, and since when
// the reader has not been here.
func (q *Queue) full() (full bool, away time.Duration) {
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

// Taken receives when a Take has emptied the queue: for a writer who must not
// be far ahead of the reader.
func (q *Queue) Taken() <-chan struct{} { return q.taken }

// Dropped counts the user packets that were dropped.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.events.dropped
}

// Take returns everything that has come since the last call. open is false once
// the queue is closed and empty.
func (q *Queue) Take() (items []Stamped, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.tookAt = q.events.take(), time.Now()
	if q.closed {
		q.signal() // the reader comes once more, to find it empty
	}
	select {
	case q.taken <- struct{}{}:
	default:
	}
	return items, !q.closed || len(items) > 0
}
