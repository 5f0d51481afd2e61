package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

func slowDial(step enginetest.Step) func(*rig, *engine.Config) {
	return func(r *rig, _ *engine.Config) {
		r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return step }
	}
}

func TestJ2_JoiningTwiceIsOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Second}))
		r.do(joinCommand())
		if err := r.try(joinCommand()); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("while joining: %v", err)
		}
		pass(2 * time.Second)
		if err := r.try(joinCommand()); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("while joined: %v", err)
		}
		if err := r.try(engine.StartRoom{Room: "r", Name: "n", Identity: "i"}); !errors.Is(err, call.ErrAlreadyInRoom) {
			t.Errorf("start while joined: %v", err)
		}
		settle()
		if n := len(r.dialer.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
		r.end()
	})
}

func TestJ3_ElapsedAndDevicesInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: 300 * time.Millisecond}), func(r *rig, _ *engine.Config) {
			r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step {
				return enginetest.Step{Delay: 200 * time.Millisecond}
			}
		})
		r.do(joinCommand())
		pass(300 * time.Millisecond)
		j := last[call.Joined](r)
		if j.Elapsed != 300*time.Millisecond || j.Room != "room" || j.Self.Identity != "ada" || j.Link.Secret != "s" {
			t.Errorf("joined %+v", j)
		}
		if n := len(of[call.TrackPublished](r)); n != 2 {
			t.Errorf("%d tracks published at once, want camera and microphone", n)
		}
		r.end()
	})
}

func TestJ4_EveryJoinHasOneEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Err: call.ErrNoSuchRoom}))
		for range 20 {
			r.do(joinCommand())
			settle()
		}
		r.wantLeft(20, call.ReasonJoinFailed)
		r.wantAllClosed()
		r.end()
	})
}

func TestJ4_APanicInAnyPart(t *testing.T) {
	boom := enginetest.Step{Panic: "boom"}
	for name, prepare := range map[string]func(*rig){
		"dial":           func(r *rig) { r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return boom } },
		"publish":        func(r *rig) { r.dialer.On = onMethod("publish", boom) },
		"open":           func(r *rig) { r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step { return boom } },
		"capture":        func(r *rig) { r.media.OnCapture = func(call.Device) enginetest.Step { return boom } },
		"device close":   func(r *rig) { r.devices.OnClose = func(call.Device) enginetest.Step { return boom } },
		"pump close":     func(r *rig) { r.media.OnPumpClose = func(call.Device) enginetest.Step { return boom } },
		"session leave":  func(r *rig) { r.dialer.On = onMethod("leave", boom) },
		"session close":  func(r *rig) { r.dialer.On = onMethod("close", boom) },
		"receiver close": func(r *rig) { r.media.OnReceiverClose = func(call.RemoteTrack) enginetest.Step { return boom } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig, _ *engine.Config) { prepare(r) })
				r.do(joinCommand())
				settle()
				if s := r.dialer.Last(); s != nil {
					s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("eve", "PA_e", videoTrack("TR_e"))})
				}
				pass(time.Second)
				_ = r.try(engine.Leave{})
				pass(grace)
				if n := len(of[call.Left](r)); n != 1 {
					t.Errorf("%d Left events: %v", n, r.words())
				}
				if n := r.ledger.OpenNow("device"); n != 0 {
					t.Errorf("%d devices are open", n)
				}
				r.dialer.OnDial, r.dialer.On, r.devices.OnOpen, r.devices.OnClose = nil, nil, nil, nil
				r.media.OnCapture, r.media.OnPumpClose, r.media.OnReceiverClose = nil, nil, nil
				r.joined() // the loop goes on working
				r.end()
			})
		})
	}
}

func TestFault_PanicAndOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(engine.Fault{Kind: engine.FaultPanic}) // in the lobby nothing is lost
		settle()
		r.wantState(call.StateIdle)
		r.joined()
		r.do(engine.Leave{})
		r.do(engine.Fault{Kind: engine.FaultPanic}) // while leaving
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
		r = newRig(t, func(_ *rig, cfg *engine.Config) { cfg.Faults = false })
		if err := r.try(engine.Fault{Kind: engine.FaultPanic}); !errors.Is(err, call.ErrNotSupported) {
			t.Errorf("fault without Faults: %v", err)
		}
		r.end()
	})
}

