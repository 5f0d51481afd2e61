package view

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
)

// Tiles that are not on the page are neither converted nor sent.
func TestPages(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(12)
	s.show()
	second := s.state.People[10].Slots["TR_V9"]
	if second == nil || second.View() != (call.View{}) {
		t.Fatal("a tile of the second page is converted")
	}
	s.act.done = nil
	test.Tap(s.root.room.stage.pager.next)
	if got := strings.Join(s.act.done, "; "); got != "turn 1" {
		t.Errorf("done: %s", got)
	}
	s.state.Screens.Turn(1)
	s.show()
	if second.View().Width == 0 {
		t.Error("the second page is not converted")
	}
	if first := s.state.People[1].Slots["TR_V0"]; first.View() != (call.View{}) {
		t.Error("the first page still is")
	}
	if got := strings.Join(s.act.done, "; "); !strings.Contains(got, "track TR_V0 0x0 hidden=true") || !strings.Contains(got, "track TR_V9 ") {
		t.Errorf("the engine is told: %s", got)
	}
}
