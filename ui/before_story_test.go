package ui

import (
	"slices"
	"testing"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
)

// before is a window that is about to come into the room r-1, with camera and microphone
// on and shown to its user.
func before(t *testing.T, state call.State) *bench {
	t.Helper()
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, invite("r-1").String())
	b.events(call.PreviewStarted{Device: cam1, Slot: &call.FrameSlot{}}, call.PreviewStarted{Device: mic1, Level: func() float32 { return 0 }})
	b.tap("Join")
	b.events(call.StateChanged{State: call.StateJoining})
	if state == call.StateWaiting {
		b.events(call.StateChanged{State: state})
	}
	b.now = b.now.Add(time.Minute)
	b.ui.root.Tick(b.now)
	b.engine.take()
	return b
}

// letIn lets the window into the room.
func (b *bench) letIn() {
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "r-1", Title: "Design review", Self: ada, Link: invite("r-1")})
}

// gets reports what the room gets as far as the window knows.
func (b *bench) gets(camera, microphone bool) {
	b.t.Helper()
	local := b.ui.state.Local
	if local[call.SourceCamera].On() != camera || local[call.SourceMicrophone].On() != microphone {
		b.t.Errorf("in the room: %+v", local)
	}
}

var (
	noCamera   = engine.Unpublish{Source: call.SourceCamera}
	noMic      = engine.Unpublish{Source: call.SourceMicrophone}
	hideCamera = engine.StopPreview{Source: call.SourceCamera}
	hideMic    = engine.StopPreview{Source: call.SourceMicrophone}
	showCamera = engine.StartPreview{Source: call.SourceCamera}
	showMic    = engine.StartPreview{Source: call.SourceMicrophone}
)

// While a join is under way, or waits to be let in, every control of a device answers at
// once, and the room gets what was chosen last.
func TestTheChoiceBeforeAStay(t *testing.T) {
	for name, c := range map[string]struct {
		act         func(*bench)
		want        []engine.Command
		camera, mic bool
	}{
		"keys": {func(b *bench) { b.key("V"); b.key("M") }, []engine.Command{noCamera, hideCamera, noMic, hideMic}, false, false},
		"buttons": {func(b *bench) { b.ui.presses.ToggleCamera(); b.ui.presses.ToggleMic() },
			[]engine.Command{noCamera, hideCamera, noMic, hideMic}, false, false},
		"off and on": {func(b *bench) { b.key("V"); b.key("V"); b.key("M"); b.key("M") }, []engine.Command{
			noCamera, hideCamera, engine.Publish{Source: call.SourceCamera}, showCamera,
			noMic, hideMic, engine.Publish{Source: call.SourceMicrophone}, showMic,
		}, true, true},
		"no device": {func(b *bench) {
			b.ui.presses.Pick(call.SourceCamera, call.DeviceNone)
			b.ui.presses.Pick(call.SourceMicrophone, call.DeviceNone)
		}, []engine.Command{noCamera, hideCamera, noMic, hideMic}, false, false},
		"another device": {func(b *bench) {
			b.ui.presses.Pick(call.SourceCamera, call.DeviceNone)
			b.ui.presses.Pick(call.SourceCamera, "video2")
		}, []engine.Command{
			noCamera, hideCamera, engine.SelectDevice{Source: call.SourceCamera, Device: "video2"},
			engine.Publish{Source: call.SourceCamera, Device: "video2"}, engine.StartPreview{Source: call.SourceCamera, Device: "video2"},
		}, true, true},
		"the computer slept": {func(b *bench) { b.ui.Woke(time.Hour) }, []engine.Command{noMic, noCamera, hideCamera, hideMic}, false, false},
		"its device fails": {func(b *bench) {
			b.key("V")
			b.engine.refuse["unpublish"] = call.ErrNotPublished // the preview has failed
			b.key("M")
		}, []engine.Command{noCamera, hideCamera, hideMic}, false, false},
	} {
		for _, state := range []call.State{call.StateJoining, call.StateWaiting} {
			t.Run(name+", "+state.String(), func(t *testing.T) {
				b := before(t, state)
				c.act(b)
				b.want(c.want...)
				if set := b.memory.set; set.CameraOn != c.camera || set.MicOff == c.mic {
					t.Errorf("remembered: %+v", set)
				}
				b.letIn()
				b.gets(c.camera, c.mic)
				b.want()
			})
		}
	}
}

// A camera that failed while we waited, and is tried again, is on in the room, which
// hears nothing of the failure.
func TestAFailedCameraIsTriedAgainWhileWaiting(t *testing.T) {
	b := before(t, call.StateWaiting)
	b.events(call.PreviewStopped{Device: cam1}, call.CommandFailed{Command: "preview", Source: call.SourceCamera, Err: call.ErrDeviceBusy})
	b.engine.take()
	b.tap("Try again")
	b.want(engine.Publish{Source: call.SourceCamera}, showCamera)
	b.letIn()
	b.gets(true, true)
	if len(b.ui.state.Notices) != 0 {
		t.Errorf("notices %+v", b.ui.state.Notices)
	}
}

