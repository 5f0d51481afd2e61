// Package mailbox hands values to one goroutine without making senders wait.
package mailbox

import "sync"

// Mailbox is a queue with one reader. Senders see to it that it does not grow
// without limit. It must not be copied.
type Mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wake   chan struct{} // 1-slot
}

// New makes an empty mailbox.
func New[T any]() *Mailbox[T] { return &Mailbox[T]{wake: make(chan struct{}, 1)} }

// Put appends v. It reports whether the mailbox still takes anything.
func (m *Mailbox[T]) Put(v T) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.items = append(m.items, v)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// Ready receives when there may be something to take.
func (m *Mailbox[T]) Ready() <-chan struct{} { return m.wake }

// Take returns everything that has come since the last call.
func (m *Mailbox[T]) Take() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = nil
	return items
}

// Close refuses further values and returns those that were not taken.
func (m *Mailbox[T]) Close() []T {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	return m.Take()
}
