package roomserver

import (
	"bytes"
	"strings"
	"sync"
)

// firstLine keeps the first line of what is written, and drops the rest.
type firstLine struct {
	mu       sync.Mutex
	buffer   bytes.Buffer
	full     bool
	complete chan struct{}
}

func newFirstLine() *firstLine { return &firstLine{complete: make(chan struct{})} }

// Write implements io.Writer and never fails.
func (f *firstLine) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return len(b), nil
	}
	line, _, found := bytes.Cut(b, []byte{'\n'})
	f.buffer.Write(line[:min(len(line), maxReadyLine-f.buffer.Len())])
	if found || f.buffer.Len() >= maxReadyLine {
		f.full = true
		close(f.complete)
	}
	return len(b), nil
}

// line is the line, after complete.
func (f *firstLine) line() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buffer.Bytes()
}

// tail keeps the end of what is written.
type tail struct {
	mu  sync.Mutex
	end []byte
}

// Write implements io.Writer and never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if extra := len(t.end) - maxStderrTail; extra > 0 {
		t.end = append(t.end[:0], t.end[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}

// lastLine is what a program says when it fails.
func (t *tail) lastLine() string {
	s := t.String()
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}
