package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// The contract's bounds. Time is virtual here: what is asserted is what the
// engine adds, whatever the machine does meanwhile.
const (
	toldTimeout = 500 * time.Millisecond // L4
	freeTimeout = time.Second            // K1
)

// A client that leaves tells the server at once, although its camera hangs, and the others
// show it at once: no tile stays behind.
func TestL4_TheOthersKnowWithinHalfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stays := newRig(t)
		other := stays.joined()
		other.Tell(call.ParticipantJoined{Participant: person("bob", "PA_bob")})
		other.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_bob", videoTrack("TR_bob"))})
		block := make(chan struct{})
		goes := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnClose = func(call.Device) enginetest.Step { return enginetest.Step{Block: block} }
			r.dialer.On = func(m string) enginetest.Step {
				if m == "leave" { // what the server makes of it
					other.Tell(call.ParticipantLeft{Participant: person("bob", "PA_bob"), Reason: call.ReasonLeft})
				}
				return enginetest.Step{}
			}
		})
		goes.joined()
		pass(time.Minute)
		began := time.Now()
		goes.do(engine.Leave{})
		pass(toldTimeout)
		goes.wantState(call.StateLeaving) // the camera hangs
		told := false
		for _, s := range stays.all() {
			if left, ok := s.Event.(call.ParticipantLeft); ok {
				told = true
				if took := s.At.Sub(began); took > toldTimeout || left.Reason != call.ReasonLeft {
					t.Errorf("told %s after %v", left.Reason, took)
				}
			}
		}
		if !told {
			t.Errorf("nobody was told within %v", toldTimeout)
		}
		if n := stays.ledger.OpenNow("receiver"); n != 0 {
			t.Errorf("%d tiles stay behind", n)
		}
		close(block)
		settle()
		goes.end()
		stays.end()
	})
}

// whoever is removed has their devices back within a second, although each takes
// most of it and the connection does not end: they close at the same moment, and
// wait for nobody.
func TestK1_DevicesAreFreeWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const closes = 900 * time.Millisecond
		block := make(chan struct{})
		r := newRig(t, slowClose(closes), func(r *rig, _ *engine.Config) {
			r.dialer.On = onMethod("close", enginetest.Step{Block: block})
		})
		s := r.joined()
		pass(time.Minute)
		told := time.Now()
		s.Tell(call.SessionEnded{Reason: call.ReasonRemoved, By: "Eve"})
		pass(freeTimeout)
		devices := 0
		for _, e := range r.ledger.Entries() {
			if e.Kind != "device" {
				continue
			}
			devices++
			if took := e.Closed.Sub(told); e.Closed.IsZero() || took > freeTimeout {
				t.Errorf("%s is free after %v", e.Source, took)
			}
		}
		if devices != 3 {
			t.Errorf("%d devices were open, want 3", devices)
		}
		pass(grace)
		r.wantLeft(1, call.ReasonRemoved)
		close(block)
		settle()
		r.end()
	})
}
