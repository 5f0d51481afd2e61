package engine_test

import (
	"slices"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// legal is the state machine of call.State.
var legal = map[call.State][]call.State{
	call.StateIdle:         {call.StateJoining},
	call.StateJoining:      {call.StateJoined, call.StateLeaving},
	call.StateJoined:       {call.StateReconnecting, call.StateLeaving},
	call.StateReconnecting: {call.StateJoined, call.StateLeaving},
	call.StateLeaving:      {call.StateIdle},
}

// ofStay tells whether an event may come inside a stay only.
func ofStay(ev call.Event) bool {
	switch ev.(type) {
	case call.Joined, call.RoomUpdated, call.ParticipantJoined, call.ParticipantUpdated, call.ParticipantLeft,
		call.TrackPublished, call.TrackUnpublished, call.TrackMuted, call.TrackUnmuted, call.TrackSubscribed,
		call.TrackUnsubscribed, call.SpeakersChanged, call.QualityChanged, call.DataReceived, call.StatsReported:
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
	var began time.Time
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
				joined = false
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
			r.checkMoment(s.At, began, joined)
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
	if lefts := len(of[call.Left](r)); lefts != r.joins {
		r.t.Errorf("%d Left events of %d accepted joins", lefts, r.joins)
	}
}

func (r *rig) checkLeft(events []engine.Stamped, i int, ev call.Left, joined bool, opened map[call.Source]call.Device) {
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
		kept := !joined && ev.Reason != call.ReasonAppQuit && ev.Reason != call.ReasonInternal
		if !kept && !slices.Contains(ev.Stuck, d) {
			r.t.Errorf("%s is reported neither closed nor stuck at Left(%s)", src, ev.Reason)
		}
	}
}

const grace = engine.DefaultGrace

// checkMoment compares the time of a Left with the books of the stand-ins: not
// before everything is back, not after, and never after the grace.
func (r *rig) checkMoment(at, began time.Time, joined bool) {
	r.t.Helper()
	want, limit := began, began.Add(grace)
	for _, e := range r.ledger.Entries() {
		if end, waits := awaited(e, began, joined); waits && end.After(want) {
			want = end
		}
	}
	if want.After(limit) {
		want = limit
	}
	if !at.Equal(want) {
		r.t.Errorf("Left came %v after the exit began, want %v", at.Sub(began), want.Sub(began))
	}
}

// awaited tells until when the exit that began must wait for an entry.
func awaited(e enginetest.Entry, began time.Time, joined bool) (until time.Time, waits bool) {
	never := began.Add(time.Hour)
	until = e.Closed
	if until.IsZero() {
		until = never
	}
	if e.Asked.After(began) || until.Before(began) || e.Kind == "host" {
		return until, false
	}
	// What was given up more than the grace ago is known to be stuck.
	gaveUp := e.Closing
	if !e.Cancelled.IsZero() && (e.Opened.IsZero() || e.Cancelled.Before(e.Opened)) {
		gaveUp = e.Cancelled
	}
	switch {
	case gaveUp.IsZero() || gaveUp.After(began):
		return until, joined // a preview that the exit keeps, closed later by somebody else
	case e.Kind == "device" && !gaveUp.After(began.Add(-grace)):
		return until, false
	case e.Kind == "device":
		return minTime(until, gaveUp.Add(grace)), true
	case e.Kind == "session" && e.Opened.IsZero():
		return minTime(until, began.Add(time.Second)), true
	case e.Kind == "session" && e.Opened.After(began.Add(time.Second)):
		return began.Add(time.Second), true
	}
	return until, true
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
