package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// joinTimeout is how long a person may be kept in doubt (contract J8).
const joinTimeout = 15 * time.Second

// Starting the server, waiting for the one before to stop and dialing share one
// bound.
func TestJ8_OneTimeoutForServerAndDial(t *testing.T) {
	hours := enginetest.Step{Delay: time.Hour}
	for name, c := range map[string]struct {
		start, dial enginetest.Step
		hostFailed  bool
	}{
		"slow start, silent door": {start: enginetest.Step{Delay: 9 * time.Second}, dial: hours},
		"start hangs":             {start: hours, hostFailed: true},
		"both are deaf":           {start: enginetest.Step{Delay: 9 * time.Second, Deaf: true}, dial: enginetest.Step{Delay: time.Minute, Deaf: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slowDial(c.dial), func(r *rig, _ *engine.Config) {
					r.server.OnStart = func(call.RoomID) enginetest.Step { return c.start }
				})
				r.do(engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"})
				pass(joinTimeout)
				left := r.wantLeft(1, call.ReasonJoinFailed)
				if !errors.Is(left.Err, call.ErrJoinTimeout) || errors.Is(left.Err, call.ErrRoomServerFailed) != c.hostFailed {
					t.Errorf("error %v", left.Err)
				}
				pass(time.Hour)
				r.end()
			})
		})
	}
}

func TestJ8_AJoinThatWaitsIsBoundedFromItsCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowClose(time.Second))
		r.joined()
		r.do(engine.Leave{})
		r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Delay: time.Hour} }
		r.do(joinCommand())
		pass(joinTimeout)
		r.wantLeft(2, call.ReasonJoinFailed)
		r.end()
	})
}

func TestStartRoom(t *testing.T) {
	start := engine.StartRoom{Room: "mine", Title: "Mine", Name: "Ada", Identity: "ada"}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.server.OnStart = func(call.RoomID) enginetest.Step { return enginetest.Step{Delay: 400 * time.Millisecond} }
		})
		r.do(start)
		pass(time.Second)
		if j := last[call.Joined](r); !j.Hosting || j.Elapsed != 400*time.Millisecond || j.Link.Room != "mine" {
			t.Errorf("joined %+v", j)
		}
		r.do(engine.Leave{})
		settle()
		if left := r.wantLeft(1, call.ReasonLeft); !left.Hosting || left.Title != "Mine" {
			t.Errorf("left %+v", left)
		}
		r.do(start) // the same server
		pass(time.Second)
		if n := r.server.Starts(); n != 1 {
			t.Errorf("%d servers", n)
		}
		r.server.OnRestart = func() enginetest.Step { return enginetest.Step{Err: call.ErrPortInUse} }
		r.server.Crash()
		settle()
		if ev := last[call.RoomServerStopped](r); !errors.Is(ev.Err, call.ErrPortInUse) || ev.Restarting {
			t.Errorf("%+v", ev)
		}
		if left := r.wantLeft(2, call.ReasonServerStopped); left.Hosting || !errors.Is(left.Err, call.ErrPortInUse) {
			t.Errorf("left %+v after a crash", left)
		}
		r.do(start)
		pass(time.Second)
		r.do(engine.Leave{})
		r.end()
		if ev := last[call.RoomServerStopped](r); ev.Err != nil || r.ledger.OpenNow("server") != 0 {
			t.Errorf("at the end: %+v", ev)
		}
	})
}

func TestStartRoom_Failures(t *testing.T) {
	start := engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"}
	synctest.Test(t, func(t *testing.T) {
		step := enginetest.Step{Err: errors.New("port in use")}
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.server.OnStart = func(call.RoomID) enginetest.Step { return step }
		})
		r.do(start)
		settle()
		if left := r.wantLeft(1, call.ReasonJoinFailed); !errors.Is(left.Err, call.ErrRoomServerFailed) {
			t.Errorf("error %v", left.Err)
		}
		step = enginetest.Step{Delay: time.Minute, Deaf: true}
		r.do(start)
		pass(time.Second)
		r.do(engine.Leave{}) // at once: nothing of ours is open
		settle()
		r.wantLeft(2, call.ReasonLeft)
		r.do(start) // the start that nobody waits for has its turn still
		pass(joinTimeout)
		if left := r.wantLeft(3, call.ReasonJoinFailed); !errors.Is(left.Err, call.ErrRoomServerFailed) || !errors.Is(left.Err, call.ErrJoinTimeout) {
			t.Errorf("error %v", left.Err)
		}
		pass(time.Hour)
		r.end()
		r = newRig(t, func(_ *rig, cfg *engine.Config) { cfg.RoomServer = nil })
		if err := r.try(start); !errors.Is(err, call.ErrNotSupported) {
			t.Errorf("without a server: %v", err)
		}
		r.end()
	})
}

