// Package printer writes events as lines of JSON, as scripts read them from
// foyer join. [Printer] never makes its caller wait for the reader.
package printer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/words"
)

const (
	// maxAheadOfReader is how much may wait for the reader, in bytes, before no
	// more events are taken: those that wait in the engine's queue it can merge.
	maxAheadOfReader = 1 << 20
	// maxUnread is the most that is kept, in bytes: answers to commands come on
	// top of events. Past it nobody reads.
	maxUnread = 4 << 20
	// writeAtOnce is how many lines are taken to be written before the others are
	// looked at again.
	writeAtOnce = 64
	// unreadTimeout is how long a reader may read nothing while it is waited for.
	unreadTimeout = 30 * time.Second
)

// Printer writes events as lines of JSON from a goroutine of its own: a full
// pipe must not keep anybody from leaving. Safe from any goroutine.
type Printer struct {
	mu      sync.Mutex
	lines   [][]byte
	size    int       // bytes that wait, those being written included
	wrote   time.Time // when the reader last took something, or something began to wait for it
	err     error     // why it gave up
	closed  bool
	wake    chan struct{} // 1-slot
	drained chan struct{} // 1-slot: some of what waited is written
	gone    chan struct{} // nobody reads any more
	once    sync.Once
	done    chan struct{} // the goroutine has ended
}

// New starts a Printer. Finish ends it.
func New(w io.Writer) *Printer {
	p := &Printer{
		wrote: time.Now(), wake: make(chan struct{}, 1), drained: make(chan struct{}, 1),
		gone: make(chan struct{}), done: make(chan struct{}),
	}
	go p.write(w)
	return p
}

func (p *Printer) write(w io.Writer) {
	defer close(p.done)
	for range p.wake {
		p.mu.Lock()
		n := min(len(p.lines), writeAtOnce)
		lines := p.lines[:n]
		p.lines = p.lines[n:]
		closed := p.closed && len(p.lines) == 0
		if len(p.lines) > 0 {
			notify(p.wake)
		}
		p.mu.Unlock()
		for _, line := range lines {
			if _, err := w.Write(line); err != nil {
				p.giveUp(fmt.Errorf("%w: %w", call.ErrOutputLost, err))
				break
			}
			p.mu.Lock()
			p.size, p.wrote = max(0, p.size-len(line)), time.Now()
			p.mu.Unlock()
		}
		notify(p.drained)
		if closed {
			return
		}
	}
}

// giveUp notes why nobody hears us any more; the first reason counts.
func (p *Printer) giveUp(err error) {
	p.once.Do(func() {
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.gone)
	})
}

// Drained receives when some of what waited is written: look again whether the
// reader is behind.
func (p *Printer) Drained() <-chan struct{} { return p.drained }

// Gone is closed when nobody reads any more; Failure says why.
func (p *Printer) Gone() <-chan struct{} { return p.gone }

// Failure is why the printer gave up, nil while it has not.
func (p *Printer) Failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Behind reports whether the reader has so much to read that it gets no more
// events for now, and gives up on one that has not read for unreadTimeout.
func (p *Printer) Behind(now time.Time) bool {
	p.mu.Lock()
	behind, rest := p.size > maxAheadOfReader, now.Sub(p.wrote)
	p.mu.Unlock()
	if behind && rest > unreadTimeout {
		p.giveUp(call.ErrOutputUnread)
	}
	return behind
}

// Finish writes what is left, and waits for it until ctx ends: a reader that has
// stopped reading does not keep the program.
func (p *Printer) Finish(ctx context.Context) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	notify(p.wake)
	select {
	case <-p.done:
	case <-ctx.Done():
	}
}

// notify fills a 1-slot channel.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Line prints a line that is no event of the engine.
func (p *Printer) Line(event string, at time.Time, f Fields) {
	if p.Failure() != nil && event != "left" {
		return // given up: how it ended is all that may still be heard
	}
	f["event"], f["ts"] = event, at.UnixMilli()
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(f) // values of ours: they can be written
	p.mu.Lock()
	if p.size == 0 {
		p.wrote = time.Now() // a reader that has had nothing to read is not late
	}
	fits := p.size+line.Len() <= maxUnread || event == "left" // the one line that must not be missing
	reads := time.Since(p.wrote) < unreadTimeout
	if fits {
		p.size += line.Len()
		p.lines = append(p.lines, line.Bytes())
	} else {
		p.lines, p.size = nil, 0 // what is left to say is how it ended
	}
	p.mu.Unlock()
	switch {
	case fits:
	case reads: // it reads, but nobody could keep up
		p.giveUp(call.ErrServerFlood)
	default:
		p.giveUp(call.ErrOutputUnread)
	}
	notify(p.wake)
}

// CommandFailed prints why a command was not taken.
func (p *Printer) CommandFailed(command string, err error) {
	sentence := words.Error(err).String()
	if sentence == words.Error(call.ErrBadArgument).String() { // which does not say what is wrong
		sentence = fmt.Sprintf("%s (%v)", sentence, err)
	}
	p.Line("command_failed", time.Now(), Fields{"command": command, "error": sentence})
}

// Event prints an event that the command line knows; the window's own events
// (devices, previews) are not part of the contract.
func (p *Printer) Event(s eventqueue.Stamped) {
	if name, f := describe(s.Event); name != "" {
		p.Line(name, happened(s), f)
	}
	for id, tracks := range Announced(s.Event) {
		for _, t := range tracks {
			p.Line("track_published", s.At, track(id, t, false))
		}
	}
}
