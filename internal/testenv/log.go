package testenv

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// logTimeout is how long [Log.Wait] waits for what comes in milliseconds.
const logTimeout = 10 * time.Second

// Log is a log that a test searches and waits for.
type Log struct {
	mu    sync.Mutex
	b     bytes.Buffer
	grown chan struct{} // closed by the next Write; nil while nobody waits
}

// NewLog makes a logger of every level, and the log that it writes.
func NewLog() (*logrus.Logger, *Log) {
	buffer := &Log{}
	log := logrus.New()
	log.SetOutput(buffer)
	log.SetLevel(logrus.DebugLevel)
	return log, buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.b.Write(p)
}

// String returns what was logged until now.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Wait waits until the log has text.
func (l *Log) Wait(t testing.TB, text string) {
	t.Helper()
	l.WaitFor(t, text, func(log string) bool { return strings.Contains(log, text) })
}

// WaitFor waits until has reports that the log has something.
func (l *Log) WaitFor(t testing.TB, what string, has func(log string) bool) {
	t.Helper()
	timeout := time.After(logTimeout)
	for {
		l.mu.Lock()
		if has(l.b.String()) {
			l.mu.Unlock()
			return
		}
		if l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		select {
		case <-grown:
		case <-timeout:
			t.Fatalf("the log never says %q", what)
		}
	}
}
