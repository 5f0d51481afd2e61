package view

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/view/rules"
	"foyer/ui/words"
)

// waving is a room in which hands are up and people react.
func (s *stand) waving() {
	s.enter(4)
	s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}}, call.HandsChanged{Hands: []call.Hand{
		{ID: "u1", At: 1}, {ID: "ada", At: 2}, {ID: "u2", At: 3},
	}})
	for range 3 {
		s.apply(call.Reacted{ID: "u0", Reaction: call.ReactionClap})
	}
	s.apply(call.Reacted{ID: "u2", Reaction: call.ReactionHeart}, call.Reacted{ID: "u1", Reaction: call.ReactionClap})
}

// picking is the list of people with some of them selected.
func (s *stand) picking() {
	s.host()
	s.apply(call.HandsChanged{Hands: []call.Hand{{ID: "u4", At: 1}, {ID: "u1", At: 2}}},
		call.VolumeChanged{ID: "u3", Percent: 0})
	s.state.Notices = nil
	s.state.Selection.Set([]call.Identity{"u1", "u3", "u4"}, true)
}

func handScreens() []screen {
	return []screen{
		{"hands", "light", (*stand).waving},
		{"selection", "dark", (*stand).picking},
		{"outcomes", "dark", func(s *stand) {
			s.enter(4)
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}},
				call.Moderated{Op: call.OpMute, Results: []call.PersonResult{{ID: "u0", Result: call.ResultDone}}},
				call.Moderated{Op: call.OpRemove, Results: []call.PersonResult{
					{ID: "u1", Result: call.ResultDone}, {ID: "u2", Result: call.ResultDone}, {ID: "gone", Result: call.ResultAlreadyGone},
				}})
		}},
	}
}

func TestHandsAndReactions(t *testing.T) { golden(t, "people", handScreens()) }

// The room menu, with a rule that the door has refused.
func TestRulesSheet(t *testing.T) {
	drawsMuch(t)
	for name, variant := range map[string]fyne.ThemeVariant{"rules": fynetheme.VariantDark, "rules-light": fynetheme.VariantLight} {
		s := newStand(t, normal, variant)
		s.enter(4)
		s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost, Rules: call.RoomRules{Locked: true, MaxMembers: 12, RealTime: 60}}})
		s.show()
		r := rules.Show(s.win.Canvas(), words.English(), s.act)
		r.Update(s.state, s.now)
		if name == "rules-light" {
			s.state.Ruling.Refuse(call.ErrForbidden)
			r.Update(s.state, s.now)
		}
		s.golden(name)
		r.Close()
	}
}

// Reactions are counted over the stage when many react, or somebody who is not on
// this page.
func TestTally(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(12)
	s.show()
	s.apply(call.Reacted{ID: "u0", Reaction: call.ReactionYes})
	s.show()
	if s.root.room.tally.Content.Visible() {
		t.Error("one reaction on this page is counted")
	}
	s.apply(call.Reacted{ID: "u10", Reaction: call.ReactionYes})
	s.show()
	if !s.root.room.tally.Content.Visible() || !s.visible("2") {
		t.Error("a reaction of another page is not seen")
	}
	s.state.Gestures.FadeReactions(s.now.Add(model.ReactionFor))
	s.show()
	if s.root.room.tally.Content.Visible() {
		t.Error("it stays")
	}
}

// The toast takes an operation back.
func TestUndoInTheToast(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.apply(call.Moderated{Op: call.OpBan, Results: []call.PersonResult{{ID: "u0", Result: call.ResultDone}}})
	s.show()
	var undo *kit.Button
	uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.Name() == words.English().T("toast.undo") {
			undo = b
		}
	})
	if undo == nil {
		t.Fatal("no way back is offered")
	}
	undo.Tapped(nil)
	if got := s.act.done[len(s.act.done)-1]; got != fmt.Sprint("undo ", s.state.Notices[len(s.state.Notices)-1].ID) {
		t.Errorf("reported %q", got)
	}
	s.now = s.now.Add(11 * time.Second)
	s.show()
	if s.visible(words.English().T("toast.undo")) {
		t.Error("it stays for ever")
	}
}
