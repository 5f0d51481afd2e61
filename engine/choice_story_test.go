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

// openNow lists the sources whose devices are open.
func (r *rig) openNow() (open []call.Source) {
	for _, e := range r.ledger.Entries() {
		if e.Kind == "device" && !e.Opened.IsZero() && e.Closed.IsZero() {
			open = append(open, e.Source)
		}
	}
	slices.Sort(open)
	return open
}

func (r *rig) wantOpen(when string, want ...call.Source) {
	r.t.Helper()
	if got := r.openNow(); !slices.Equal(got, want) {
		r.t.Errorf("%s: %v are open, want %v", when, got, want)
	}
}

// on is what a room gets of somebody.
type on struct{ camera, mic bool }

func (r *rig) wantOn(want on) {
	r.t.Helper()
	s := r.dialer.Last()
	for src, wanted := range map[call.Source]bool{call.SourceCamera: want.camera, call.SourceMicrophone: want.mic} {
		sent := r.media.Sending(src) != nil && s.Track(src) != nil && !s.Muted(src)
		if sent != wanted {
			r.t.Errorf("the room gets the %s: %v, want %v", src, sent, wanted)
		}
	}
}

const (
	ofCam = call.SourceCamera
	ofMic = call.SourceMicrophone
)

// What was said last before a stay begins holds when it begins, whatever it waits for.
func TestTheLastChoiceHolds(t *testing.T) {
	choices := map[string]struct {
		devices engine.Choice
		say     []engine.Command
		want    on
	}{
		"as joined":         {engine.Choice{}, nil, on{true, true}},
		"unpublish":         {engine.Choice{}, []engine.Command{engine.Unpublish{Source: ofCam}, engine.Unpublish{Source: ofMic}}, on{false, false}},
		"mute":              {engine.Choice{}, []engine.Command{engine.Mute{Source: ofCam}, engine.Mute{Source: ofMic}}, on{false, false}},
		"mute, unmute":      {engine.Choice{}, []engine.Command{engine.Mute{Source: ofMic}, engine.Unmute{Source: ofMic}, engine.Mute{Source: ofCam}}, on{false, true}},
		"off and on":        {engine.Choice{}, []engine.Command{engine.Unpublish{Source: ofCam}, engine.Publish{Source: ofCam, Device: "b"}}, on{true, true}},
		"on and off":        {engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone}, []engine.Command{engine.Publish{Source: ofCam}, engine.Unpublish{Source: ofCam}, engine.Publish{Source: ofMic}}, on{false, true}},
		"another is chosen": {engine.Choice{Camera: call.DeviceNone}, []engine.Command{engine.SelectDevice{Source: ofCam, Device: "b"}, engine.SelectDevice{Source: ofMic, Device: "b"}}, on{false, true}},
	}
	moments := map[string]func(r *rig, join engine.Join, say func()){
		"while the server is dialed": func(r *rig, join engine.Join, say func()) {
			r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Delay: 3 * time.Second} }
			r.do(join)
			pass(time.Second)
			say()
		},
		"while a host is asked": func(r *rig, join engine.Join, say func()) {
			door(r, toWait, enginetest.Step{Delay: 10 * time.Second})
			r.do(join)
			pass(2 * time.Second)
			r.wantState(call.StateWaiting)
			say()
			settle()
			r.wantOpen("waiting")
		},
		"while the stay before ends": func(r *rig, join engine.Join, say func()) {
			r.dialer.On = func(method string) enginetest.Step {
				if method == "leave" {
					return enginetest.Step{Delay: 500 * time.Millisecond}
				}
				return enginetest.Step{}
			}
			r.joined()
			r.do(engine.Leave{})
			r.do(join)
			pass(100 * time.Millisecond)
			r.wantState(call.StateLeaving)
			say()
			settle()
			r.wantOpen("leaving")
		},
	}
	for when, moment := range moments {
		for name, c := range choices {
			for _, previewed := range []bool{false, true} {
				t.Run(when+", "+name+map[bool]string{true: ", previewed"}[previewed], func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := newRig(t)
						join := joinCommand()
						join.Devices, join.Devices.Previewed = c.devices, previewed
						moment(r, join, func() {
							for _, command := range c.say {
								r.do(command)
							}
						})
						pass(20 * time.Second)
						r.wantState(call.StateJoined)
						r.wantOn(c.want)
						if r.devices.Find(ofCam) != nil != c.want.camera || r.devices.Find(call.SourceSpeaker) == nil {
							t.Errorf("%v are open", r.openNow())
						}
						r.end()
					})
				})
			}
		}
	}
}

