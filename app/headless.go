package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/app/printer"
	"foyer/app/snapshot"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/words"
)

// maxLine limits one command on stdin, in bytes. It leaves room for a text of a
// megabyte, with escapes, to be refused for its own limit.
const maxLine = 4 << 20

// flushTimeout is how long the end waits for somebody to read the last lines.
const flushTimeout = time.Second

// headless reads commands from stdin and prints events on stdout, a JSON object
// a line each. Everything but the reader of stdin runs on one goroutine.
type headless struct {
	core    *core
	profile *profile
	stay    bool // survive a Left
	out     *printer.Printer
	in      io.Reader
	errs    io.Writer
	log     logrus.FieldLogger

	joined    bool
	ending    bool // stdin has ended: the next idle is the last
	last      call.LeaveReason
	videos    snapshot.Videos
	asked     []askedSnapshot // wait for their videos
	snapshots sync.WaitGroup
	oneReader sync.Mutex  // a slot has one reader at a time
	first     engine.Join // names and devices of the next join, unless it says otherwise
}

func newHeadless(c *core, p *profile, stay bool, std io3, log logrus.FieldLogger) *headless {
	return &headless{
		core: c, profile: p, stay: stay, out: printer.New(std.out), in: std.in, errs: std.err, log: log,
	}
}

// run joins, works until the stay (with --stay: stdin) has ended, and returns
// the exit status.
func (h *headless) run(ctx context.Context, join engine.Join) (status int) {
	h.first = join
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if v := recover(); v != nil {
			h.log.WithField("stack", string(debug.Stack())).Errorf("recovered: %v", v)
			status = h.abort(fmt.Errorf("panic: %v", v))
		}
		cancel()
		h.snapshots.Wait()
		last, done := context.WithTimeout(context.Background(), flushTimeout)
		defer done()
		h.out.Finish(last)
		if status == exitOK && h.out.Failure() != nil { // the last lines did not get out
			status = h.explain(h.out.Failure())
		}
	}()
	if err := h.core.Do(join); err != nil {
		h.out.CommandFailed(join.Word(), err)
		h.quit()
		return exitFailed
	}
	return h.work(ctx)
}

// work is run's loop, from the first join to the end.
func (h *headless) work(ctx context.Context) int {
	lines := h.readLines(ctx)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		ready := h.core.Events().Ready()
		if h.out.Behind(time.Now()) {
			ready = nil
		}
		select {
		case <-ctx.Done():
			return h.quit()
		case line, ok := <-lines:
			switch {
			case ok && line.err != nil:
				return h.abort(line.err)
			case ok:
				h.command(ctx, line)
			case h.end():
				return h.quit()
			default:
				lines = nil
			}
		case <-second.C:
			if h.joined {
				_ = h.core.Do(engine.Stats{})
			}
			h.takeSnapshots(ctx)
		case <-ready:
			if h.takeEvents() {
				return h.quit()
			}
			h.takeSnapshots(ctx)
		case <-h.out.Drained(): // look again whether it is behind
		case <-h.out.Gone():
			return h.abort(h.out.Failure())
		}
	}
}

// abort leaves because the program cannot go on, and says so where somebody may
// still hear it. That is no end that the user wanted: the exit status tells.
func (h *headless) abort(err error) int {
	_ = h.core.Do(engine.Abort{Err: err}) // there may be no stay
	h.quit()
	return h.explain(err)
}

// explain prints why the program ends, and returns the exit status.
func (h *headless) explain(err error) int {
	fmt.Fprintf(h.errs, "foyer join: %s (%v)\n", words.Error(err), err)
	return exitOtherReason
}

// quit leaves if we are in a room still, and prints what that brings as it
// comes, before a driver in the middle of opening gets its time.
func (h *headless) quit() int {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	ended := make(chan bool, 1)
	go func() { ended <- h.core.end(ctx) }()
	for {
		select {
		case <-h.core.Events().Ready():
			h.takeEvents()
		case free := <-ended:
			h.takeEvents()
			if free {
				h.core.freeDrivers(ctx)
			}
			return h.status()
		}
	}
}

// end is the end of stdin: leave. It reports whether there is nothing to leave.
func (h *headless) end() (over bool) {
	h.ending = true
	err := h.core.Do(engine.Leave{})
	return errors.Is(err, call.ErrNotInRoom) && h.takeEvents()
}

// takeEvents prints what has happened and reports whether it was the last of it.
func (h *headless) takeEvents() (over bool) {
	events, open := h.core.Events().Take()
	for _, e := range events {
		h.note(e.Event)
		h.out.Event(e)
		over = over || h.mustQuit(e.Event)
	}
	return over || !open || h.endedBetweenStays()
}

// mustQuit reports whether e ends the last stay: there is no --stay, or stdin has ended.
func (h *headless) mustQuit(e call.Event) bool {
	left, ok := e.(call.Left)
	return ok && left.Reason != call.ReasonSwitched && (!h.stay || h.ending)
}

// endedBetweenStays reports whether stdin has ended after a stay, with --stay: no other
// one will begin.
func (h *headless) endedBetweenStays() bool {
	return h.ending && h.last != call.ReasonUnknown && !h.joined
}

// note keeps what the program itself must know of an event.
func (h *headless) note(e call.Event) {
	switch e := e.(type) {
	case call.Joined:
		h.joined = true
	case call.Left:
		h.joined = false
		if e.Reason != call.ReasonSwitched { // another stay follows
			h.last = e.Reason
		}
		h.videos, h.asked = snapshot.Videos{}, nil
	default:
	}
	h.videos.Note(e)
}

// status is the exit status that the last reason asks for.
func (h *headless) status() int {
	switch h.last {
	case call.ReasonLeft, call.ReasonSwitched, call.ReasonDismissed, call.ReasonAppQuit:
		return exitOK
	default:
		return exitOtherReason
	}
}
