package engine

import (
	"time"

	"foyer/engine/call"
)

// NoteKind says what a [Note] is about.
type NoteKind string

// The kinds of notes. Together the commands, session events and results are all
// that comes into the loop from outside; the events are what goes out.
const (
	NoteCommand  NoteKind = "command"  // Value is the Command
	NoteRefused  NoteKind = "refused"  // Value is the Command that was just refused, with Err
	NoteSession  NoteKind = "session"  // Value is a call.SessionEvent
	NoteResult   NoteKind = "result"   // of a worker: Op, Took, Err
	NoteTimer    NoteKind = "timer"    // Op
	NoteHappened NoteKind = "happened" // Op: a device is gone, the program is told to end ...
	NoteEvent    NoteKind = "event"    // Value is a call.Event
)

// Note is what a trace says of one step of the loop, see [Config].Trace.
type Note struct {
	At     time.Time
	Kind   NoteKind
	Op     Op
	Gen    uint64 // of the stay, where the step belongs to one
	Source call.Source
	About  string // a device, a track or an operation
	Took   time.Duration
	Err    error
	Value  any
}

// trace reports a step of the loop to whoever wants to see it.
func (l *loop) trace(n func() Note) {
	if l.cfg.Trace != nil {
		note := n()
		note.At = time.Now()
		l.cfg.Trace(note)
	}
}
