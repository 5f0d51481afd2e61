package engine

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/eventqueue"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/mailbox"
)

// errInternal answers a command whose handling panicked.
var errInternal = errors.New("internal error")

// errUnread ends a stay whose events pile up.
var errUnread = errors.New("events that nobody reads")

// readerAway is how long the reader of the events may be away before it counts
// as one that has stopped reading.
const readerAway = 30 * time.Second

// loop is the state that the goroutine of Run owns.
type loop struct {
	cfg    Config
	log    logrus.FieldLogger
	inbox  *mailbox.Mailbox[message]
	events *eventqueue.Queue
	engine *Engine
	//nolint:containedctx // the loop is the owner that hands it to its workers
	base context.Context // of workers that outlive a stay; ends with the loop

	workers sync.WaitGroup

	state   call.State
	gen     uint64
	stay    *stay      // nil when idle
	pending []*attempt // accepted while a stay was ending; only the last may be alive
	quality SetQuality

	// What is for one thing each. They call back into the loop, whose goroutine owns
	// all of them.
	devices       deviceTable
	publications  publications
	subscriptions subscriptions
	hands         hands
	reactions     reactions
	chat          chatSync
	reader        sessionReader
	server        serverControl

	quitting     bool
	partsClosing bool
	partsOpen    int // of server and media, while partsClosing
	ended        bool
}

// sources in the order in which they are released: what records people first.
var sources = [...]call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceScreen, call.SourceSpeaker}

func newLoop(e *Engine) *loop {
	l := &loop{
		cfg: e.cfg, log: e.cfg.Log, inbox: e.inbox, events: e.events, engine: e, state: call.StateIdle,
	}
	l.devices = newDeviceTable(l)
	l.publications, l.subscriptions = publications{l}, subscriptions{l}
	l.hands, l.reactions = hands{l}, reactions{l}
	l.chat, l.reader, l.server = chatSync{l}, sessionReader{l}, serverControl{l: l}
	return l
}

// run is the owning goroutine. ctx is the program's wish to end.
func (l *loop) run(ctx context.Context) {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.base = base
	setVoice(l, mic.Voice{})
	quit, ctxDone := l.engine.quit, ctx.Done()
	for !l.ended {
		select {
		case <-l.inbox.Ready():
			for _, m := range l.inbox.Take() {
				l.handle(m)
			}
		case <-ctxDone:
			ctxDone = nil
			l.handle(happened{job{op: noteQuit}, (*loop).quit})
		case <-quit:
			quit = nil
			l.handle(happened{job{op: noteQuit}, (*loop).quit})
		}
	}
	l.wind(cancel)
}

// wind ends the loop: what is still on its way is dropped, which closes it.
func (l *loop) wind(cancel context.CancelFunc) {
	cancel()
	for _, m := range l.inbox.Close() {
		if d, ok := m.(dropper); ok {
			l.workers.Go(d.drop)
		}
	}
	l.waitWorkers()
	l.events.Close()
	close(l.engine.done)
}

// waitWorkers waits for goroutines that are about to return. What is stuck in a
// driver is not: the end of the process frees it.
func (l *loop) waitWorkers() {
	idle := make(chan struct{})
	go func() {
		l.workers.Wait()
		close(idle)
	}()
	limit := time.NewTimer(workersEndTimeout)
	defer limit.Stop()
	select {
	case <-idle:
	case <-limit.C:
		l.log.Warn("engine ends while a device or connection does not let go")
	}
}

// handle does one message. A panic ends the stay, not the loop.
func (l *loop) handle(m message) {
	defer func() {
		if v := recover(); v != nil {
			l.checkPanic(&guard.PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	l.trace(m.note)
	m.handle(l)
}

// guard calls a part from the loop: its panic must not keep an exit from
// reaching its end.
func (l *loop) guard(f func()) {
	l.checkPanic(guard.Do(func() error { f(); return nil }))
}

// checkPanic makes a panic the reason for leaving.
func (l *loop) checkPanic(err error) {
	p, ok := errors.AsType[*guard.PanicError](err)
	if !ok {
		return
	}
	l.log.WithField("stack", string(p.Stack)).Errorf("recovered: %v", p)
	if l.leaving() != nil {
		l.later(job{op: noteExitResumed}, (*loop).resumeExit)
		return
	}
	l.leave(cause{Reason: call.ReasonInternal, Err: p})
}

// emit reports an event. A stay whose events nobody reads must end before they
// fill the memory.
func (l *loop) emit(ev call.Event) {
	l.trace(func() Note { return Note{Kind: NoteEvent, Value: ev} })
	l.events.Put(eventqueue.Stamped{At: time.Now(), Event: ev})
	full, away := l.events.Full()
	s := l.stay
	if !full || s == nil || s.unread {
		return
	}
	s.unread = true
	err := errUnread
	if away < readerAway { // it reads, but cannot keep up
		err = call.ErrServerFlood
	}
	l.later(s.of(noteUnread), func(l *loop) {
		if l.stay == s {
			l.leave(failure(err))
		}
	})
}

// soon calls f when everything that has happened just now is known: once, however often
// it was asked for. due says that it was.
func soon(l *loop, s *stay, note Op, due *bool, f func(*stay)) {
	if *due {
		return
	}
	*due = true
	l.later(s.of(note), func(l *loop) {
		*due = false
		if l.alive(s) {
			f(s)
		}
	})
}

func (l *loop) setState(s call.State) {
	if l.state == s {
		return
	}
	l.state = s
	l.emit(call.StateChanged{State: s})
}

// quit begins the engine's end.
func (l *loop) quit() {
	if l.quitting {
		return
	}
	l.quitting = true
	for _, e := range l.pending {
		e.abort(call.ReasonAppQuit)
	}
	l.devices.endTest(nil)
	l.leave(cause{Reason: call.ReasonAppQuit})
	for _, src := range sources {
		l.devices.settle(src)
	}
	l.checkEnd()
}

// checkEnd goes on with the engine's end when the stay and the devices are out
// of the way. Nothing here waits: each part's end calls it again.
func (l *loop) checkEnd() {
	if !l.quitting || l.stay != nil || len(l.pending) > 0 || l.partsClosing {
		return
	}
	for d := range l.devices.all {
		if !d.givenUp {
			return
		}
	}
	l.partsClosing = true
	l.closePart(l.cfg.Media != nil, "media", func() error { l.cfg.Media.Close(); return nil }, func() {})
	l.closePart(l.cfg.RoomServer != nil, "room server", func() error { return l.cfg.RoomServer.Close() }, l.server.closed)
	l.after(job{op: timerParts}, partsCloseTimeout, func() { l.ended = true })
	l.ended = l.partsOpen == 0
}

func (l *loop) closePart(present bool, name string, shut func() error, done func()) {
	if !present {
		return
	}
	l.partsOpen++
	do(l, job{op: opClosePart, about: name}, shut, func(err error) {
		if err != nil {
			l.log.WithError(err).Warnf("closing %s", name)
		}
		l.partsOpen--
		l.ended = l.partsOpen == 0
		done()
	})
}

// resumeExit goes on with an exit that a panic interrupted.
func (l *loop) resumeExit() {
	if s := l.leaving(); s != nil && s.exit.panics < maxExitPanics {
		s.exit.panics++
		l.letGo(s)
		l.checkLeft()
	}
}
