package engine_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/enginetest"
)

// door is a dialer's door that answers the first questions as they stand, and the
// rest like the last of them.
func door(r *rig, answers ...enginetest.Step) *atomic.Int64 {
	asked := &atomic.Int64{}
	r.dialer.OnDial = func(req call.JoinRequest) enginetest.Step {
		n := int(asked.Add(1))
		if !req.Waits || req.Held != (n > 1) { // the first answer is not waited for any longer than without a waiting room
			r.t.Errorf("question %d waits: %v, may be held: %v", n, req.Waits, req.Held)
		}
		return answers[min(n, len(answers))-1]
	}
	return asked
}

var (
	toWait = enginetest.Step{Err: fmt.Errorf("join: %w", call.ErrWaiting)}
	held   = enginetest.Step{Delay: doorapi.Hold, Err: fmt.Errorf("join: %w", call.ErrWaiting)}
	away   = enginetest.Step{Err: fmt.Errorf("join: %w", call.ErrUnreachable)}
)

// Every end of the waiting: one Left that tells the truth, and everything closed.
func TestWaitingEnds(t *testing.T) {
	refuse := func(err error) enginetest.Step { return enginetest.Step{Delay: 5 * time.Second, Err: err} }
	turned := &call.PutOutError{Reason: call.ReasonTurnedAway, By: "Ada", Text: "Not now"}
	for name, tt := range map[string]struct {
		answers []enginetest.Step
		after   time.Duration
		act     func(*rig)
		want    call.Left
	}{
		"turned away": {[]enginetest.Step{toWait, refuse(turned)}, time.Minute, nil,
			call.Left{Reason: call.ReasonTurnedAway, By: "Ada", Text: "Not now", Err: turned}},
		"the room ended": {[]enginetest.Step{toWait, held, refuse(&call.PutOutError{Reason: call.ReasonDismissed})}, time.Minute, nil,
			call.Left{Reason: call.ReasonDismissed}},
		"banned": {[]enginetest.Step{toWait, refuse(&call.BannedError{Text: "spam"})}, time.Minute, nil,
			call.Left{Reason: call.ReasonBanned, Text: "spam"}},
		"nobody": {[]enginetest.Step{toWait, refuse(call.ErrUnanswered)}, time.Minute, nil,
			call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrUnanswered}},
		"a door that lets us wait for ever": {[]enginetest.Step{toWait, held}, 3 * time.Hour, nil,
			call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrUnanswered}},
		"a door that is gone": {[]enginetest.Step{toWait, away}, 2 * time.Minute, nil,
			call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrUnreachable}},
		"a door that hangs": {[]enginetest.Step{toWait, {Delay: 10 * time.Hour}}, 5 * time.Minute, nil,
			call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrJoinTimeout}},
		"cancelled": {[]enginetest.Step{toWait, held}, time.Minute, func(r *rig) { r.do(engine.Leave{}) },
			call.Left{Reason: call.ReasonLeft, Preview: true}},
		"the window closes": {[]enginetest.Step{toWait, held}, time.Minute, func(r *rig) { r.cancel() },
			call.Left{Reason: call.ReasonAppQuit}},
		"panic": {[]enginetest.Step{toWait, held}, time.Minute, func(r *rig) { r.do(engine.Fault{Kind: engine.FaultPanic}) },
			call.Left{Reason: call.ReasonInternal}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				door(r, tt.answers...)
				r.do(joinCommand())
				pass(500 * time.Millisecond)
				r.wantState(call.StateWaiting)
				pass(tt.after)
				if tt.act != nil {
					r.wantState(call.StateWaiting)
					tt.act(r)
					pass(5 * time.Second)
				}
				left := r.wantLeft(1, tt.want.Reason)
				if left.By != tt.want.By || left.Text != tt.want.Text || left.Preview != tt.want.Preview ||
					tt.want.Err != nil && !errors.Is(left.Err, tt.want.Err) || left.Stayed != 0 {
					t.Errorf("left %+v, want %+v", left, tt.want)
				}
				if !tt.want.Preview {
					r.wantAllClosed()
				}
				r.end()
			})
		})
	}
}

// An admitted guest joins like everybody; a door that was away for a moment, or restarted,
// changes nothing.
func TestLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		asked := door(r, toWait, held, away, away, toWait, held, enginetest.Step{Delay: 3 * time.Second})
		r.do(joinCommand())
		pass(30 * time.Second)
		r.wantState(call.StateWaiting)
		pass(30 * time.Second)
		r.wantState(call.StateJoined)
		if asked.Load() != 7 {
			t.Errorf("asked %d times", asked.Load())
		}
		var states []call.State
		for _, e := range of[call.StateChanged](r) {
			states = append(states, e.State)
		}
		want := []call.State{call.StateJoining, call.StateWaiting, call.StateJoining, call.StateJoined}
		if fmt.Sprint(states) != fmt.Sprint(want) {
			t.Errorf("states %v, want %v", states, want)
		}
		r.do(engine.Leave{})
		pass(time.Second)
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

// A door that says "wait" at once, again and again, is asked once a second.
func TestAskingHasAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		asked := door(r, toWait)
		r.do(joinCommand())
		pass(time.Minute)
		if n := asked.Load(); n < 50 || n > 62 {
			t.Errorf("asked %d times in a minute", n)
		}
		r.do(engine.Leave{})
		pass(time.Second)
		before := asked.Load()
		pass(time.Minute)
		if asked.Load() != before {
			t.Error("the door is asked after the end")
		}
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

// Once let in, joining has its bound again.
func TestLetInAndThenNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.dialer.First = func(call.JoinRequest) *call.RosterReplaced { return nil }
		door(r, toWait, enginetest.Step{Delay: 10 * time.Second})
		r.do(joinCommand())
		pass(12 * time.Second)
		r.wantState(call.StateJoining)
		pass(engine.DefaultJoinTimeout + time.Second)
		if left := r.wantLeft(1, call.ReasonJoinFailed); !errors.Is(left.Err, call.ErrJoinTimeout) {
			t.Errorf("left %+v", left)
		}
		r.wantAllClosed()
		r.end()
	})
}

// Hosts hear who waits.
func TestWaitersChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.WaitersChanged{Count: 2, Name: "Eve"})
		settle()
		if got := last[call.WaitersChanged](r); got != (call.WaitersChanged{Count: 2, Name: "Eve"}) {
			t.Errorf("got %+v", got)
		}
		r.do(engine.Leave{})
		pass(time.Second)
		r.end()
	})
}
