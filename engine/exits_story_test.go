package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// exitCase is one cause of leaving. prepare adjusts the stand-ins, act causes
// it, in a room unless outside is set.
type exitCase struct {
	name    string
	outside bool
	prepare func(*rig, *engine.Config)
	act     func(*rig)
	want    call.Left
	none    bool // the cause must be refused and change nothing
}

func told(end call.SessionEnded) func(*rig) {
	return func(r *rig) { r.dialer.Last().Tell(end) }
}

func exitCases() []exitCase {
	until := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	banned := &call.BannedError{Until: until, Text: "spam"}
	refused := func(err error) func(*rig, *engine.Config) {
		return func(r *rig, _ *engine.Config) {
			r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Err: err} }
		}
	}
	join := func(r *rig) { r.do(joinCommand()) }
	return []exitCase{
		{name: "left", act: func(r *rig) { r.do(engine.Leave{}) }, want: call.Left{Reason: call.ReasonLeft}},
		{name: "switched into the room we are in", none: true, act: func(r *rig) {
			if err := r.try(engine.SwitchRoom{Link: testLink}); !errors.Is(err, call.ErrAlreadyInRoom) {
				r.t.Errorf("switch: %v", err)
			}
		}},
		{name: "removed", act: told(call.SessionEnded{Reason: call.ReasonRemoved, By: "Eve", Text: "bye"}),
			want: call.Left{Reason: call.ReasonRemoved, By: "Eve", Text: "bye"}},
		{name: "banned", act: told(call.SessionEnded{Reason: call.ReasonBanned, By: "Eve", Text: "spam", Until: until}),
			want: call.Left{Reason: call.ReasonBanned, By: "Eve", Text: "spam", Until: until}},
		{name: "banned at the door", outside: true, prepare: refused(fmt.Errorf("door: %w", banned)), act: join,
			want: call.Left{Reason: call.ReasonBanned, Text: "spam", Until: until, Err: banned}},
		{name: "turned_away", outside: true, prepare: refused(&call.PutOutError{Reason: call.ReasonTurnedAway, By: "Eve", Text: "no"}),
			act: join, want: call.Left{Reason: call.ReasonTurnedAway, By: "Eve", Text: "no"}},
		{name: "dismissed", act: told(call.SessionEnded{Reason: call.ReasonDismissed}),
			want: call.Left{Reason: call.ReasonDismissed}},
		{name: "duplicate", act: told(call.SessionEnded{Reason: call.ReasonDuplicate}),
			want: call.Left{Reason: call.ReasonDuplicate}},
		{name: "offline_removed", act: told(call.SessionEnded{Reason: call.ReasonOfflineRemoved}),
			want: call.Left{Reason: call.ReasonOfflineRemoved}},
		{name: "server_stopped", act: told(call.SessionEnded{Reason: call.ReasonServerStopped}),
			want: call.Left{Reason: call.ReasonServerStopped}},
		{name: "room_closed", act: told(call.SessionEnded{Reason: call.ReasonRoomClosed}),
			want: call.Left{Reason: call.ReasonRoomClosed}},
		{name: "connection_lost", act: told(call.SessionEnded{Reason: call.ReasonConnectionLost, Err: call.ErrConnectionLost}),
			want: call.Left{Reason: call.ReasonConnectionLost, Err: call.ErrConnectionLost}},
		{name: "join_failed", outside: true, prepare: refused(call.ErrRoomFull), act: join,
			want: call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrRoomFull}},
		{name: "join_failed, lost before the first roster", outside: true,
			prepare: func(r *rig, _ *engine.Config) {
				r.dialer.First = func(call.JoinRequest) *call.RosterReplaced { return nil }
			},
			act: func(r *rig) {
				join(r)
				settle()
				told(call.SessionEnded{Reason: call.ReasonConnectionLost})(r)
			}, want: call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrConnectionLost}},
		{name: "media_failed", act: told(call.SessionEnded{Reason: call.ReasonMediaFailed}),
			want: call.Left{Reason: call.ReasonMediaFailed}},
		{name: "media_failed while joining", outside: true, prepare: refused(call.ErrMediaBlocked), act: join,
			want: call.Left{Reason: call.ReasonMediaFailed, Err: call.ErrMediaBlocked}},
		{name: "app_quit", act: func(r *rig) { r.cancel() }, want: call.Left{Reason: call.ReasonAppQuit}},
		{name: "internal", act: func(r *rig) { r.do(engine.Fault{Kind: engine.FaultPanic}) },
			want: call.Left{Reason: call.ReasonInternal}},
		{name: "internal, in the session", act: told(call.SessionEnded{Reason: call.ReasonInternal, Err: call.ErrClosed}),
			want: call.Left{Reason: call.ReasonInternal, Err: call.ErrClosed}},
		{name: "other(42)", act: told(call.SessionEnded{Reason: call.ReasonOther(42)}),
			want: call.Left{Reason: call.ReasonOther(42)}},
		{name: "other(0) for no reason at all", act: told(call.SessionEnded{}),
			want: call.Left{Reason: call.ReasonOther(0)}},
	}
}

