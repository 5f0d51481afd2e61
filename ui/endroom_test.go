package ui

import (
	"reflect"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
)

// A host has a menu beside the button that leaves at once; a guest has none.
func TestEndForEveryone(t *testing.T) {
	b := inRoomBench(t)
	if b.find("More ways to leave") != nil {
		t.Error("a guest is offered to end the room")
	}
	b.ui.presses.LeaveMenu(fyne.Position{})
	b.ui.presses.End()
	b.want()
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}},
		call.ParticipantJoined{Participant: call.Participant{Identity: "u-grace", SID: "PA_g", Name: "Grace"}})
	menu := func(line string) {
		t.Helper()
		b.tap("More ways to leave")
		o := b.find(line)
		if o == nil {
			t.Fatalf("the menu has no %q", line)
		}
		test.Tap(o)
	}
	menu("End for everyone")
	b.want() // it asks
	if !b.says("End “Design review” for everyone?") || !b.says("Also here: 1 person.") {
		t.Error("the question does not say what happens")
	}
	b.tap("Stay here")
	b.want()
	menu("End for everyone")
	b.key(fyne.KeyReturn) // the keyboard is on no
	b.want()
	menu("End for everyone")
	b.tap("End for everyone")
	if got := b.engine.take(); len(got) != 1 || !reflect.DeepEqual(got[0], engine.Moderate{Op: call.OpDismiss}) {
		t.Errorf("commands %#v", got)
	}
	b.tap("More ways to leave")
	b.events(call.StateChanged{State: call.StateLeaving})
	if n := len(b.ui.win.Canvas().Overlays().List()); n != 0 {
		t.Error("the menu outlives the stay")
	}
	b.events(call.StateChanged{State: call.StateIdle}, call.Left{Room: "r-1", Reason: call.ReasonDismissed, By: "Ada", Hosting: true, Stayed: 1, People: 2})
	if b.says("Your room stays open") {
		t.Error("a closed room is said to stay open")
	}
}
