package view

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/model"
)

// Tiles that are not on the page are neither converted nor sent.
func TestPages(t *testing.T) {
	drawsMuch(t)
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

// Behind a panel that covers the stage nobody is seen, and nobody's video is sent.
func TestACoveredStageIsNotSent(t *testing.T) {
	s := newStand(t, small, fynetheme.VariantDark)
	s.enter(3)
	s.show()
	for _, open := range []bool{true, false} {
		s.act.done = nil
		s.state.Open(map[bool]model.Panel{true: model.PanelChat, false: model.PanelNone}[open])
		s.show()
		said := strings.Join(s.act.done, "; ")
		for _, track := range []string{"track TR_V0 ", "track TR_V1 "} {
			if !strings.Contains(said, track) {
				t.Errorf("open %v: nothing is said of %s: %s", open, track, said)
			}
		}
		if got := strings.Contains(said, "hidden=true"); got != open {
			t.Errorf("open %v: %s", open, said)
		}
		if slot := s.state.People[1].Slots["TR_V0"]; (slot.View() == call.View{}) != open {
			t.Errorf("open %v: the frame is converted to %v", open, slot.View())
		}
	}
}

// We are small, beside or over the others, never as large as they are, and hidden
// when we want that.
func TestOwnCorner(t *testing.T) {
	drawsMuch(t)
	for _, size := range []fyne.Size{small, normal, {Width: 800, Height: 560}, {Width: 1600, Height: 900}, {Width: 720, Height: 900}} {
		for _, n := range []int{2, 3, 5, 10, 12} {
			for _, layout := range []model.Layout{model.LayoutGrid, model.LayoutSpeaker} {
				s := newStand(t, size, fynetheme.VariantDark)
				s.enter(n)
				s.state.Screens.SetLayout(layout)
				s.show()
				st := s.root.room.stage
				own := st.tiles["camera ada"]
				at, end := own.Position(), own.Position().Add(own.Size())
				if at.X < 0 || at.Y < 0 || end.X > st.content.Size().Width+1 || end.Y > st.content.Size().Height+1 || own.Size().Width < 40 {
					t.Errorf("%v, %d people, %s: we are at %v, %v", size, n, layout, at, own.Size())
				}
				for key, tile := range st.tiles {
					if tile != own && tile.Size().Width <= own.Size().Width {
						t.Errorf("%v, %d people, %s: %s is no larger than we are", size, n, layout, key)
					}
					if tile != own && layout == model.LayoutSpeaker && n > 2 && overlap(tile, own) {
						t.Errorf("%v, %d people, %s: we lie on %s", size, n, layout, key)
					}
				}
				s.state.Stage.Hidden = true
				s.show()
				if st.tiles["camera ada"] != nil || !s.root.room.stage.corner.show.Visible() {
					t.Error("we are not hidden, or cannot come back")
				}
				if slot := s.state.Previews[call.SourceCamera].Slot; slot.View() != (call.View{}) {
					t.Error("what nobody sees of us is converted")
				}
			}
		}
	}
}