// Section 6 of the contract: every reason, one Left, everything released.
func TestL1_L2_L5_EveryReason(t *testing.T) {
	seen := map[string]bool{call.ReasonSwitched.String(): true} // TestO11_O12_
	for _, c := range exitCases() {
		seen[c.want.Reason.String()] = true
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testExit(t, c) })
		})
	}
	for _, reason := range call.Reasons() {
		if !seen[reason.String()] {
			t.Errorf("no case for %s", reason)
		}
	}
}

func testExit(t *testing.T, c exitCase) {
	r := newRig(t, func(r *rig, cfg *engine.Config) {
		if c.prepare != nil {
			c.prepare(r, cfg)
		}
	})
	if !c.outside {
		s := r.joined()
		s.Tell(call.ParticipantJoined{Participant: person("eve", "PA_eve")})
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("eve", "PA_eve", videoTrack("TR_eve"))})
		pass(time.Minute)
	}
	c.act(r)
	pass(time.Second)
	if c.none {
		r.wantState(call.StateJoined)
		r.end()
		return
	}
	left := r.wantLeft(1, c.want.Reason)
	r.wantAllClosed()
	if left.By != c.want.By || left.Text != c.want.Text || !left.Until.Equal(c.want.Until) {
		t.Errorf("left %+v, want %+v", left, c.want)
	}
	if c.want.Err != nil && !errors.Is(left.Err, c.want.Err) {
		t.Errorf("left with error %v, want %v", left.Err, c.want.Err)
	}
	if !c.outside && (left.Stayed != time.Minute || left.People != 2 || len(left.Released) != 3 || len(left.Stuck) != 0) {
		t.Errorf("receipt is %+v", left)
	}
	if r.media.Speaker() != nil {
		t.Error("the mix still plays")
	}
	r.end()
}

// The devices do not wait for the network, nor the network for the devices.
func TestL2_L4_DevicesAndServerAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(m string) enginetest.Step {
				if m == "leave" {
					return enginetest.Step{Delay: 700 * time.Millisecond}
				}
				return enginetest.Step{}
			}
			r.devices.OnClose = func(d call.Device) enginetest.Step {
				return enginetest.Step{Delay: time.Duration(d.Source) * 100 * time.Millisecond}
			}
		})
		s := r.joined()
		pass(time.Second)
		now := time.Now()
		r.do(engine.Leave{})
		pass(grace)
		if !s.LeftAt().Equal(now) {
			t.Errorf("the server was told after %v", s.LeftAt().Sub(now))
		}
		left := r.wantLeft(1, call.ReasonLeft)
		for _, rel := range left.Released {
			if want := time.Duration(rel.Source) * 100 * time.Millisecond; rel.Took != want {
				t.Errorf("%s took %v, want %v", rel.Source, rel.Took, want)
			}
		}
		if len(left.Released) != 3 {
			t.Errorf("released %v", left.Released)
		}
		r.end() // checks that Left came at 700 ms exactly
	})
}

func TestL5_ConcurrentExitsGiveOneEvent(t *testing.T) {
	for i := range 60 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			s := r.joined()
			acts := []func(){
				func() { _ = r.try(engine.Leave{}) },
				func() { s.Tell(call.SessionEnded{Reason: call.ReasonRemoved}) },
				func() { s.Tell(call.SessionEnded{Reason: call.ReasonConnectionLost}) },
				func() { _ = r.try(engine.Leave{Room: "room"}) },
				func() { _ = r.try(engine.Fault{Kind: engine.FaultPanic}) },
			}
			for j := range acts {
				go acts[(i+j)%len(acts)]()
			}
			pass(time.Second)
			if n := len(of[call.Left](r)); n != 1 {
				t.Errorf("%d Left events", n)
			}
			r.wantAllClosed()
			r.end()
		})
	}
}

