package sfu

import (
	"sync"
	"time"
)

const (
	quotaLines = 20 // of one text, within a period
	quotaEvery = 10 * time.Second
	quotaTexts = 512 // texts that are told apart; LiveKit has fewer
)

// quota limits how often LiveKit's warnings of one text are logged. Guests can
// cause many of them as often as they want: each would cost a line, on a disk
// that is the host's. The zero value is ready.
type quota struct {
	mu    sync.Mutex
	since time.Time
	lines map[string]int // of this period
	lost  map[string]int // since the last line of that text
}

// take reports whether a line may be logged, and how many were not since the
// last one of its text.
func (q *quota) take(text string, now time.Time) (lost int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lines == nil || now.Sub(q.since) >= quotaEvery {
		q.since, q.lines = now, map[string]int{}
	}
	if q.lost == nil || len(q.lost) >= quotaTexts {
		q.lost = map[string]int{}
	}
	if q.lines[text] >= quotaLines || len(q.lines) >= quotaTexts {
		q.lost[text]++
		return 0, false
	}
	q.lines[text]++
	lost = q.lost[text]
	delete(q.lost, text)
	return lost, true
}