// Before you allow the preview, nothing is open while you wait; to allow it turns the
// camera on, and not the microphone that was turned off.
func TestWaitingWithoutThePreview(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	if join := b.engine.take()[0].(engine.Join); !join.Devices.Previewed {
		t.Error("the engine may open what it likes")
	}
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateWaiting})
	b.want()
	b.key("M")
	b.want(noMic)
	b.tap("Turn on camera preview")
	b.want(engine.Publish{Source: call.SourceCamera}, showCamera)
	b.letIn()
	b.gets(true, false)
}

// Where no preview is shown none is open, whatever the join is doing; where it is shown
// again, it opens again.
func TestNoPreviewBehindAPageWhileWaiting(t *testing.T) {
	for name, c := range map[string]struct{ away, back func(*bench) }{
		"minimized":    {func(b *bench) { b.ui.outside.setHidden(true) }, func(b *bench) { b.ui.outside.setHidden(false) }},
		"another page": {func(b *bench) { b.pressSettings(); b.turn(model.PageVideo) }, func(b *bench) { b.pressSettings() }},
	} {
		for _, state := range []call.State{call.StateJoining, call.StateWaiting} {
			t.Run(name+", "+state.String(), func(t *testing.T) {
				b := before(t, state)
				c.away(b)
				b.want(hideCamera, hideMic)
				b.events(call.PreviewStopped{Device: cam1}, call.PreviewStopped{Device: mic1})
				b.want()
				c.back(b)
				b.want(showCamera, showMic)
				c.away(b)
				b.engine.take()
				b.letIn()
				b.gets(true, true)
			})
		}
	}
}

// The engine is in the room, and the window does not know it yet: what it asks for is not
// told as a failure, and what the room does not get is closed as soon as it does.
func TestTheWindowIsLate(t *testing.T) {
	b := before(t, call.StateWaiting)
	b.engine.refuse["stop_preview"] = call.ErrBadArgument // it is the stay's
	b.ui.outside.setHidden(true)
	b.letIn()
	b.gets(true, true)
	if _, open := b.ui.state.Previews[call.SourceCamera]; !open || len(b.ui.state.Notices) != 0 {
		t.Errorf("previews %v, notices %+v", b.ui.state.Previews, b.ui.state.Notices)
	}

	b = before(t, call.StateWaiting)
	b.key("V")
	b.pressSettings()
	b.tap("Show me")
	b.engine.take()
	b.letIn()
	b.want(hideCamera)
	b.gets(false, true)

	b = before(t, call.StateWaiting)
	b.ui.outside.setHidden(true)
	b.engine.take()
	b.engine.refuse["preview"] = call.ErrBadArgument // the stay ends
	b.ui.outside.setHidden(false)
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonTurnedAway})
	if b.want(); len(b.ui.state.Trouble) != 0 || b.ui.state.Screen != model.ScreenFarewell {
		t.Errorf("trouble %v beside the %s", b.ui.state.Trouble, b.ui.state.Screen)
	}

	b = before(t, call.StateWaiting)
	b.key("V")
	b.key("V") // and it opens
	b.engine.take()
	b.events(call.Left{Reason: call.ReasonTurnedAway})
	if got := b.engine.take(); !slices.Contains(got, engine.Command(hideCamera)) {
		t.Errorf("what was asked for after the end stays: %#v", got)
	}
}

// A computer that slept while we waited says so, in the lobby and in the room.
func TestASleepIsToldInTheRoom(t *testing.T) {
	b := before(t, call.StateWaiting)
	b.ui.Woke(time.Hour)
	const says = "You were not in the room yet."
	if !b.says(says) {
		t.Error("the lobby says nothing")
	}
	b.letIn()
	if !b.says(says) {
		t.Error("the room says nothing")
	}
}

// A microphone can be tested while we wait, which may take long, and not while we join.
func TestATestWhileWaiting(t *testing.T) {
	for state, can := range map[call.State]bool{call.StateJoining: false, call.StateWaiting: true} {
		b := before(t, state)
		b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, spk1}})
		b.pressSettings()
		if o := b.find("Record and play").(*kit.Button); o.Disabled() == can {
			t.Errorf("%s: the button is disabled: %v", state, o.Disabled())
		}
		if b.says("Not while you are joining.") == can {
			t.Errorf("%s: it is not said why", state)
		}
	}
}

// While another room is asked to let us in, ours gets what we turn on and off, and the
// other one what we chose last.
func TestTheChoiceWhileASwitchWaits(t *testing.T) {
	b, _ := switching(t)
	b.key("V")
	b.want(engine.Mute{Source: call.SourceCamera})
	b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: call.Track{SID: "c", Source: call.SourceCamera}})
	b.events(call.StateChanged{State: call.StateLeaving})
	b.key("M") // just in time
	b.want(engine.Unmute{Source: call.SourceMicrophone})
	b.engine.refuse["mute"] = call.ErrNotInRoom // we have left, and do not know it
	b.key("M")
	b.want()
	left(b)
	b.join(invite("r-2"), ada)
	b.gets(false, true)
	if len(b.ui.state.Notices) != 0 {
		t.Errorf("notices %+v", b.ui.state.Notices)
	}
}