// A room that was started and never entered does not stay behind.
func TestStartRoom_CancelledStopsTheServer(t *testing.T) {
	start := engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"}
	second := enginetest.Step{Delay: time.Second}
	for name, c := range map[string]struct {
		start, dial enginetest.Step
		stop        func(*rig)
		reason      call.LeaveReason
	}{
		"while it starts":      {start: second, stop: (*rig).cancelJoin, reason: call.ReasonLeft},
		"while a deaf starts":  {start: enginetest.Step{Delay: 2 * time.Second, Deaf: true}, stop: (*rig).cancelJoin, reason: call.ReasonLeft},
		"while we dial":        {dial: second, stop: (*rig).cancelJoin, reason: call.ReasonLeft},
		"while a deaf dials":   {dial: enginetest.Step{Delay: time.Hour, Deaf: true}, stop: (*rig).cancelJoin, reason: call.ReasonLeft},
		"the door refuses":     {dial: enginetest.Step{Err: call.ErrRefused}, stop: func(*rig) {}, reason: call.ReasonJoinFailed},
		"the join takes hours": {dial: enginetest.Step{Delay: time.Hour}, stop: func(*rig) {}, reason: call.ReasonJoinFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slowDial(c.dial), func(r *rig, _ *engine.Config) {
					r.server.OnStart = func(call.RoomID) enginetest.Step { return c.start }
					r.server.OnStop = func() enginetest.Step { return enginetest.Step{Delay: 300 * time.Millisecond} }
				})
				r.do(start)
				pass(500 * time.Millisecond)
				c.stop(r)
				pass(joinTimeout)
				if left := r.wantLeft(1, c.reason); left.Hosting {
					t.Error("it says that the room goes on")
				}
				if n := r.ledger.OpenNow("server"); n != 0 {
					t.Error("the server runs still")
				}
				if begun, ended := len(of[call.RoomServerStarted](r)), len(of[call.RoomServerStopped](r)); begun != ended {
					t.Errorf("%d RoomServerStarted, %d RoomServerStopped", begun, ended)
				}
				r.server.OnStart, r.dialer.OnDial = nil, nil
				r.do(start)
				settle()
				r.wantState(call.StateJoined)
				r.do(engine.Leave{}) // a room that was entered goes on
				settle()
				if left := r.wantLeft(2, call.ReasonLeft); !left.Hosting || r.ledger.OpenNow("server") != 1 {
					t.Errorf("after a stay: %+v", left)
				}
				r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return second }
				r.do(start)
				settle()
				r.cancelJoin() // the room of before is in the same server
				pass(time.Second)
				if r.ledger.OpenNow("server") != 1 {
					t.Error("cancelling a second room has ended the first")
				}
				pass(time.Hour)
				r.end()
			})
		})
	}
}

func (r *rig) cancelJoin() { r.do(engine.Leave{}) }

func TestStartRoom_AgainWhileItStops(t *testing.T) {
	start := engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Second}), func(r *rig, _ *engine.Config) {
			r.server.OnStop = func() enginetest.Step { return enginetest.Step{Delay: time.Second} }
		})
		r.do(start)
		settle()
		r.do(engine.Leave{})
		r.do(start) // right away
		pass(3 * time.Second)
		r.wantState(call.StateJoined)
		if r.ledger.OpenNow("server") != 1 || r.server.Starts() != 2 {
			t.Errorf("%d servers run, %d were started", r.ledger.OpenNow("server"), r.server.Starts())
		}
		r.end()
	})
}
