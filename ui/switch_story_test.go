package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

// switching is a window in the room r-1 with its camera on, whose user has asked to
// go to r-2.
func switching(t *testing.T) (*bench, *call.FrameSlot) {
	t.Helper()
	b := inRoomBench(t)
	slot := &call.FrameSlot{}
	b.events(call.PreviewStarted{Device: call.Device{Source: call.SourceCamera, ID: "cam"}, Slot: slot},
		published("c", call.SourceCamera), published("m", call.SourceMicrophone),
		call.TrackMuted{ID: "u-ada", Local: true, Track: call.Track{SID: "m", Source: call.SourceMicrophone}},
		call.ParticipantJoined{Participant: call.Participant{Identity: "u-grace", SID: "PA_g", Name: "Grace"}})
	link := invite("r-2")
	link.Title = "Standup"
	b.ui.OpenLink(t.Context(), link.String())
	b.tap("Leave and join")
	got := b.engine.take()
	if len(got) != 1 || got[0].(engine.SwitchRoom).Link.Room != "r-2" {
		t.Fatalf("commands %#v", got)
	}
	b.now = b.now.Add(time.Second)
	b.ui.root.Tick(b.now)
	return b, slot
}

func left(b *bench) {
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
		call.Left{Room: "r-1", Reason: call.ReasonSwitched, Stayed: time.Minute}, call.StateChanged{State: call.StateJoining})
	b.now = b.now.Add(time.Second)
	b.ui.root.Tick(b.now)
}

func self(b *bench) model.Tile {
	for _, tile := range b.ui.state.Tiles() {
		if tile.Self {
			return tile
		}
	}
	return model.Tile{}
}

// The camera runs on through a switch, and what was off stays off.
func TestO11_SwitchFromTheWindow(t *testing.T) {
	b, slot := switching(t)
	if !b.says("Asking to be let into “Standup”…") || !b.says("Grace") || b.ui.win.Title() != "Design review – Foyer" {
		t.Error("the stay does not go on while the other door is asked")
	}
	left(b)
	if tile := self(b); !b.ui.state.InRoom() || tile.Slot != slot || !tile.MicMuted {
		t.Errorf("between the rooms: %s, %+v", b.ui.state.Screen, self(b))
	}
	if !b.says("Going to “Standup”…") || b.says("Grace") || b.says("Nobody else is here") || b.find("Invite") != nil ||
		b.says(":") || b.ui.win.Title() != "Standup – Foyer" {
		t.Error("the window does not say where it goes")
	}
	b.want()
	link := b.ui.state.Attempt.Link
	b.events(call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "r-2", Title: "Standup", Self: ada, Link: link})
	if tile := self(b); tile.Slot != slot || !tile.MicMuted || b.ui.state.Room.ID != "r-2" || b.says("Going to") {
		t.Errorf("in the next room: %+v", tile)
	}
	b.events(published("c2", call.SourceCamera))
	b.tap("Stop camera")
	b.want(engine.Mute{Source: call.SourceCamera})
	if r := b.memory.set.Recent; len(r) != 2 || r[0].Room != "r-2" || r[0].Link != link.String() {
		t.Errorf("recent rooms %+v", r)
	}
	b.events(call.Left{Room: "r-2", Reason: call.ReasonRemoved, Stayed: time.Minute, People: 1})
	b.engine.take()
	b.tap("Join again")
	if got := b.engine.take(); len(got) != 1 || got[0].(engine.Join).Link.Room != "r-2" {
		t.Errorf("rejoining gives %#v", got)
	}
}

// A door that does not let us in changes nothing; it is said, and another try works.
func TestO12_ARefusedSwitchStays(t *testing.T) {
	b, slot := switching(t)
	b.events(call.CommandFailed{Command: "switch", Err: call.ErrRoomFull})
	if !b.ui.state.InRoom() || b.ui.state.Room.ID != "r-1" || self(b).Slot != slot || !b.says("Grace") {
		t.Error("the stay is not as it was")
	}
	if !b.says("You could not change rooms") || b.says("Asking to be let into") {
		t.Error("it is not told")
	}
	b.ui.OpenLink(t.Context(), invite("r-2").String())
	b.tap("Leave and join")
	if got := b.engine.take(); len(got) != 1 {
		t.Errorf("another try gives %#v", got)
	}
	b.events(call.CommandFailed{Command: "switch", Err: call.ErrRoomFull}, call.Left{Room: "r-1", Reason: call.ReasonServerStopped, Stayed: time.Minute})
	if b.find("Rejoin") == nil || b.find("Back to “") != nil {
		t.Error("a way back, and nobody has gone anywhere")
	}
}

