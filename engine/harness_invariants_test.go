package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
	"foyer/engine/eventqueue"
)

// legal is the state machine of call.State.
var legal = map[call.State][]call.State{
	call.StateIdle:         {call.StateJoining},
	call.StateJoining:      {call.StateJoined, call.StateLeaving, call.StateWaiting},
	call.StateWaiting:      {call.StateJoining, call.StateLeaving},
	call.StateJoined:       {call.StateReconnecting, call.StateLeaving},
	call.StateReconnecting: {call.StateJoined, call.StateLeaving},
	call.StateLeaving:      {call.StateIdle},
}

// ofStay reports whether an event may come inside a stay only.
func ofStay(ev call.Event) bool {
	switch ev.(type) {
	case call.Joined, call.RoomUpdated, call.ParticipantJoined, call.ParticipantUpdated, call.ParticipantLeft,
		call.TrackPublished, call.TrackUnpublished, call.TrackMuted, call.TrackUnmuted, call.TrackSubscribed,
		call.TrackUnsubscribed, call.SpeakersChanged, call.QualityChanged, call.DataReceived, call.StatsReported,
		call.ChatReceived, call.RulesChanged, call.Moderated:
		return true
	}
	return false
}

// checkEvents checks what holds for every story: legal states, exactly one
// Left per accepted Join, right after idle, nothing of a stay outside of it,
// devices reported closed by then, and Left at the right moment.
func (r *rig) checkEvents() {
	r.t.Helper()
	state, joined := call.StateIdle, false
	opened := map[call.Source]call.Device{}
	var entered, began time.Time
	var before earlier
	events := r.all()
	for i, s := range events {
		switch ev := s.Event.(type) {
		case call.StateChanged:
			if !slices.Contains(legal[state], ev.State) {
				r.t.Errorf("state %s after %s", ev.State, state)
			}
			state = ev.State
			switch state {
			case call.StateJoining:
				joined, entered = false, s.At
			case call.StateLeaving:
				began = s.At
			default:
			}
		case call.Joined:
			joined = true
		case call.DeviceOpened:
			opened[ev.Device.Source] = ev.Device
		case call.DeviceClosed:
			if opened[ev.Device.Source] == ev.Device {
				delete(opened, ev.Device.Source)
			}
		case call.Left:
			r.checkLeft(events, i, ev, joined, opened)
			r.checkMoment(s.At, entered, began, !ev.Preview, ev.Reason == call.ReasonSwitched, before)
			before = earlier{ev, s.At}
			if state == call.StateLeaving {
				r.t.Error("Left before idle")
			}
		}
		if ofStay(s.Event) && state != call.StateJoined && state != call.StateReconnecting {
			r.t.Errorf("%T while %s", s.Event, state)
		}
	}
	if state != call.StateIdle {
		r.t.Errorf("ends in state %s", state)
	}
	stays := r.joins // and each switch goes on to another
	for _, left := range of[call.Left](r) {
		if left.Reason == call.ReasonSwitched {
			stays++
		}
	}
	if lefts := len(of[call.Left](r)); lefts != stays {
		r.t.Errorf("%d Left events of %d stays", lefts, stays)
	}
}

func (r *rig) checkLeft(events []eventqueue.Stamped, i int, ev call.Left, joined bool, opened map[call.Source]call.Device) {
	r.t.Helper()
	if prev, ok := events[i-1].Event.(call.StateChanged); !ok || prev.State != call.StateIdle {
		r.t.Errorf("Left comes after %T, not after idle", events[i-1].Event)
	}
	if ev.Reason == call.ReasonUnknown || ev.Room == "" {
		r.t.Errorf("Left without reason or room: %+v", ev)
	}
	if joined != (ev.People > 0) || !joined && ev.Stayed != 0 {
		r.t.Errorf("joined %v, but Left says %v with %d people", joined, ev.Stayed, ev.People)
	}
	for src, d := range opened {
		kept := ev.Preview || ev.Reason == call.ReasonSwitched
		if !kept && !slices.Contains(ev.Stuck, d) {
			r.t.Errorf("%s is reported neither closed nor stuck at Left(%s)", src, ev.Reason)
		}
	}
	for _, d := range ev.Open {
		if !slices.Contains(ev.Stuck, d) && !ev.Preview && ev.Reason != call.ReasonSwitched {
			r.t.Errorf("%s %q is open after Left(%s), and not said to be stuck", d.Source, d.Name, ev.Reason)
		}
	}
}

const grace = engine.DefaultGrace

