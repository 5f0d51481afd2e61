package engine_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

var nextLink = call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: "next", Title: "Next", Secret: "t"}

// TestO11_SwitchKeepsTheCapture: one capture session, no blink of the preview,
// nothing sent between the rooms, and what was shown is shown again.
func TestO11_SwitchKeepsTheCapture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.OnDial = func(req call.JoinRequest) enginetest.Step {
				return enginetest.Step{Delay: 300 * time.Millisecond}
			}
			r.dialer.On = func(method string) enginetest.Step {
				if method == "leave" {
					return enginetest.Step{Delay: 200 * time.Millisecond}
				}
				return enginetest.Step{}
			}
		})
		r.do(joinCommand())
		pass(time.Second)
		old := r.dialer.Last()
		old.Tell(call.ParticipantJoined{Participant: person("eve", "PA_eve")})
		old.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("eve", "PA_eve", videoTrack("TR_eve"))})
		r.do(engine.Mute{Source: call.SourceMicrophone})
		r.do(engine.Publish{Source: call.SourceScreen})
		pass(time.Second)
		before, asked := r.ledger.Opens("device"), time.Now()
		r.do(engine.SwitchRoom{Link: nextLink})
		pass(time.Millisecond)
		r.wantState(call.StateLeaving)
		if r.media.Sending(call.SourceCamera) != nil || r.media.Sending(call.SourceMicrophone) != nil {
			t.Error("the old room is still sent to")
		}
		if r.ledger.OpenNow("receiver") != 0 {
			t.Error("the old room is still played")
		}
		pass(200 * time.Millisecond)
		left := r.wantLeft(1, call.ReasonSwitched)
		if left.Room != "room" || len(left.Stuck) != 0 || !left.Back.Empty() {
			t.Errorf("left %+v", left)
		}
		if old.LeftAt().IsZero() {
			t.Error("the old room was not told")
		}
		pass(time.Second)
		r.wantState(call.StateJoined)
		joined := last[call.Joined](r)
		if joined.Room != "next" || joined.Elapsed != 500*time.Millisecond {
			t.Errorf("joined %s after %v", joined.Room, joined.Elapsed)
		}
		next := r.dialer.Last()
		if next.Request.Admission == nil || next.Request.Name != "Ada" || next.Request.Identity != "ada" {
			t.Errorf("request %+v", next.Request)
		}
		if next.Track(call.SourceCamera) == nil || !next.Muted(call.SourceMicrophone) || next.Track(call.SourceScreen) != nil {
			t.Error("what was shown is not shown again, or more than that")
		}
		if r.ledger.Opens("device") != before || r.ledger.Opens("pump") != 3 {
			t.Error("a device was opened anew")
		}
		for _, s := range r.all() {
			stopped, ok := s.Event.(call.PreviewStopped)
			if ok && stopped.Device.Source != call.SourceScreen || !s.At.Before(asked) && isPreview(s.Event) {
				t.Errorf("the preview blinks: %+v", s.Event)
			}
		}
		r.do(engine.Leave{})
		settle()
		pass(time.Second)
		r.wantLeft(2, call.ReasonLeft)
		r.wantAllClosed()
		r.end()
	})
}

func isPreview(ev call.Event) bool { _, ok := ev.(call.PreviewStarted); return ok }

