package ui

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/video"
)

var (
	micTrack = call.Track{SID: "m", Source: call.SourceMicrophone, Kind: call.KindAudio}
	unmute   = engine.Unmute{Source: call.SourceMicrophone}
	mute     = engine.Mute{Source: call.SourceMicrophone}
	space    = &fyne.KeyEvent{Name: fyne.KeySpace}
)

// muted is a microphone of ours that is published, and muted by us.
func (b *bench) muted() {
	b.events(published("m", call.SourceMicrophone), call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack})
	b.engine.take()
}

// wait lets time pass, as the painter does.
func (b *bench) wait(d time.Duration) {
	for range max(d/(100*time.Millisecond), 1) {
		b.now = b.now.Add(min(d, 100*time.Millisecond))
		b.ui.root.Tick(b.now)
	}
}

// The layout and our own view are remembered; the pin goes with the room.
func TestTheStageIsRemembered(t *testing.T) {
	b := inRoomBench(t)
	crowd(b, 3)
	b.tap("Speaker")
	b.tap("Hide yourself")
	b.ui.presses.Pin("camera b")
	if set := b.memory.set; set.Layout != model.LayoutSpeaker || !set.SelfHidden {
		t.Errorf("remembered: %+v", set)
	}
	b.events(call.Left{Reason: call.ReasonLeft, Stayed: 1})
	again := newBench(t, b.memory.set, invite("r-1").String())
	again.tap("Join")
	again.join(invite("r-1"), ada)
	crowd(again, 3)
	if a := again.ui.state.Screens.Arrange(); a.Main == nil || a.Pinned || a.Own != nil {
		t.Errorf("the next time: %+v", a)
	}
	again.tap("Show yourself")
	again.tap("Grid")
	if a := again.ui.state.Screens.Arrange(); a.Main != nil || a.Own == nil {
		t.Errorf("changed: %+v", a)
	}
}

// Who speaks for a while is large, without an event that says so.
func TestTheSpeakerIsLarge(t *testing.T) {
	b := inRoomBench(t)
	crowd(b, 3)
	b.key(fyne.KeyL)
	b.events(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "c", Level: 0.4}}})
	b.wait(1400 * time.Millisecond)
	if main := b.ui.state.Screens.Arrange().Main; main == nil || main.ID != "a" {
		t.Errorf("large too soon: %+v", main)
	}
	b.wait(200 * time.Millisecond)
	if main := b.ui.state.Screens.Arrange().Main; main == nil || main.ID != "c" {
		t.Errorf("large: %+v", main)
	}
}

// The menu of a tile, by the keyboard, and its end with the person.
func TestTileMenu(t *testing.T) {
	b := inRoomBench(t)
	crowd(b, 2)
	c := b.ui.win.Canvas()
	focusTile := func(id string) {
		for range 50 {
			c.FocusNext()
			if tile, ok := c.Focused().(*video.StageTile); ok && tile.Look().Name == id {
				return
			}
		}
		t.Fatalf("Tab does not come to %s", id)
	}
	focusTile("b")
	b.key(fyne.KeyReturn)
	b.key(fyne.KeyReturn) // the first line: pin
	if a := b.ui.state.Screens.Arrange(); !a.Pinned || a.Main.ID != "b" {
		t.Fatalf("pinned: %+v", a)
	}
	focusTile("b")
	b.key(fyne.KeyReturn)
	if b.find("Unpin") == nil || b.find("Enlarge") == nil || b.find("Remove") != nil {
		t.Error("the menu of what is pinned")
	}
	b.key(fyne.KeyEscape)
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
	focusTile("b")
	b.key(fyne.KeyReturn)
	if b.find("Remove") == nil {
		t.Error("a host cannot remove somebody where they are seen")
	}
	b.events(call.ParticipantLeft{Participant: call.Participant{Identity: "b", SID: "PA_b"}, Reason: call.ReasonLeft})
	if len(c.Overlays().List()) != 0 {
		t.Error("the menu is of somebody who has gone")
	}
	b.key(fyne.KeyC) // the keyboard is not on a tile that is gone
	if b.ui.state.Panel != model.PanelChat {
		t.Error("the keys go nowhere")
	}
}

// F11, the bar that comes and goes, and every end of it.
func TestFullScreen(t *testing.T) {
	b := inRoomBench(t)
	crowd(b, 2)
	bare := func(when string, want bool) {
		t.Helper()
		if got := b.find("Leave") == nil; got != want || b.ui.state.Stage.Bare != want {
			t.Errorf("%s: the bar is away: %v", when, got)
		}
	}
	b.key(fyne.KeyF11)
	if !b.ui.win.FullScreen() {
		t.Fatal("the window does not fill the display")
	}
	b.wait(2900 * time.Millisecond)
	bare("at first", false)
	b.wait(200 * time.Millisecond)
	bare("after 3 s", true)
	b.ui.presses.Awake(false)
	bare("the pointer moves", false)
	b.ui.presses.Awake(true)
	b.wait(5 * time.Second)
	bare("the pointer is on a button", false)
	b.ui.presses.Awake(false)
	b.wait(4 * time.Second)
	bare("it is not any more", true)
	b.key(fyne.KeyM)
	bare("a key", false)
	b.key(fyne.KeyC)
	b.wait(5 * time.Second)
	bare("in a field", false)
	b.key(fyne.KeyEscape)
	b.key(fyne.KeyEscape)
	if b.ui.win.FullScreen() || b.ui.state.Panel != model.PanelNone {
		t.Error("Escape closes the chat, then the full screen")
	}
	b.key(fyne.KeyF11)
	b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1})
	if b.ui.win.FullScreen() || b.ui.state.Stage.FullScreen {
		t.Error("the farewell fills the display")
	}
	b.key(fyne.KeyF11)
	if b.ui.win.FullScreen() {
		t.Error("F11 outside of a room")
	}
}

