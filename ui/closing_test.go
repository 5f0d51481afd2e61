package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/model"
)

// hostBench is a window with a room of its own, and Grace in it.
func hostBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.tap("Start a room")
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "r-1", Title: "Design review", Self: ada, Link: invite("r-1"), Hosting: true})
	b.events(graceComes())
	b.engine.take()
	return b
}

// asks reports whether the window asks before it closes.
func (b *bench) asks() bool { return b.says("Close Foyer?") }

// Review B5: one stray click on X ended the meeting for everybody.
func TestClosingAsksForTheOthers(t *testing.T) {
	b := hostBench(t)
	b.ui.close()
	if b.closed != 0 || !b.asks() || !b.says("Also here: 1 person.") {
		t.Fatal("the window closes, or does not say whom it ends for")
	}
	b.key(fyne.KeyReturn) // the keyboard is on “Stay”
	if b.closed != 0 || b.asks() {
		t.Error("Enter does not mean to stay")
	}
	b.ui.close()
	b.key(fyne.KeyEscape)
	if b.closed != 0 || b.asks() {
		t.Error("Escape does not mean to stay")
	}
	b.ui.close()
	b.key(fyne.KeyEscape) // also when the keyboard is on another button, as by Tab
	b.ui.close()
	b.ui.win.Canvas().FocusNext()
	b.ui.win.Canvas().FocusNext()
	b.key(fyne.KeyEscape)
	if b.closed != 0 || b.asks() {
		t.Error("Escape does not mean to stay everywhere")
	}
	b.ui.close()
	b.tap("End for everyone")
	if b.closed != 1 {
		t.Error("the window does not close")
	}
	b.want() // the end of the program ends the room
}

func TestASecondXCloses(t *testing.T) {
	b := hostBench(t)
	b.ui.close()
	b.ui.close()
	if b.closed != 1 {
		t.Error("the second X does not close the window")
	}
}

// Leaving from the question leaves the room to the others, as long as Foyer runs.
func TestLeavingInsteadOfClosing(t *testing.T) {
	b := hostBench(t)
	b.ui.close()
	b.tap("Leave the room, and keep it open")
	b.want(engine.Leave{})
	if b.closed != 0 || b.asks() {
		t.Error("the window closes, or asks on")
	}
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
		call.Left{Room: "r-1", Title: "Design review", Reason: call.ReasonLeft, Hosting: true, Stayed: time.Minute, People: 2})
	b.ui.close()
	if b.closed != 0 || !b.says("You left “Design review”, but it still runs on this computer") {
		t.Fatal("the room that was left open ends without a question")
	}
	b.tap("Stay")
	b.events(call.RoomServerStopped{})
	b.ui.close()
	if b.closed != 1 {
		t.Error("it asks about a room that has ended")
	}
}

// Where nothing ends for anybody, X closes at once.
func TestXClosesAtOnce(t *testing.T) {
	left := func(l call.Left) []call.Event {
		l.Room, l.Stayed = "r-1", time.Minute
		return []call.Event{call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle}, l}
	}
	for name, tt := range map[string]struct {
		bench  func(*testing.T) *bench
		events []call.Event
	}{
		"lobby": {bench: func(t *testing.T) *bench { return newBench(t, Settings{}, "") }},
		"another's room": {bench: func(t *testing.T) *bench {
			b := inRoomBench(t)
			b.events(graceComes())
			return b
		}},
		"alone":       {hostBench, []call.Event{call.ParticipantLeft{Participant: call.Participant{Identity: "u-grace", SID: "PA_g"}, Reason: call.ReasonLeft}}},
		"dismissed":   {hostBench, left(call.Left{Reason: call.ReasonDismissed, Hosting: true, People: 2})},
		"server gone": {hostBench, left(call.Left{Reason: call.ReasonServerStopped, People: 2})},
		"left alone": {hostBench, append([]call.Event{call.ParticipantLeft{Participant: call.Participant{Identity: "u-grace", SID: "PA_g"}, Reason: call.ReasonLeft}},
			left(call.Left{Reason: call.ReasonLeft, Hosting: true, People: 2})...)},
	} {
		t.Run(name, func(t *testing.T) {
			b := tt.bench(t)
			b.events(tt.events...)
			b.ui.close()
			if b.closed != 1 || b.asks() {
				t.Error("X does not close at once")
			}
		})
	}
}

// The question goes with what it asks about, and says the truth while it stands.
func TestTheClosingQuestionGoesWithItsGround(t *testing.T) {
	gone := call.ParticipantLeft{Participant: call.Participant{Identity: "u-grace", SID: "PA_g"}, Reason: call.ReasonLeft}
	for name, event := range map[string]call.Event{
		"the others leave": gone,
		"we are removed":   call.Left{Room: "r-1", Reason: call.ReasonRemoved, Stayed: time.Minute, People: 2},
		"the server stops": call.Left{Room: "r-1", Reason: call.ReasonServerStopped, Stayed: time.Minute, People: 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := hostBench(t)
			b.ui.close()
			b.events(event)
			if b.asks() || b.ui.question != nil || len(b.ui.win.Canvas().Overlays().List()) != 0 {
				t.Error("it outlives what it asks about")
			}
		})
	}
	b := hostBench(t)
	b.ui.close()
	b.events(call.ParticipantJoined{Participant: call.Participant{Identity: "u-linus", SID: "PA_l", Name: "Linus"}})
	if !b.says("Also here: 2 people.") {
		t.Error("it does not count who has come")
	}
	b.ui.OpenLink(t.Context(), invite("r-2").String()) // another question takes its place
	if b.asks() {
		t.Error("two questions are open")
	}
	b.ui.close()
	if b.closed != 0 || !b.asks() {
		t.Error("X answers another question")
	}
}

// The tray's “Close Foyer” asks as X does, before the user's eyes.
func TestQuitFromTheTrayAsks(t *testing.T) {
	b := hostBench(t)
	b.ui.outside.press(desk.ActionQuit)
	if b.closed != 0 || !b.asks() || b.frame.raised != 1 {
		t.Error("it does not ask, or behind other windows")
	}
}

// With anything open over the room, X asks, and the second one closes.
func TestXWithEverythingOpen(t *testing.T) {
	for name, open := range map[string]func(b *bench){
		"chat":      func(b *bench) { b.ui.presses.OpenPanel(model.PanelChat) },
		"people":    func(b *bench) { b.ui.presses.OpenPanel(model.PanelPeople) },
		"share":     func(b *bench) { b.ui.presses.Share() },
		"shortcuts": func(b *bench) { b.ui.presses.Shortcuts() },
		"devices":   func(b *bench) { b.press(fyne.KeyD) },
		"removal":   func(b *bench) { b.ui.presses.Remove("u-grace") },
		"link":      func(b *bench) { b.ui.OpenLink(b.t.Context(), invite("r-2").String()) },
	} {
		t.Run(name, func(t *testing.T) {
			b := hostBench(t)
			open(b)
			b.ui.close()
			if b.closed != 0 || !b.asks() {
				t.Fatal("it does not ask")
			}
			b.ui.close()
			if b.closed != 1 {
				t.Error("the second X does not close")
			}
			b.events(graceComes()) // what comes later does nothing
		})
	}
}