// checkMoment compares the time of a Left with the books of the stand-ins: not
// before everything is back, not after, and never after the grace. What was
// asked for in the very moment in which the exit began may belong to it or not,
// and so may a preview that a loss or the next stay closed in that moment, or a
// session that came just when it was given up. A switch waits for the devices
// only that the next stay does not use; what was given up in the moment in which
// it began may have been given up for that one already.
func (r *rig) checkMoment(at, entered, began time.Time, closes, switched bool, before earlier) {
	r.t.Helper()
	closes = closes && !switched
	limit := began.Add(grace)
	want, atMost := began, began
	entries := r.ledger.Entries()
	for _, e := range entries {
		if (e.Kind == "session" || e.Kind == "receiver") && e.Asked.Before(entered) {
			continue // an earlier exit's, which gave it up
		}
		if e.Asked.After(began) {
			continue
		}
		if e.Kind == "pump" {
			e = deviceOf(entries, e)
		}
		end, waits := awaited(e, began, closes)
		if !waits || e.Kind == "device" && e.Asked.Before(entered) && before.gaveUp(e) {
			continue
		}
		end = minTime(end, limit)
		unsure := e.Asked.Equal(began) || switched && gaveUp(e).Equal(began) || !closes && r.busyAt(e.Source, began) ||
			e.Kind == "session" && e.Opened.Equal(began.Add(dialWait))
		if end.After(want) && !unsure {
			want = end
		}
		if end.After(atMost) {
			atMost = end
		}
	}
	if at.Before(want) || at.After(atMost) {
		r.t.Errorf("Left came %v after the exit began, want %v to %v\n%s", at.Sub(began), want.Sub(began), atMost.Sub(began), r.story(began))
	}
}

func (r *rig) busyAt(src call.Source, at time.Time) bool {
	return slices.ContainsFunc(r.all(), func(s eventqueue.Stamped) bool {
		lost, isLoss := s.Event.(call.DeviceLost)
		next := s.Event == call.Event(call.StateChanged{State: call.StateJoining})
		return s.At.Equal(at) && (next || isLoss && lost.Device.Source == src)
	})
}

// story tells what happened, for the message of a storm that failed.
func (r *rig) story(zero time.Time) string {
	var b strings.Builder
	since := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Sub(zero).String()
	}
	for _, e := range r.ledger.Entries() {
		fmt.Fprintf(&b, "%s %s %q asked %s cancelled %s opened %s closing %s closed %s\n", e.Kind, e.Source, e.Name,
			since(e.Asked), since(e.Cancelled), since(e.Opened), since(e.Closing), since(e.Closed))
	}
	for _, s := range r.all() {
		fmt.Fprintf(&b, "%s %T %+v\n", since(s.At), s.Event, s.Event)
	}
	return b.String()
}

// gaveUp is when an entry was no longer wanted: while it opened, or when it was open.
func gaveUp(e enginetest.Entry) time.Time {
	if !e.Cancelled.IsZero() && (e.Opened.IsZero() || e.Cancelled.Before(e.Opened)) {
		return e.Cancelled
	}
	return e.Closing
}

// awaited tells until when the exit that began must wait for an entry.
func awaited(e enginetest.Entry, began time.Time, closes bool) (until time.Time, waits bool) {
	never := began.Add(time.Hour)
	until = e.Closed
	if until.IsZero() {
		until = never
	}
	if until.Before(began) || e.Kind == "server" {
		return until, false
	}
	if e.Kind == "session" {
		if opened := e.Opened; opened.After(began.Add(dialWait)) || opened.IsZero() {
			return minTime(until, began.Add(dialWait)), true
		}
		return until, true
	}
	given := gaveUp(e)
	switch {
	case given.IsZero() || given.After(began):
		return until, closes // a preview that the exit keeps, closed later by somebody else
	case e.Kind == "device" && !given.After(began.Add(-grace)):
		return until, false // known to be stuck before
	case e.Kind == "device":
		return minTime(until, given.Add(grace)), true
	}
	return until, true
}

// earlier is the exit before the one that is looked at.
type earlier struct {
	call.Left
	at time.Time
}

// gaveUp reports whether a device was stuck at that exit already. One of the same
// name that was asked for later is another one.
func (x earlier) gaveUp(e enginetest.Entry) bool {
	return e.Asked.Before(x.at) && slices.ContainsFunc(x.Stuck, func(d call.Device) bool {
		return d.Source == e.Source && (d.Name == e.Name || d.Name == "" && e.Name == "default")
	})
}

// deviceOf is the device that a pump reads, closed when the pump has ended too.
func deviceOf(entries []enginetest.Entry, pump enginetest.Entry) enginetest.Entry {
	for _, e := range entries {
		if e.Kind == "device" && e.Source == pump.Source && e.Name == pump.Name && e.Opened.Equal(pump.Opened) && e.Closed.Equal(pump.Closing) {
			if !pump.Closing.IsZero() {
				e.Closed = pump.Closed
			}
			return e
		}
	}
	return enginetest.Entry{}
}

// dialWait is how long an exit waits for a dial that does not heed its context.
const dialWait = time.Second

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