func TestL5_FirstReasonWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowClose(500*time.Millisecond))
		s := r.joined()
		s.Tell(call.SessionEnded{Reason: call.ReasonDuplicate})
		settle()
		s.Tell(call.SessionEnded{Reason: call.ReasonRemoved})
		r.do(engine.Leave{})
		pass(time.Second)
		r.wantLeft(1, call.ReasonDuplicate)
		if !s.LeftAt().IsZero() {
			t.Error("a session that is over was told that we leave")
		}
		r.end()
	})
}

func slowClose(d time.Duration) func(*rig, *engine.Config) {
	return func(r *rig, _ *engine.Config) {
		r.devices.OnClose = func(call.Device) enginetest.Step { return enginetest.Step{Delay: d} }
	}
}

func TestL6_RejoinWaitsForTheExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowClose(30*time.Millisecond))
		for i := range 200 {
			r.do(joinCommand()) // given while the exit before is under way
			if i > 0 {
				settle()
				r.wantState(call.StateLeaving)
			}
			pass(50 * time.Millisecond)
			r.wantState(call.StateJoined)
			r.do(engine.Leave{})
		}
		pass(time.Second)
		r.wantLeft(200, call.ReasonLeft)
		if failed := of[call.CommandFailed](r); len(failed) > 0 {
			t.Errorf("%d commands failed: %v", len(failed), failed[0])
		}
		r.wantAllClosed()
		r.end() // the stand-ins complain about a device that is opened twice
	})
}

func TestL6_AWaitingJoinCanBeTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowClose(time.Second))
		r.joined()
		r.do(engine.Leave{})
		r.do(joinCommand())
		if err := r.try(joinCommand()); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("second waiting join: %v", err)
		}
		r.do(engine.Leave{}) // takes it back
		r.do(joinCommand())  // and another one waits
		pass(1500 * time.Millisecond)
		r.wantState(call.StateJoined)
		r.wantLeft(2, call.ReasonLeft)
		if n := len(r.dialer.Sessions()); n != 2 {
			t.Errorf("%d sessions, want 2", n)
		}
		r.end()
	})
}

func TestL7_FrozenServerAndStalledCamera(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*rig, chan struct{})
		stuck   int
		want    time.Duration
	}{
		{"server does not answer the leave", func(r *rig, block chan struct{}) {
			r.dialer.On = onMethod("leave", enginetest.Step{Block: block})
		}, 0, time.Second},
		{"session does not close", func(r *rig, block chan struct{}) {
			r.dialer.On = onMethod("close", enginetest.Step{Block: block})
		}, 0, grace},
		{"camera does not close", func(r *rig, block chan struct{}) {
			r.devices.OnClose = func(d call.Device) enginetest.Step {
				if d.Source == call.SourceCamera {
					return enginetest.Step{Block: block}
				}
				return enginetest.Step{}
			}
		}, 1, grace},
		{"pump does not end", func(r *rig, block chan struct{}) {
			r.media.OnPumpClose = func(call.Device) enginetest.Step { return enginetest.Step{Block: block} }
		}, 0, grace},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				block := make(chan struct{})
				r := newRig(t, func(r *rig, _ *engine.Config) { c.prepare(r, block) })
				r.joined()
				r.do(engine.Leave{})
				pass(c.want - time.Nanosecond)
				r.wantState(call.StateLeaving)
				pass(time.Nanosecond)
				left := r.wantLeft(1, call.ReasonLeft)
				if len(left.Stuck) != c.stuck || len(left.Released) != 3-c.stuck {
					t.Errorf("receipt is %+v", left)
				}
				close(block)
				settle()
				r.wantAllClosed()
				r.end()
			})
		})
	}
}

func onMethod(name string, step enginetest.Step) func(string) enginetest.Step {
	return func(m string) enginetest.Step {
		if m == name {
			return step
		}
		return enginetest.Step{}
	}
}