// TestO12_AFailedSwitchHasAWayBack: refused at the door we are where we were;
// after that the window hears where we are, and how to get back.
func TestO12_AFailedSwitchHasAWayBack(t *testing.T) {
	banned := &call.BannedError{Until: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), By: "Eve"}
	for name, c := range map[string]struct {
		admit, dial enginetest.Step
		ended       bool
		reason      call.LeaveReason
		err         error
	}{
		"unreachable":             {admit: enginetest.Step{Err: call.ErrUnreachable}, err: call.ErrUnreachable},
		"full":                    {admit: enginetest.Step{Err: call.ErrRoomFull}, err: call.ErrRoomFull},
		"banned there":            {admit: enginetest.Step{Err: banned}, err: banned},
		"silent door":             {admit: enginetest.Step{Delay: time.Hour}, err: call.ErrJoinTimeout},
		"refused after admission": {dial: enginetest.Step{Err: call.ErrRoomFull}, ended: true, reason: call.ReasonJoinFailed, err: call.ErrRoomFull},
		"no media there":          {dial: enginetest.Step{Err: call.ErrMediaBlocked}, ended: true, reason: call.ReasonMediaFailed, err: call.ErrMediaBlocked},
		"silent server":           {dial: enginetest.Step{Delay: time.Hour}, ended: true, reason: call.ReasonJoinFailed, err: call.ErrJoinTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.joined()
				r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step { return c.admit }
				r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return c.dial }
				r.do(engine.SwitchRoom{Link: nextLink})
				pass(joinTimeout)
				if !c.ended {
					r.wantState(call.StateJoined)
					if f := last[call.CommandFailed](r); f.Command != "switch" || !errors.Is(f.Err, c.err) {
						t.Errorf("command failed: %+v", f)
					}
					if r.media.Sending(call.SourceCamera) == nil || len(r.dialer.Sessions()) != 1 {
						t.Error("the stay was touched")
					}
				} else {
					r.wantState(call.StateIdle)
					left := r.wantLeft(2, c.reason)
					if left.Room != "next" || left.Back.Room != "room" || !errors.Is(left.Err, c.err) {
						t.Errorf("left %+v", left)
					}
					r.wantAllClosed()
				}
				r.dialer.OnAdmit, r.dialer.OnDial = nil, nil
				if c.ended {
					r.do(engine.Join{Link: last[call.Left](r).Back, Name: "Ada", Identity: "ada"})
				} else {
					r.do(engine.SwitchRoom{Link: nextLink}) // tried again
				}
				pass(time.Second)
				r.wantState(call.StateJoined)
				r.end()
			})
		})
	}
}

// TestO11_OneSwitchAtATime: what is given during a switch is refused or belongs
// to the next room.
func TestO11_OneSwitchAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Delay: time.Second} }
			r.dialer.On = func(method string) enginetest.Step {
				if method == "leave" {
					return enginetest.Step{Delay: 500 * time.Millisecond}
				}
				return enginetest.Step{}
			}
		})
		r.joined()
		r.do(engine.SwitchRoom{Link: nextLink})
		if err := r.try(engine.SwitchRoom{Link: nextLink}); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("second switch: %v", err)
		}
		pass(1100 * time.Millisecond)
		r.wantState(call.StateLeaving)
		if err := r.try(joinCommand()); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("join: %v", err)
		}
		r.do(engine.Mute{Source: call.SourceMicrophone}) // just in time
		pass(time.Second)
		if s := r.dialer.Last(); s.Request.Link.Room != "next" || !s.Muted(call.SourceMicrophone) {
			t.Error("the next room hears who has muted themselves")
		}
		r.end()
	})
}

// TestL8_TheEndDuringASwitch: leaving and closing are usable at every moment of
// a switch, and release everything.
func TestL8_TheEndDuringASwitch(t *testing.T) {
	slow := enginetest.Step{Delay: 400 * time.Millisecond}
	for at := time.Duration(0); at < 2*time.Second; at += 100 * time.Millisecond {
		for name, end := range map[string]func(*rig){
			"leave": func(r *rig) { r.do(engine.Leave{}) },
			"close": func(r *rig) { r.cancel() },
		} {
			t.Run(name+" after "+at.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, func(r *rig, _ *engine.Config) {
						r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step { return slow }
						r.dialer.On = func(method string) enginetest.Step {
							if method == "leave" {
								return slow
							}
							return enginetest.Step{}
						}
					})
					r.joined()
					r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return slow }
					r.do(engine.SwitchRoom{Link: nextLink})
					pass(at)
					end(r)
					settle()
					if n := r.ledger.OpenNow("device"); n != 0 {
						t.Errorf("%d devices are open still", n)
					}
					pass(3 * time.Second)
					r.wantAllClosed()
					reasons := []call.LeaveReason{}
					for _, left := range of[call.Left](r) {
						reasons = append(reasons, left.Reason)
					}
					want := map[string]call.LeaveReason{"leave": call.ReasonLeft, "close": call.ReasonAppQuit}[name]
					if n := len(reasons); n > 2 || reasons[n-1] != want || n == 2 && reasons[0] != call.ReasonSwitched {
						t.Errorf("left for %v", reasons)
					}
					if name == "close" {
						r.finished()
					} else {
						r.end()
					}
				})
			})
		}
	}
}