func TestJ8_SilentServerIsBounded(t *testing.T) {
	for name, step := range map[string]enginetest.Step{
		"black hole":         {Delay: time.Hour},
		"deaf dialer":        {Delay: time.Minute, Deaf: true},
		"no roster after it": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slowDial(step), func(r *rig, _ *engine.Config) {
					r.dialer.First = func(call.JoinRequest) *call.RosterReplaced { return nil }
				})
				stuck := make(chan struct{})
				r.devices.OnClose = func(call.Device) enginetest.Step { return enginetest.Step{Block: stuck} }
				r.do(joinCommand())
				pass(joinTimeout - grace - time.Nanosecond)
				r.wantState(call.StateJoining)
				pass(grace + time.Nanosecond) // the word, though nothing lets go
				left := r.wantLeft(1, call.ReasonJoinFailed)
				if !errors.Is(left.Err, call.ErrJoinTimeout) {
					t.Errorf("error %v", left.Err)
				}
				close(stuck)
				pass(time.Hour)
				r.wantAllClosed() // a session that came late was closed at once
				r.end()
			})
		})
	}
}

func TestJ8_CancelKeepsThePreview(t *testing.T) {
	for name, step := range map[string]enginetest.Step{
		"dialer heeds": {Delay: time.Hour},
		"dialer deaf":  {Delay: time.Hour, Deaf: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slowDial(step))
				r.do(engine.StartPreview{Source: call.SourceCamera, Device: "lobby cam"})
				settle()
				before := r.devices.Find(call.SourceCamera)
				r.do(joinCommand()) // chooses another camera: not before it is known to succeed
				pass(3 * time.Second)
				r.do(engine.Leave{})
				pass(time.Second)
				r.wantLeft(1, call.ReasonLeft)
				if now := r.devices.Find(call.SourceCamera); now == nil || now != before {
					t.Error("the preview is not live any more")
				}
				if n := r.ledger.OpenNow("device"); n != 1 {
					t.Errorf("%d devices open, want the preview alone", n)
				}
				r.do(engine.StopPreview{Source: call.SourceCamera})
				pass(2 * time.Hour)
				r.wantAllClosed()
				r.end()
			})
		})
	}
}

func TestJ8_PreviewIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Second}))
		r.do(engine.StartPreview{Source: call.SourceCamera, Device: "cam"})
		r.do(engine.StartPreview{Source: call.SourceMicrophone, Device: "old mic"})
		settle()
		camera := r.devices.Find(call.SourceCamera)
		r.do(joinCommand())
		pass(2 * time.Second)
		if r.devices.Find(call.SourceCamera) != camera || r.media.Sending(call.SourceCamera) == nil {
			t.Error("the same camera was not handed over")
		}
		if m := r.devices.Find(call.SourceMicrophone); m == nil || m.Info().Name != "mic" {
			t.Error("the other microphone did not replace the preview's")
		}
		if err := r.try(engine.StopPreview{Source: call.SourceCamera}); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("stopping the preview of a published camera: %v", err)
		}
		r.do(engine.Leave{})
		settle()
		r.wantAllClosed()
		r.end()
	})
}

// The error is wrong, the stay is not: a device that does not open is reported
// and joining goes on.
func TestJoin_DeviceFailsStayGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnOpen = func(req call.DeviceRequest) enginetest.Step {
				switch req.Source {
				case call.SourceCamera:
					return enginetest.Step{Err: call.ErrDeviceBusy}
				case call.SourceSpeaker:
					return enginetest.Step{Err: errors.New("odd")}
				default:
					return enginetest.Step{}
				}
			}
		})
		r.joined()
		failed := map[call.Source]call.CommandFailed{}
		for _, f := range of[call.CommandFailed](r) {
			failed[f.Source] = f
		}
		if f := failed[call.SourceCamera]; f.Command != "publish" || !errors.Is(f.Err, call.ErrDeviceBusy) {
			t.Errorf("camera: %+v", f)
		}
		if f := failed[call.SourceSpeaker]; !errors.Is(f.Err, call.ErrDeviceFailed) {
			t.Errorf("speaker: %+v", f)
		}
		var de *call.DeviceError
		if !errors.As(failed[call.SourceCamera].Err, &de) || de.Device != "cam" {
			t.Errorf("camera's error names no device: %v", failed[call.SourceCamera].Err)
		}
		r.end()
	})
}

func TestL8_LeavingWhileACameraOpens(t *testing.T) {
	for i := range 200 {
		synctest.Test(t, func(t *testing.T) {
			random := newRandom(uint64(i))
			deaf := i%2 == 0
			r := newRig(t, func(r *rig, _ *engine.Config) {
				r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step {
					return enginetest.Step{Delay: time.Duration(random.IntN(3000)) * time.Millisecond, Deaf: deaf}
				}
				r.devices.OnClose = func(call.Device) enginetest.Step {
					return enginetest.Step{Delay: time.Duration(random.IntN(100)) * time.Millisecond}
				}
			})
			r.do(joinCommand())
			pass(time.Duration(random.IntN(3000)) * time.Millisecond)
			if i%3 == 0 {
				r.cancel()
				<-r.read
			} else {
				r.do(engine.Leave{})
			}
			pass(10 * time.Second)
			r.wantAllClosed()
			r.end()
		})
	}
}

