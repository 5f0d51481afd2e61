package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/words"
)

// maxLine bounds one command on stdin, in bytes. It leaves room for a text of a
// megabyte, with escapes, to be refused for its own limit.
const maxLine = 4 << 20

// flushBound is how long the end waits for somebody to read the last lines.
const flushBound = time.Second

// headless reads commands from stdin and prints events on stdout, a JSON object
// a line each. Everything but the reader of stdin runs on one goroutine.
type headless struct {
	core    *core
	profile *profile
	stay    bool // survive a Left
	out     *printer
	in      io.Reader
	log     logrus.FieldLogger

	joined    bool
	ending    bool // stdin has ended: the next idle is the last
	last      call.LeaveReason
	record    *stayFile
	pictures  pictures
	snapshots sync.WaitGroup
	oneReader sync.Mutex  // a slot has one reader at a time
	first     engine.Join // names and devices of the next join, unless it says otherwise
}

func newHeadless(c *core, p *profile, stay bool, std io3, log logrus.FieldLogger) *headless {
	return &headless{core: c, profile: p, stay: stay, out: newPrinter(std.out), in: std.in, log: log, pictures: make(pictures)}
}

// run joins, works until the stay (with --stay: stdin) has ended, and returns
// the exit status.
func (h *headless) run(ctx context.Context, join engine.Join) int {
	h.first = join
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		h.snapshots.Wait()
		last, done := context.WithTimeout(context.Background(), flushBound)
		defer done()
		h.out.finish(last)
	}()
	if err := h.core.Do(join); err != nil {
		h.out.commandFailed(join.Word(), err)
		h.quit()
		return exitFailed
	}
	lines := h.readLines(ctx)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return h.quit()
		case line, ok := <-lines:
			if !ok {
				lines = nil
				if h.end() {
					return h.quit()
				}
				continue
			}
			h.command(ctx, line)
		case <-second.C:
			if h.joined {
				_ = h.core.Do(engine.Stats{})
			}
		case <-h.core.Events().Ready():
			if h.takeEvents() {
				return h.quit()
			}
		case <-h.out.gone:
			// Nobody reads what we say any more: the same as a signal.
			return h.quit()
		}
	}
}

// quit leaves if we are in a room still, and prints what that brings as it
// comes, before a driver in the middle of opening gets its time.
func (h *headless) quit() int {
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
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

// end is the end of stdin: leave. It tells whether there is nothing to leave.
func (h *headless) end() (over bool) {
	h.ending = true
	err := h.core.Do(engine.Leave{})
	return errors.Is(err, call.ErrNotInRoom) && h.takeEvents()
}

// takeEvents prints what has happened and tells whether it was the last of it.
func (h *headless) takeEvents() (over bool) {
	events, open := h.core.Events().Take()
	for _, e := range events {
		h.note(e.Event)
		h.out.event(e)
		if left, ok := e.Event.(call.Left); ok && left.Reason != call.ReasonSwitched && (!h.stay || h.ending) {
			over = true
		}
	}
	return over || !open || (h.ending && h.last != call.ReasonUnknown && !h.joined)
}

// note keeps what the program itself must know of an event.
func (h *headless) note(e call.Event) {
	switch e := e.(type) {
	case call.Joined:
		h.joined = true
		h.record = beginStay(h.profile, e, h.log)
	case call.Left:
		h.joined = false
		if e.Reason != call.ReasonSwitched { // another stay follows
			h.last = e.Reason
		}
		h.record.end()
		h.record = nil
		clear(h.pictures)
	case call.TrackSubscribed:
		h.pictures.add(e)
	case call.TrackUnsubscribed:
		h.pictures.remove(e)
	}
}

// status is the exit status that the last reason asks for.
func (h *headless) status() int {
	switch h.last {
	case call.ReasonLeft, call.ReasonSwitched, call.ReasonDismissed, call.ReasonAppQuit:
		return exitOK
	default:
		return exitPutOut
	}
}

// readLines hands over the lines of stdin and closes the channel at its end.
// The goroutine ends with ctx or stdin: a blocked read has no other end.
func (h *headless) readLines(ctx context.Context) <-chan []byte {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(h.in)
		scan.Buffer(nil, maxLine)
		defer func() {
			if err := scan.Err(); err != nil {
				h.out.commandFailed("", fmt.Errorf("%w: %w", call.ErrBadArgument, err))
			}
		}()
		for scan.Scan() {
			select {
			case lines <- bytes.Clone(scan.Bytes()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// wireCommand is a line of stdin.
type wireCommand struct {
	Cmd    string        `json:"cmd"`
	Room   call.RoomID   `json:"room"`
	Link   string        `json:"link"`
	Source string        `json:"source"`
	Device string        `json:"device"`
	Text   string        `json:"text"`
	Kind   string        `json:"kind"`
	ID     call.Identity `json:"id"`
	Name   string        `json:"name"`
	File   string        `json:"file"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	wireModeration
}

func (h *headless) command(ctx context.Context, line []byte) {
	var w wireCommand
	if err := json.Unmarshal(line, &w); err != nil {
		h.out.commandFailed(w.Cmd, unreadable(err))
		return
	}
	if w.Cmd == "snapshot" {
		h.snapshot(ctx, w)
		return
	}
	cmd, err := h.parse(w)
	if err == nil {
		err = h.core.Do(cmd)
	}
	if err != nil {
		h.out.commandFailed(w.Cmd, err)
	}
}

// unreadable says what is wrong with a line: one of its fields, by name, or that
// it is no JSON object at all.
func unreadable(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return fmt.Errorf("%w: not a JSON object: %w", call.ErrBadArgument, err)
	}
	field := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:] // without the structs that it is embedded in
	return fmt.Errorf("%w: %q cannot be a JSON %s", call.ErrBadArgument, field, wrong.Value)
}

func (h *headless) parse(w wireCommand) (engine.Command, error) {
	switch w.Cmd {
	case "leave":
		return engine.Leave{Room: w.Room}, nil
	case "join", "switch":
		return h.parseJoin(w)
	case "publish", "unpublish", "mute", "unmute":
		return parseDevice(w)
	case "chat":
		return engine.SendChat{Text: w.Text}, nil
	case "stats":
		return engine.Stats{}, nil
	case "fault":
		return engine.Fault{Kind: w.Kind}, nil
	default:
		return parseModeration(w)
	}
}

func (h *headless) parseJoin(w wireCommand) (engine.Command, error) {
	link, err := call.ParseLink(w.Link)
	if err != nil {
		return nil, err
	}
	if w.Cmd == "switch" {
		return engine.SwitchRoom{Link: link}, nil
	}
	again := h.first
	again.Link = link
	if w.Name != "" {
		again.Name = w.Name
	}
	if w.ID != "" {
		again.Identity = w.ID
	}
	return withDefaults(again, h.profile), nil
}

func parseDevice(w wireCommand) (engine.Command, error) {
	source, err := call.ParseSource(w.Source)
	if err != nil {
		return nil, err
	}
	switch w.Cmd {
	case "publish":
		return engine.Publish{Source: source, Device: deviceWord(w.Device)}, nil
	case "unpublish":
		return engine.Unpublish{Source: source}, nil
	case "mute":
		return engine.Mute{Source: source}, nil
	default:
		return engine.Unmute{Source: source}, nil
	}
}

// message is the sentence that a left event carries.
func message(l call.Left) string { return words.Left(l).String() }