// A device that is lost between two rooms is not tried for ever.
func TestO11_ADeviceIsLostBetweenTheRooms(t *testing.T) {
	for _, src := range []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker} {
		t.Run(src.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig, _ *engine.Config) {
					r.dialer.On = func(method string) enginetest.Step {
						if method == "leave" {
							return enginetest.Step{Delay: time.Second}
						}
						return enginetest.Step{}
					}
				})
				r.joined()
				r.do(engine.SwitchRoom{Link: nextLink})
				pass(100 * time.Millisecond)
				r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step { return enginetest.Step{Err: call.ErrDeviceMissing} }
				before := len(r.ledger.Entries())
				r.devices.Lose(src)
				pass(time.Minute)
				r.wantState(call.StateJoined)
				if n := len(r.ledger.Entries()) - before; n > 8 {
					t.Errorf("%d attempts", n)
				}
				if len(of[call.DeviceLost](r)) != 1 {
					t.Errorf("events %v", r.words())
				}
				r.end()
			})
		})
	}
}

// The links of one room are one room, whatever else they say.
func TestN7_SwitchIntoTheSameRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		same := testLink
		same.Hosts, same.Secret, same.Title = append([]string{"192.0.2.1:7443"}, testLink.Hosts...), "other", "Other"
		if err := r.try(engine.SwitchRoom{Link: same}); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("same room: %v", err)
		}
		other := testLink
		other.Fingerprint[0] = 1 // of another server
		r.do(engine.SwitchRoom{Link: other})
		pass(time.Second)
		if rooms := of[call.Joined](r); len(rooms) != 2 || !slices.Equal(rooms[1].Link.Hosts, other.Hosts) {
			t.Errorf("joined %v", rooms)
		}
		r.end()
	})
}

// TestSwitchIntoAWaitingRoom: as long as a host of the other room has to let us in, the
// stay goes on; its end, and every answer, is told as it is.
func TestSwitchIntoAWaitingRoom(t *testing.T) {
	turned := &call.PutOutError{Reason: call.ReasonTurnedAway, By: "Eve"}
	away := enginetest.Step{Err: call.ErrUnreachable}
	for name, c := range map[string]struct {
		answers []enginetest.Step
		after   time.Duration
		act     func(*rig)
		err     error            // of the switch
		left    call.LeaveReason // of the first stay
		state   call.State
	}{
		"let in":       {answers: []enginetest.Step{toWait, held, away, held, {}}, after: time.Minute, left: call.ReasonSwitched, state: call.StateJoined},
		"turned away":  {answers: []enginetest.Step{toWait, {Delay: time.Second, Err: turned}}, after: time.Minute, err: turned, state: call.StateJoined},
		"nobody":       {answers: []enginetest.Step{toWait, held}, after: 3 * time.Hour, err: call.ErrUnanswered, state: call.StateJoined},
		"door is gone": {answers: []enginetest.Step{toWait, away}, after: 2 * time.Minute, err: call.ErrUnreachable, state: call.StateJoined},
		"taken back": {
			answers: []enginetest.Step{toWait, held}, act: func(r *rig) { r.do(engine.Leave{Room: nextLink.Room}) },
			err: call.ErrCancelled, state: call.StateJoined,
		},
		"left": {
			answers: []enginetest.Step{toWait, held}, act: func(r *rig) { r.do(engine.Leave{}) },
			left: call.ReasonLeft, state: call.StateIdle,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.joined()
				asked := 0
				r.dialer.OnAdmit = func(req call.JoinRequest) enginetest.Step {
					asked++
					if !req.Waits || req.Held != (asked > 1) {
						t.Errorf("question %d: %+v", asked, req)
					}
					return c.answers[min(asked, len(c.answers))-1]
				}
				r.do(engine.SwitchRoom{Link: nextLink})
				pass(10 * time.Second)
				if name != "turned away" {
					r.wantState(call.StateJoined)
					if err := r.try(engine.SwitchRoom{Link: nextLink}); !errors.Is(err, call.ErrAlreadyInRoom) {
						t.Errorf("a second switch: %v", err)
					}
				}
				if c.act != nil {
					c.act(r)
				}
				pass(c.after + 5*time.Second)
				r.wantState(c.state)
				switch failed := of[call.CommandFailed](r); {
				case c.err == nil && len(failed) != 0:
					t.Errorf("failed: %+v", failed)
				case c.err != nil && (len(failed) != 1 || failed[0].Command != "switch" || !errors.Is(failed[0].Err, c.err)):
					t.Errorf("failed: %+v, want %v", failed, c.err)
				}
				if c.left != call.ReasonUnknown {
					r.wantLeft(1, c.left)
				} else if n := len(of[call.Left](r)); n != 0 {
					t.Errorf("%d stays ended", n)
				}
				before := asked
				pass(time.Hour)
				if asked != before {
					t.Error("the door is asked after that")
				}
				r.end()
			})
		})
	}
}
