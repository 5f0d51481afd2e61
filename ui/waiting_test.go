package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
)

// asked reports whether the engine was told to do that to those people.
func asked(b *bench, op call.Operation, text string, ids ...call.Identity) bool {
	return slices.ContainsFunc(b.engine.take(), func(c engine.Command) bool {
		m, ok := c.(engine.Moderate)
		return ok && m.Op == op && m.Text == text && !m.All && slices.Equal(m.IDs, ids)
	})
}

// outside lets people wait to be let in, as a host hears of them.
func (b *bench) outside(rows ...call.WaiterRow) {
	b.events(
		call.WaitersChanged{Count: len(rows), Name: rows[len(rows)-1].Name},
		call.Moderated{Op: call.OpWaiting, Waiting: rows},
	)
}

// A host hears of people who wait, lets one in by the keyboard or the mouse, and turns one
// away with a text; a guest sees none of it.
func TestWaitingRoom(t *testing.T) {
	eve := call.WaiterRow{ID: "w1", Identity: "u-eve", Name: "Eve"}
	sam := call.WaiterRow{ID: "w2", Identity: "u-sam", Name: "Sam"}
	b := inRoom(t, call.RoleHost)
	b.ui.outside.setBehind(true)
	b.outside(eve)
	if !b.says("Eve wants to come in") {
		t.Error("a host is not told")
	}
	b.outside(eve, sam)
	if !b.says("Sam and 1 more want to come in") {
		t.Error("a host is not told of the second one")
	}
	if n := len(b.desk.notes); n == 0 || b.desk.notes[n-1].Text != "Sam and 1 more want to come in" {
		t.Errorf("the desktop says %v", b.desk.notes)
	}
	b.tap("Show")
	if !b.says("2 people are waiting to be let in") || b.says("Sam and 1 more want to come in") {
		t.Error("the list of people does not say who waits")
	}
	b.engine.take()
	b.tap("Let in") // the last of them
	if !asked(b, call.OpAdmit, "", "w2") {
		t.Error("Sam is not let in")
	}
	b.events(call.Moderated{Op: call.OpAdmit, Results: []call.PersonResult{{ID: "w2", Result: call.ResultDone}}})
	if !b.says("Sam was let in.") {
		t.Error("nothing says that Sam was let in")
	}
	b.events(call.Moderated{Op: call.OpWaiting, Waiting: []call.WaiterRow{eve}})
	b.tap("Turn Eve away?")
	b.write("Not today")
	b.engine.take()
	b.tap("Turn away")
	if !asked(b, call.OpTurnAway, "Not today", "w1") {
		t.Error("Eve is not turned away")
	}
	b.outside(eve, sam)
	b.engine.take()
	b.events(call.WaitersChanged{Count: 3, Name: "Mallory"}) // who is not in the list yet
	b.tap("Let all in")
	if !asked(b, call.OpAdmit, "", "w1", "w2") {
		t.Error("not all are let in who were seen, and nobody else")
	}
	b.tap("Turn all away")
	b.outside(eve, sam, call.WaiterRow{ID: "w3", Identity: "u-mal", Name: "Mallory"}) // while it is asked
	b.engine.take()
	b.tap("Turn away")
	if !asked(b, call.OpTurnAway, "", "w1", "w2") {
		t.Error("not all are turned away who were seen, and nobody else")
	}
	b.events(call.WaitersChanged{})
	if b.says("are waiting to be let in") || b.says("want to come in") {
		t.Error("nobody waits any more, and it is not said")
	}

	g := inRoom(t, call.RoleParticipant)
	g.events(call.WaitersChanged{Count: 1, Name: "Eve"})
	g.press(fyne.KeyP)
	if g.says("Eve wants to come in") || g.says("waiting to be let in") {
		t.Error("a guest is told")
	}
}

// A host who comes into a room with a waiting room asks who is there.
func TestWaitingRoomOfWhoComes(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true}, "")
	b.join(invite("r-1"), ada)
	b.engine.take()
	b.events(call.Left{Reason: call.ReasonLeft})
	b.events(call.Joined{Room: "r-1", Self: ada, Link: invite("r-1"), Standing: call.Standing{
		Role: call.RoleCoHost, Rules: call.RoomRules{Waiting: true},
	}})
	if !slices.ContainsFunc(b.engine.take(), func(c engine.Command) bool {
		m, ok := c.(engine.Moderate)
		return ok && m.Op == call.OpWaiting
	}) {
		t.Error("the door is not asked")
	}
	b.press(fyne.KeyP)
	b.ui.presses.Rules()
	b.engine.take()
	b.tap("Waiting room")
	if got := b.engine.take(); len(got) != 1 || got[0].(engine.Moderate).Op != call.OpRules || *got[0].(engine.Moderate).Rules.Waiting {
		t.Errorf("told %+v", got)
	}
}

// A guest who comes while the door answers is in the list at once, and not when the door
// tells again that somebody waits.
func TestNobodyIsMissingFromTheList(t *testing.T) {
	asks := func(b *bench) (n int) {
		for _, c := range b.engine.take() {
			if m, ok := c.(engine.Moderate); ok && m.Op == call.OpWaiting {
				n++
			}
		}
		return n
	}
	eve, sam := call.WaiterRow{ID: "w1", Identity: "u-eve", Name: "Eve"}, call.WaiterRow{ID: "w2", Identity: "u-sam", Name: "Sam"}
	for name, answer := range map[string]call.Event{
		"an answer from before": call.Moderated{Op: call.OpWaiting, Waiting: []call.WaiterRow{eve}},
		"no answer":             call.CommandFailed{Command: string(call.OpWaiting), Err: call.ErrTooManyTries},
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoom(t, call.RoleHost)
			b.engine.take()
			b.events(call.WaitersChanged{Count: 1, Name: "Eve"})
			b.events(call.WaitersChanged{Count: 2, Name: "Sam"})
			if n := asks(b); n != 1 {
				t.Errorf("asked %d times at once", n)
			}
			b.events(answer)
			if n := asks(b); n != 1 {
				t.Errorf("asked %d times again", n)
			}
			b.events(call.Moderated{Op: call.OpWaiting, Waiting: []call.WaiterRow{eve, sam}})
			if n := asks(b); n != 0 {
				t.Errorf("asked %d times more", n)
			}
		})
	}
	b := inRoom(t, call.RoleHost)
	b.engine.take()
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost, Rules: call.RoomRules{Waiting: true}}})
	if n := asks(b); n != 1 {
		t.Errorf("after the rules have changed, asked %d times", n)
	}
}
