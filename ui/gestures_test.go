package ui

import (
	"reflect"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

func (b *bench) overlays() int { return len(b.ui.win.Canvas().Overlays().List()) }

// The hand by key and button, shown at once, and taken back when it is refused.
func TestHandByKey(t *testing.T) {
	b := inRoom(t, call.RoleListener)
	b.press(fyne.KeyH)
	b.want(engine.RaiseHand{Up: true})
	if !b.ui.state.Gestures.HandUp() {
		t.Error("the button waits for the server")
	}
	b.press(fyne.KeyH)
	b.want(engine.RaiseHand{Up: false})
	b.engine.refuse["hand"] = call.ErrNoDoor
	b.press(fyne.KeyH)
	if b.ui.state.Gestures.HandUp() || !b.says("This server is not a Foyer server") {
		t.Error("a refused hand is up, or nothing says why")
	}
	b.events(call.StateChanged{State: call.StateLeaving})
	delete(b.engine.refuse, "hand")
	b.press(fyne.KeyH)
	b.want()
}

// Reactions by keys alone; too many are dropped in silence; the menu goes with the
// stay, and they pass.
func TestReactionByKey(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	b.press(fyne.KeyR)
	b.press(fyne.KeyDown)
	b.press(fyne.KeyReturn)
	b.want(engine.React{Reaction: call.ReactionClap})
	b.engine.refuse["react"] = call.ErrChatTooFast
	b.press(fyne.KeyR)
	b.press(fyne.KeyReturn)
	if len(b.ui.state.Notices) != 0 || b.overlays() != 0 {
		t.Errorf("notices %+v", b.ui.state.Notices)
	}
	b.events(call.Reacted{ID: "u-grace", Reaction: call.ReactionHeart})
	if len(b.ui.state.Reactions) != 1 {
		t.Error("it is not shown")
	}
	b.now = b.now.Add(4 * time.Second)
	b.ui.tick(b.now)
	if len(b.ui.state.Reactions) != 0 {
		t.Error("it does not pass")
	}
	b.press(fyne.KeyR)
	b.events(call.StateChanged{State: call.StateLeaving})
	if b.overlays() != 0 {
		t.Error("the menu outlives the stay")
	}
	b.press(fyne.KeyR)
	if b.overlays() != 0 {
		t.Error("a menu while leaving")
	}
}

// A ban is taken back by Ctrl+Z while its toast is shown, once.
func TestUndoByKey(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	undo := func() { b.ui.win.Canvas().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutUndo{}) }
	undo()
	b.want()
	actions{b.ui}.moderate(engine.Moderate{Op: call.OpBan, IDs: []call.Identity{"u-grace"}})
	b.engine.take()
	b.events(call.ParticipantLeft{Participant: grace, Reason: call.ReasonBanned},
		call.Moderated{Op: call.OpBan, Results: []call.PersonResult{{ID: "u-grace", Result: call.ResultDone}}})
	if !b.says("Grace is banned.") || b.find("Undo") == nil {
		t.Error("nothing says who was banned, or offers to take it back")
	}
	undo()
	b.want(engine.Moderate{Op: call.OpUnban, IDs: []call.Identity{"u-grace"}})
	undo()
	b.want()
	b.events(call.Moderated{Op: call.OpMute, Results: []call.PersonResult{{ID: "u-grace", Result: call.ResultDone}}})
	b.now = b.now.Add(time.Minute)
	undo()
	b.want()
}

// Three people are selected and removed with one text; nothing is asked about
// eleven; the hands of twelve are lowered in two commands.
func TestSeveralAtOnce(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	ids := []call.Identity{"u-grace"}
	for i := range 12 {
		id := call.Identity("u" + string(rune('a'+i)))
		ids = append(ids, id)
		b.events(call.ParticipantJoined{Participant: call.Participant{Identity: id, SID: call.SID("PA_" + id), Name: "Guest " + string(rune('A'+i))}})
	}
	act := actions{b.ui}
	b.press(fyne.KeyP)
	b.engine.take()
	act.Select(ids[:3], true)
	b.tap("Remove them…")
	if !b.says("Remove 3 people?") {
		t.Error("it does not ask about three")
	}
	b.write("wrong meeting")
	b.tap("Remove them")
	b.want(engine.Moderate{Op: call.OpRemove, IDs: ids[:3], Text: "wrong meeting"})
	if got := b.ui.state.Selection.People(); len(got) != 0 {
		t.Errorf("still selected: %v", got)
	}
	b.events(call.Moderated{Op: call.OpRemove, Results: []call.PersonResult{
		{ID: ids[0], Result: call.ResultDone}, {ID: ids[1], Result: call.ResultDone}, {ID: ids[2], Result: call.ResultForbidden},
	}})
	if !b.says("Removed: 2 people.") || !b.says("You may not do that to Guest B.") {
		t.Error("the result is not said for each")
	}
	b.engine.take()
	act.Select(ids[1:12], true)
	act.DoSelected(call.OpRemove)
	b.want()
	if b.ui.question != nil {
		t.Error("eleven are asked about")
	}
	act.Select(ids[1:13], true)
	act.DoSelected(call.OpLower)
	got := b.engine.take()
	if len(got) != 2 || len(got[0].(engine.Moderate).IDs) != 10 || len(got[1].(engine.Moderate).IDs) != 2 {
		t.Errorf("commands %#v", got)
	}
	act.DoSelected(call.OpMute)
	b.want() // nobody is selected any more
}

// The room menu: every rule at once, a refusal in place, and it goes with the stay
// and with the right.
func TestRoomMenu(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	act := actions{b.ui}
	act.Rules()
	if b.overlays() != 0 {
		t.Error("a guest has a room menu")
	}
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
	b.engine.take()
	b.tap("Room menu")
	lock := b.find("Lock the room")
	if lock == nil {
		t.Fatal("no lock")
	}
	test.Tap(lock)
	yes := true
	want := engine.Moderate{Op: call.OpRules}
	want.Rules.Locked = &yes
	if got := b.engine.take(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("commands %#v", got)
	}
	b.events(call.CommandFailed{Command: "rules", Err: call.ErrServerSilent})
	if !b.says("The room’s rules were not changed: The server does not answer.") || len(b.ui.state.Notices) != 0 {
		t.Errorf("a refusal is not said in place: %+v", b.ui.state.Notices)
	}
	ruling{b.ui}.MuteAll(true)
	b.want(engine.Moderate{Op: call.OpMute, All: true})
	ruling{b.ui}.SetLimit(7)
	if got := b.engine.take(); len(got) != 1 || *got[0].(engine.Moderate).Rules.MaxMembers != 7 {
		t.Errorf("commands %#v", got)
	}
	b.press(fyne.KeyEscape)
	if b.overlays() != 0 || b.ui.sheets.rules != nil {
		t.Error("Escape leaves it open")
	}
	b.tap("Room menu")
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
	if b.overlays() != 0 {
		t.Error("it stays though we may not moderate any more")
	}
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
	b.tap("Room menu")
	b.tap("End for everyone")
	if !b.says("End “Design review” for everyone?") {
		t.Error("it does not ask before the end")
	}
	b.tap("Stay here")
	b.tap("Room menu")
	b.events(call.Left{Room: "r-1", Reason: call.ReasonRemoved})
	if b.overlays() != 0 || b.ui.state.Screen != model.ScreenFarewell {
		t.Error("it outlives the stay")
	}
}
