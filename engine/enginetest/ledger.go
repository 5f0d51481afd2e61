package enginetest

import (
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
)

// Entry is one thing that was opened, from the attempt to the end of its Close.
// Times that have not come are zero.
type Entry struct {
	Kind      string // device, pump, receiver, session or server
	Source    call.Source
	Name      string
	Asked     time.Time // the attempt began
	Cancelled time.Time // its context ended
	Opened    time.Time // it succeeded
	Closing   time.Time // Close was called first
	Closed    time.Time // the first Close returned, or the attempt failed
}

// Ledger is the book of everything that was opened.
type Ledger struct {
	mu      sync.Mutex
	entries []*Entry
	wrong   []string
}

// Entries copies the book.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Entry, len(l.entries))
	for i, e := range l.entries {
		all[i] = *e
	}
	return all
}

// Count counts the entries of a kind for which f holds.
func (l *Ledger) Count(kind string, f func(Entry) bool) (n int) {
	for _, e := range l.Entries() {
		if e.Kind == kind && f(e) {
			n++
		}
	}
	return n
}

// OpenNow counts what was opened and has not been closed.
func (l *Ledger) OpenNow(kind string) int {
	return l.Count(kind, func(e Entry) bool { return !e.Opened.IsZero() && e.Closed.IsZero() })
}

// Opens counts what was ever opened.
func (l *Ledger) Opens(kind string) int {
	return l.Count(kind, func(e Entry) bool { return !e.Opened.IsZero() })
}

// Wrong lists what broke the rules of call's interfaces.
func (l *Ledger) Wrong() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.wrong...)
}

func (l *Ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

func (l *Ledger) ask(kind string, src call.Source, name string) *Entry {
	e := &Entry{Kind: kind, Source: src, Name: name, Asked: time.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	return e
}

// note sets one of an entry's times, once.
func (l *Ledger) note(at *time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}