func TestN4_NamesAreCheckedBeforeAnythingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for field, c := range map[call.Field]engine.Join{
			call.FieldRoom:     {Link: call.Link{Hosts: []string{"h:1"}}, Name: "n", Identity: "i"},
			call.FieldIdentity: {Link: testLink, Name: "n"},
			call.FieldName:     {Link: testLink, Name: "  ", Identity: "i"},
		} {
			var ne *call.NameError
			if err := r.try(c); !errors.As(err, &ne) || ne.Field != field || !errors.Is(err, call.ErrEmpty) {
				t.Errorf("empty %s: %v", field, err)
			}
			var se *call.NameError
			start := engine.StartRoom{Room: c.Link.Room, Name: c.Name, Identity: c.Identity}
			if err := r.try(start); !errors.As(err, &se) || se.Field != field {
				t.Errorf("start with empty %s: %v", field, err)
			}
		}
		if err := r.try(engine.Join{Link: call.Link{Room: "r"}, Name: "n", Identity: "i"}); !errors.Is(err, call.ErrLinkUnreadable) {
			t.Errorf("no address: %v", err)
		}
		plain := call.Link{URL: "wss://host", Token: "t", Name: "Tok", Identity: "tok", Room: "any room"}
		r.do(engine.Join{Link: plain})
		settle()
		if req := r.dialer.Last().Request; req.Name != "Tok" {
			t.Errorf("request %+v", req)
		}
		if n := len(r.dialer.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
		r.end()
	})
}

func TestN7_L9_L10_MisuseIsRefusedAndNothingFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		refused := func(want error, c engine.Command) {
			t.Helper()
			before := len(r.all())
			if err := r.try(c); !errors.Is(err, want) {
				t.Errorf("%s %+v: %v, want %v", c.Word(), c, err, want)
			}
			pass(time.Second)
			if after := r.words()[before:]; len(after) > 0 {
				t.Errorf("%s was refused and then %v followed", c.Word(), after)
			}
		}
		for _, c := range []engine.Command{
			engine.Leave{}, engine.Leave{Room: "room"}, engine.Publish{Source: call.SourceCamera},
			engine.Unpublish{Source: call.SourceCamera}, engine.Mute{Source: call.SourceMicrophone},
			engine.Unmute{Source: call.SourceMicrophone}, engine.SetTrackView{Track: "TR"}, engine.Stats{},
			engine.SwitchRoom{Link: testLink}, engine.SendChat{Text: "hi"}, engine.Moderate{Op: call.OpDismiss},
		} {
			refused(call.ErrNotInRoom, c)
		}
		for _, c := range []engine.Command{
			nil, engine.StartPreview{}, engine.StartPreview{Source: call.SourceScreen},
			engine.StartPreview{Source: call.SourceCamera, Device: call.DeviceNone}, engine.StopPreview{Source: call.SourceSpeaker},
			engine.SelectDevice{Source: call.SourceUnknown}, engine.SelectDevice{Source: call.SourceCamera, Device: call.DeviceNone},
			engine.Publish{Source: call.SourceSpeaker}, engine.Fault{Kind: "?"}, &engine.Leave{},
		} {
			if c == nil {
				if err := r.engine.Do(nil); !errors.Is(err, call.ErrBadArgument) {
					t.Errorf("nil: %v", err)
				}
				continue
			}
			refused(call.ErrBadArgument, c)
		}
		r.joined()
		refused(call.ErrAlreadyInRoom, engine.SwitchRoom{Link: testLink})
		refused(call.ErrForbiddenCharacter, engine.SwitchRoom{Link: call.Link{Hosts: []string{"h:1"}, Room: "a room"}})
		refused(call.ErrLinkUnreadable, engine.SwitchRoom{Link: call.Link{Room: "r"}})
		refused(call.ErrEmpty, engine.SendChat{})
		refused(call.ErrTooLong, engine.SendChat{Text: strings.Repeat("x", call.MaxChat+1)})
		refused(call.ErrOtherRoom, engine.Leave{Room: "another"})
		refused(call.ErrOtherRoom, engine.Leave{Room: "Room"}) // case counts
		refused(call.ErrNotPublished, engine.Mute{Source: call.SourceScreen})
		refused(call.ErrNotPublished, engine.Unpublish{Source: call.SourceScreen})
		refused(call.ErrNotPublished, engine.SetTrackView{Track: "TR_none"})
		r.wantState(call.StateJoined)
		if r.ledger.OpenNow("device") != 3 {
			t.Error("a refused command closed a device")
		}
		r.do(engine.Leave{Room: "room"})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		refused(call.ErrNotInRoom, engine.Leave{})
		r.end()
	})
}

func TestRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		settle()
		if err := r.engine.Run(context.Background()); !errors.Is(err, call.ErrClosed) {
			t.Errorf("second run: %v", err)
		}
		r.end()
	})
}
