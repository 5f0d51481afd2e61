package roomserver

import (
	"bytes"
	"strings"
	"sync"
)

// lines passes on the lines of what is written, and keeps the first. One that is too
// long is cut off, if it is the first, or dropped.
type lines struct {
	heard func(first, line []byte) // is told of each line; it must not block

	mu       sync.Mutex
	buffer   bytes.Buffer // a line, as far as it is here
	first    []byte       // nil: it is not here yet
	tooLong  bool         // the rest of the line is dropped
	complete chan struct{}
}

func newLines(heard func(first, line []byte)) *lines {
	return &lines{heard: heard, complete: make(chan struct{})}
}

// Write implements io.Writer and never fails.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte{'\n'})
		rest = after
		if room := maxReadyLine - l.buffer.Len(); len(part) >= room {
			part, l.tooLong = part[:room], true
		}
		l.buffer.Write(part)
		switch {
		case l.first == nil && (ended || l.tooLong):
			l.first = append([]byte{}, l.buffer.Bytes()...)
			l.heard(l.first, l.first)
			close(l.complete)
		case ended && !l.tooLong:
			l.heard(l.first, l.buffer.Bytes())
		}
		if ended {
			l.buffer.Reset()
			l.tooLong = false
		}
	}
	return len(b), nil
}

// line is the first line, or what there is of it.
func (l *lines) line() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		return bytes.Clone(l.buffer.Bytes())
	}
	return l.first
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