// A switch that fails half way ends on a farewell with the way back.
func TestO12_TheWayBackFromTheWindow(t *testing.T) {
	for _, own := range []bool{false, true} {
		b, _ := switching(t)
		b.ui.state.Attempt.Start = own
		left(b)
		back := invite("r-1")
		b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
			call.Left{Room: "r-2", Reason: call.ReasonJoinFailed, Err: call.ErrMediaBlocked, Back: back})
		b.engine.take()
		if b.ui.state.Screen != model.ScreenFarewell || b.find("Try again") == nil {
			t.Fatalf("the %s is shown", b.ui.state.Screen)
		}
		b.tap("Back to “Design review”")
		got := b.engine.take()
		if len(got) != 1 {
			t.Fatalf("commands %#v", got)
		}
		switch c := got[0].(type) {
		case engine.StartRoom:
			if !own || c.Room != "r-1" {
				t.Errorf("back in an own room: %#v", c)
			}
		case engine.Join:
			if own || c.Link.Room != "r-1" {
				t.Errorf("back: %#v", c)
			}
		}
	}
}

// What the user changes between two rooms holds in the next one, and leaving works.
func TestBetweenTwoRooms(t *testing.T) {
	b, _ := switching(t)
	left(b)
	b.key("V")
	b.want(engine.Mute{Source: call.SourceCamera})
	b.events(call.CommandFailed{Command: "unmute", Source: call.SourceMicrophone, Err: call.ErrDeviceLost})
	b.join(invite("r-2"), ada)
	if l := b.ui.state.Local[call.SourceCamera]; l.On() {
		t.Errorf("the camera is on again: %+v", l)
	}
	if len(b.ui.state.Notices) != 1 {
		t.Errorf("what failed on the way is not told: %+v", b.ui.state.Notices)
	}
	b, _ = switching(t)
	left(b)
	b.tap("Leave")
	b.want(engine.Leave{})
	b.events(call.StateChanged{State: call.StateIdle}, call.Left{Room: "r-2", Reason: call.ReasonLeft, Preview: true, Back: invite("r-1")})
	if b.ui.state.Screen != model.ScreenLobby || b.ui.state.Switching.Between() || b.ui.state.Busy() {
		t.Errorf("the %s is shown", b.ui.state.Screen)
	}
}

// A link from the clipboard asks like any other.
func TestPasteInARoom(t *testing.T) {
	b := inRoomBench(t)
	b.clip.SetContent("see you at 5")
	b.ui.presses.Paste()
	if !b.says("This is not an invite link.") {
		t.Error("nonsense is not told")
	}
	b.clip.SetContent("  " + invite("r-2").String() + "\n")
	b.ui.presses.Paste()
	if b.find("Leave and join") == nil || !strings.HasPrefix(b.ui.win.Title(), "Design review") {
		t.Error("nobody asks")
	}
}

// As long as the other door has not answered, and a host there may have to let us in, the
// asking can be taken back: nothing else changes, and nothing is told as a failure.
func TestSwitchIsTakenBack(t *testing.T) {
	b, _ := switching(t)
	b.tap("Cancel")
	b.want(engine.Leave{Room: "r-2"})
	b.events(call.CommandFailed{Command: "switch", Err: call.ErrCancelled})
	b.ui.root.Tick(b.now)
	failed := slices.ContainsFunc(b.ui.state.Notices, func(n model.Notice) bool { return n.Kind == model.NoticeFailed })
	if b.says("Asking to be let into") || failed || b.ui.state.Room.ID != "r-1" || !b.says("Grace") {
		t.Errorf("it goes on, or is told as a failure: %+v", b.ui.state.Notices)
	}
	b, _ = switching(t)
	left(b)
	if b.ui.state.Switching.Revocable() {
		t.Error("it can be taken back after we have gone")
	}
}
