package engine_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/enginetest"
)

var ownRoom = engine.StartRoom{
	Room: "mine", Title: "Mine", Name: "Ada", Identity: "ada",
	Devices: engine.Choice{Camera: "cam", Microphone: "mic", Speaker: "loud"},
}

// hostingRig is in a room of its own server, which takes that long to start
// again.
func hostingRig(t *testing.T, again enginetest.Step) *rig {
	t.Helper()
	r := newRig(t)
	r.server.OnRestart = func() enginetest.Step { return again }
	r.do(ownRoom)
	settle()
	r.wantState(call.StateJoined)
	return r
}

// What the server says of its addresses is in the links from then on.
func TestRoomServerReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := hostingRig(t, enginetest.Step{})
		said := call.RoomServerReached{
			Hosts: []string{"203.0.113.5:7443", "127.0.0.1:7443"}, Router: reach.Router{State: reach.Opened, Outside: "203.0.113.5:7443"},
		}
		r.server.Reach(said)
		settle()
		if got := last[call.RoomServerReached](r); !slices.Equal(got.Hosts, said.Hosts) || got.Router != said.Router {
			t.Errorf("%+v", got)
		}
		r.server.Crash()
		settle()
		if got := last[call.RoomServerStarted](r).Link.Hosts; !slices.Equal(got, said.Hosts) {
			t.Errorf("after a restart the link has %v", got)
		}
		r.end()
	})
}

// The server of this computer is started again at once, with the stay going on.
func TestO6_TheOwnServerIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := hostingRig(t, enginetest.Step{Delay: 300 * time.Millisecond})
		for n := 1; n <= 3; n++ {
			r.server.Crash()
			r.dialer.Last().Tell(call.SessionReconnecting{})
			settle()
			if ev := last[call.RoomServerStopped](r); !ev.Restarting || !errors.Is(ev.Err, call.ErrRoomServerCrashed) {
				t.Errorf("crash %d: %+v", n, ev)
			}
			pass(300 * time.Millisecond)
			if got := r.server.Starts(); got != 1+n {
				t.Fatalf("crash %d: the server was started %d times", n, got)
			}
			if started := of[call.RoomServerStarted](r); len(started) != 1+n || started[n].Link.String() != started[0].Link.String() {
				t.Errorf("crash %d: %+v", n, started)
			}
			r.dialer.Last().Tell(call.SessionReconnected{})
			settle()
			r.wantState(call.StateJoined)
		}
		if n := r.ledger.OpenNow("device"); n != 3 {
			t.Errorf("%d devices are open, want all three", n)
		}
		pass(time.Minute + time.Second) // patience comes back
		r.server.Crash()
		pass(time.Second)
		if got := r.server.Starts(); got != 5 {
			t.Errorf("after a minute: %d starts", got)
		}
		r.do(engine.Leave{})
		settle()
		if left := r.wantLeft(1, call.ReasonLeft); !left.Hosting {
			t.Error("the room goes on, and the farewell does not say so")
		}
		r.server.Crash() // nobody of this computer is in a room of it, but others may be
		pass(time.Second)
		if got := r.server.Starts(); got != 6 {
			t.Errorf("after leaving: %d starts", got)
		}
		r.end()
		r.wantAllClosed()
	})
}

// A server that does not live is given up at the fourth end within a minute, and
// one that does not start at once: with the devices free and the reason said.
func TestL2_AServerThatDoesNotComeBackIsGivenUp(t *testing.T) {
	for name, tt := range map[string]struct {
		again enginetest.Step
		want  error
		after time.Duration
	}{
		"it ends again and again": {enginetest.Step{}, call.ErrRoomServerCrashed, 0},
		"it does not start":       {enginetest.Step{Err: call.ErrPortInUse}, call.ErrPortInUse, 0},
		"it hangs":                {enginetest.Step{Delay: time.Hour}, nil, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := hostingRig(t, tt.again)
				for range 4 {
					r.server.Crash()
					settle()
				}
				pass(tt.after)
				left := r.wantLeft(1, call.ReasonServerStopped)
				if tt.want != nil && !errors.Is(left.Err, tt.want) || left.Err == nil || left.Hosting {
					t.Errorf("left %+v", left)
				}
				if len(left.Released) != 3 || len(left.Open) > 0 {
					t.Errorf("released %v, open %v", left.Released, left.Open)
				}
				if n := r.ledger.OpenNow("device"); n != 0 {
					t.Errorf("%d devices are open", n)
				}
				if ev := last[call.RoomServerStopped](r); ev.Restarting || ev.Err == nil {
					t.Errorf("the last word is %+v", ev)
				}
				r.server.OnRestart = nil
				r.do(ownRoom) // Rejoin starts it once more
				settle()
				r.wantState(call.StateJoined)
				r.end()
				r.wantAllClosed()
			})
		})
	}
}

// Leaving, quitting and joining while the server is being started again.
func TestL7_LeavingWhileTheOwnServerStartsAgain(t *testing.T) {
	for name, act := range map[string]func(*rig){
		"leave": func(r *rig) { r.do(engine.Leave{}) },
		"leave and start another": func(r *rig) {
			r.do(engine.Leave{})
			r.do(ownRoom)
		},
		"quit": func(r *rig) { r.cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := hostingRig(t, enginetest.Step{Delay: time.Second})
				r.server.Crash()
				pass(500 * time.Millisecond)
				act(r)
				pass(grace)
				if lefts := of[call.Left](r); len(lefts) != 1 {
					t.Fatalf("%d Left events", len(lefts))
				}
				pass(5 * time.Second)
				r.end()
				r.wantAllClosed()
			})
		})
	}
}

// A server that was started for a stay which never began is not started again
// for nobody.
func TestO12_ARestartThatNobodyWantsIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Hour}))
		r.server.OnRestart = func() enginetest.Step { return enginetest.Step{Delay: time.Second} }
		r.do(ownRoom)
		pass(time.Second)
		r.server.Crash()
		pass(100 * time.Millisecond)
		r.do(engine.Leave{})
		pass(5 * time.Second)
		if n := r.ledger.OpenNow("server"); n != 0 {
			t.Error("the server runs, and nobody has its link")
		}
		r.end()
	})
}