// Before a stay of which the user sees its previews, nothing else is open: neither while
// the server is dialed nor while a host has to let us in. When it begins, the devices
// that are open go on.
func TestOnlyPreviewsAreOpenBeforeAStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		door(r, enginetest.Step{Delay: time.Second, Err: call.ErrWaiting}, enginetest.Step{Delay: 20 * time.Second})
		r.do(engine.StartPreview{Source: ofMic, Device: "mic"})
		join := joinCommand()
		join.Devices.Previewed = true
		r.do(join)
		settle()
		r.wantOpen("joining", ofMic)
		pass(2 * time.Second)
		r.wantState(call.StateWaiting)
		r.wantOpen("waiting", ofMic)
		r.do(engine.StopPreview{Source: ofMic}) // another page is shown
		r.do(engine.StartPreview{Source: ofCam, Device: "cam"})
		settle()
		r.wantOpen("another page", ofCam)
		r.do(engine.Unpublish{Source: ofCam})
		r.do(engine.Publish{Source: ofCam, Device: "cam"})
		settle()
		r.wantOpen("off and on", ofCam)
		camera := r.devices.Find(ofCam)
		pass(30 * time.Second)
		r.wantState(call.StateJoined)
		r.wantOn(on{true, true})
		if r.devices.Find(ofCam) != camera {
			t.Error("the camera was opened anew")
		}
		r.end()
	})
}

// Without a window, the devices open as soon as the server is dialed, and close if a host
// has to let us in.
func TestAHostWhoIsAskedClosesTheDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		door(r, enginetest.Step{Delay: time.Second, Err: call.ErrWaiting}, held, enginetest.Step{Delay: time.Second})
		r.do(joinCommand())
		settle()
		r.wantOpen("joining", ofCam, ofMic, call.SourceSpeaker)
		pass(3 * time.Second)
		r.wantState(call.StateWaiting)
		r.wantOpen("waiting")
		r.do(engine.TestDevice{Source: ofMic, Device: "mic"}) // a wait is long
		settle()
		r.wantOpen("a test", ofMic)
		r.do(engine.StopTest{})
		settle()
		r.wantOpen("after the test")
		pass(time.Minute)
		r.wantState(call.StateJoined)
		r.wantOn(on{true, true})
		r.end()
	})
}

// A preview that fails takes the wish along: it is not tried again, unseen, when the
// stay begins, unless the user has asked for it since.
func TestAPreviewFailsBeforeAStay(t *testing.T) {
	for _, again := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			door(r, toWait, enginetest.Step{Delay: 10 * time.Second})
			r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step { return enginetest.Step{Err: call.ErrDeviceBusy} }
			join := joinCommand()
			join.Devices.Previewed = true
			r.do(join)
			pass(time.Second)
			r.do(engine.StartPreview{Source: ofCam, Device: "cam"})
			settle()
			if f := last[call.CommandFailed](r); f.Source != ofCam || !errors.Is(f.Err, call.ErrDeviceBusy) {
				t.Errorf("failed: %+v", f)
			}
			r.devices.OnOpen = nil
			if again {
				r.do(engine.Publish{Source: ofCam, Device: "cam"})
			} else if err := r.try(engine.Unpublish{Source: ofCam}); !errors.Is(err, call.ErrNotPublished) {
				t.Errorf("unpublish: %v", err)
			}
			pass(20 * time.Second)
			r.wantState(call.StateJoined)
			r.wantOn(on{again, true})
			r.end()
		})
	}
}

// While a stay ends nobody sees what a preview would open, unless the join was taken back.
func TestNoPreviewWhileAStayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(string) enginetest.Step { return enginetest.Step{Delay: 500 * time.Millisecond} }
		})
		r.do(joinCommand())
		pass(2 * time.Second)
		r.do(engine.Leave{})
		if err := r.try(engine.StartPreview{Source: ofCam}); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("preview: %v", err)
		}
		pass(5 * time.Second)
		r.wantAllClosed()
		r.end()
	})
}

// As long as another room has to let us in, ours gets what we choose, and the other one
// gets what we chose last.
func TestTheLastChoiceHoldsInTheNextRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		asked := 0
		r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step {
			if asked++; asked == 1 {
				return toWait
			}
			return enginetest.Step{Delay: 10 * time.Second}
		}
		r.do(engine.SwitchRoom{Link: nextLink})
		pass(2 * time.Second)
		r.wantOn(on{true, true})
		r.do(engine.Mute{Source: ofCam})
		r.do(engine.Unpublish{Source: ofMic})
		settle()
		r.wantOn(on{false, false})
		r.wantOpen("the present room", call.SourceSpeaker)
		r.do(engine.Publish{Source: ofMic, Device: "b"})
		settle()
		r.wantOn(on{false, true})
		r.do(engine.Mute{Source: ofMic})
		pass(20 * time.Second)
		if joined := last[call.Joined](r); joined.Room != "next" {
			t.Fatalf("in %s", joined.Room)
		}
		r.wantOn(on{false, false})
		r.wantOpen("the next room", ofMic, call.SourceSpeaker)
		r.end()
	})
}

// The next room's door admits us and then, asked again, lets us wait: nothing is open
// meanwhile.
func TestWaitingAfterASwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		dialed := 0
		r.dialer.OnDial = func(call.JoinRequest) enginetest.Step {
			if dialed++; dialed == 1 {
				return toWait
			}
			return enginetest.Step{Delay: 10 * time.Second}
		}
		r.do(engine.SwitchRoom{Link: nextLink})
		pass(5 * time.Second)
		r.wantState(call.StateWaiting)
		r.wantOpen("waiting")
		r.do(engine.Mute{Source: ofMic})
		pass(20 * time.Second)
		r.wantState(call.StateJoined)
		r.wantOn(on{true, false})
		r.end()
	})
}