func TestL7_StuckDeviceIsUnusableUntilItsCloseReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnClose = func(d call.Device) enginetest.Step {
				if d.Name == "cam" {
					return enginetest.Step{Block: block}
				}
				return enginetest.Step{}
			}
		})
		r.joined()
		r.do(engine.Leave{})
		pass(grace)
		left := r.wantLeft(1, call.ReasonLeft)
		if len(left.Stuck) != 1 || left.Stuck[0].Name != "cam" {
			t.Fatalf("stuck %v", left.Stuck)
		}
		err := r.try(engine.StartPreview{Source: call.SourceCamera, Device: "id-cam"})
		if !errors.Is(err, call.ErrDeviceStuck) {
			t.Errorf("preview of a stuck camera: %v", err)
		}
		r.do(joinCommand())
		settle()
		r.wantState(call.StateJoined)
		if f := last[call.CommandFailed](r); f.Source != call.SourceCamera || !errors.Is(f.Err, call.ErrDeviceStuck) {
			t.Errorf("failed with %+v", f)
		}
		r.do(engine.Publish{Source: call.SourceCamera, Device: "other"})
		settle()
		if r.media.Sending(call.SourceCamera) == nil {
			t.Error("another camera is not published while one is stuck")
		}
		closed := len(of[call.DeviceClosed](r))
		close(block)
		settle()
		if n := len(of[call.DeviceClosed](r)); n != closed+1 {
			t.Errorf("%d DeviceClosed after the stuck close returned", n-closed)
		}
		r.do(engine.SelectDevice{Source: call.SourceCamera, Device: "cam"})
		settle()
		if d := last[call.DeviceOpened](r).Device; d.Name != "cam" {
			t.Errorf("opened %v", d)
		}
		r.end()
	})
}

func TestL8_CloseInEveryStateTwice(t *testing.T) {
	states := map[string]func(*rig){
		"never run": nil,
		"idle":      func(*rig) {},
		"preview":   func(r *rig) { r.do(engine.StartPreview{Source: call.SourceCamera}) },
		"joining": func(r *rig) {
			r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Delay: time.Second} }
			r.do(joinCommand())
		},
		"joined":       func(r *rig) { r.joined() },
		"reconnecting": func(r *rig) { r.joined().Tell(call.SessionReconnecting{}) },
		"leaving":      func(r *rig) { r.joined(); r.do(engine.Leave{}) },
		"waiting join": func(r *rig) { r.joined(); r.do(engine.Leave{}); r.do(joinCommand()) },
		"hosting": func(r *rig) {
			r.do(engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"})
		},
		"starting a server": func(r *rig) {
			r.server.OnStart = func(call.RoomID) enginetest.Step { return enginetest.Step{Delay: time.Second} }
			r.do(engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"})
		},
		"stopping a server": func(r *rig) {
			r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Delay: time.Second} }
			r.server.OnStop = func() enginetest.Step { return enginetest.Step{Delay: time.Second} }
			r.do(engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada"})
			settle()
			r.do(engine.Leave{})
		},
	}
	for name, reach := range states {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := restingRig(t, slowClose(100*time.Millisecond))
				if reach != nil {
					r.run()
					reach(r)
					settle()
				}
				began := time.Now()
				errs := make(chan error, 2)
				for range 2 {
					go func() { errs <- r.engine.Close(context.Background()) }()
				}
				if err := errors.Join(<-errs, <-errs); err != nil {
					t.Errorf("close: %v", err)
				}
				if d := time.Since(began); d > grace {
					t.Errorf("closing took %v", d)
				}
				for _, c := range []engine.Command{joinCommand(), engine.Leave{}, engine.RefreshDevices{}} {
					if err := r.try(c); !errors.Is(err, call.ErrClosed) {
						t.Errorf("%s after close: %v", c.Word(), err)
					}
				}
				if err := r.engine.Run(context.Background()); !errors.Is(err, call.ErrClosed) {
					t.Errorf("run after close: %v", err)
				}
				r.wantAllClosed()
				r.finished()
			})
		})
	}
}

func TestL8_CloseIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		r := newRig(t, func(r *rig, _ *engine.Config) {
			stop := enginetest.Step{Block: block}
			r.devices.OnClose = func(call.Device) enginetest.Step { return stop }
			r.dialer.On = onMethod("close", stop)
			r.server.OnClose = func() enginetest.Step { return stop }
		})
		r.joined()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.engine.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		began := time.Now().Add(-time.Second)
		if err := r.engine.Close(context.Background()); err != nil {
			t.Errorf("close again: %v", err)
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("everything stuck: closing took %v", d)
		}
		left := r.wantLeft(1, call.ReasonAppQuit)
		if len(left.Stuck) != 3 {
			t.Errorf("stuck %v", left.Stuck)
		}
		close(block)
		r.finished()
	})
}
