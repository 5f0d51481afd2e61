package ui

import (
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

// A person who speaks for a while is large, without an event that says so.
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