// While the key is held we are heard, and in no other case after it.
func TestPushToTalk(t *testing.T) {
	hold := func(t *testing.T) *bench {
		t.Helper()
		b := inRoomBench(t)
		b.muted()
		b.now = b.now.Add(time.Second)
		talking{b.ui}.keyDown(space)
		b.want(unmute)
		b.events(call.TrackUnmuted{ID: "u-ada", Local: true, Track: micTrack})
		if !b.says("You can be heard") {
			t.Error("nothing says that we are heard")
		}
		return b
	}
	ends := map[string]struct {
		end  func(b *bench)
		want []engine.Command // nil: the microphone is off already
	}{
		"the key is released": {func(b *bench) { talking{b.ui}.keyUp(space) }, []engine.Command{mute}},
		"another window":      {func(b *bench) { talking{b.ui}.release() }, []engine.Command{mute}},
		"a field":             {func(b *bench) { b.key(fyne.KeyC) }, []engine.Command{mute}},
		"the list of keys":    {func(b *bench) { b.ui.presses.Shortcuts() }, []engine.Command{mute}},
		"a menu":              {func(b *bench) { b.ui.presses.Share() }, []engine.Command{mute}},
		"another room": {func(b *bench) { b.ui.switchTo(invite("r-2")) }, []engine.Command{
			engine.SwitchRoom{Link: invite("r-2")}, mute,
		}},
		"the button": {func(b *bench) { b.tap("Mute") }, []engine.Command{mute}},
		"leaving":    {func(b *bench) { b.events(call.StateChanged{State: call.StateLeaving}) }, nil},
		"a removal":  {func(b *bench) { b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1}) }, nil},
		"the host":   {func(b *bench) { b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: true, Track: micTrack}) }, nil},
		"the host's rule": {func(b *bench) {
			b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
		}, nil},
		"a device lost": {func(b *bench) { b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack}) }, nil},
	}
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			b := hold(t)
			tt.end(b)
			b.wait(time.Second)
			b.want(tt.want...)
			if b.ui.state.Talk.Held || b.says("You can be heard") {
				t.Error("it goes on")
			}
			talking{b.ui}.keyUp(space)
			b.want()
		})
	}
}

// The key that was not seen to be released: the keyboard repeats it no more.
func TestPushToTalkIsNotStuck(t *testing.T) {
	b := inRoomBench(t)
	b.muted()
	talking{b.ui}.keyDown(space)
	b.ui.win.Canvas().OnTypedKey()(space) // Fyne types what is pressed
	b.want(unmute)
	b.events(call.TrackUnmuted{ID: "u-ada", Local: true, Track: micTrack})
	b.wait(time.Minute) // a keyboard that repeats nothing
	b.want()
	b.ui.win.Canvas().OnTypedKey()(space)
	b.wait(1400 * time.Millisecond)
	b.ui.win.Canvas().OnTypedKey()(space)
	b.wait(1400 * time.Millisecond)
	b.want()
	b.wait(300 * time.Millisecond)
	b.want(mute)
	talking{b.ui}.keyUp(space)
	b.want()
}

// Where the key does nothing.
func TestPushToTalkIsOurs(t *testing.T) {
	for name, prepare := range map[string]func(b *bench){
		"on": func(b *bench) { b.events(published("m", call.SourceMicrophone)) },
		"muted by the host": func(b *bench) {
			b.muted()
			b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: true, Track: micTrack})
		},
		"silenced": func(b *bench) {
			b.muted()
			b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
		},
		"a question": func(b *bench) {
			b.muted()
			b.ui.askToSwitch(invite("r-2").String())
		},
		"a field": func(b *bench) {
			b.muted()
			b.key(fyne.KeyC)
		},
		"the farewell": func(b *bench) {
			b.muted()
			b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1})
		},
		"refused": func(b *bench) {
			b.muted()
			b.engine.refuse["unmute"] = errors.New("no")
		},
		"closed": func(b *bench) {
			b.muted()
			b.ui.close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoomBench(t)
			prepare(b)
			b.engine.take()
			talking{b.ui}.keyDown(space)
			talking{b.ui}.release()
			talking{b.ui}.keyUp(space)
			b.want()
			if b.ui.state.Talk.Held {
				t.Error("it is held")
			}
		})
	}
	b := inRoomBench(t)
	crowd(b, 1)
	b.muted()
	c := b.ui.win.Canvas()
	for range 20 {
		if _, tile := c.Focused().(*video.StageTile); tile {
			break
		}
		c.FocusNext()
	}
	talking{b.ui}.keyDown(space)
	b.want(unmute)
}

// Whoever talks while muted is told, unless the host has muted them.
func TestTalkingWhileMuted(t *testing.T) {
	for _, byHost := range []bool{false, true} {
		b := inRoomBench(t)
		loud := call.PreviewStarted{Device: call.Device{Source: call.SourceMicrophone}, Level: func() float32 { return 0.6 }}
		b.events(loud, published("m", call.SourceMicrophone))
		b.wait(2 * time.Second)
		if b.says("You are muted") {
			t.Error("we are heard")
		}
		b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: byHost, Track: micTrack})
		b.wait(time.Second)
		if got := b.says("You are muted"); got == byHost {
			t.Errorf("muted by the host %v: the hint is shown: %v", byHost, got)
		}
		b.key(fyne.KeyM)
		if b.says("You are muted") {
			t.Error("the hint stays")
		}
	}
}
