package panel

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/engine/call"
	"foyer/ui/model"
)

// picker is the list of people with ten others, in which we are the host.
func picker(t *testing.T) *stand {
	s := newStand(t, beside)
	s.crowd(14)
	s.state.Open(model.PanelPeople)
	s.show()
	return s
}

// click presses the left button on somebody's row: on the box or on the name.
func (s *stand) click(id call.Identity, box bool, with fyne.KeyModifier) {
	people := s.panel.people
	for i, p := range people.listed {
		if p.ID == id {
			row := people.Row(i, nil).(*personRow)
			x := float32(150)
			if box {
				x = 30
			}
			row.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 20)}, Button: desktop.MouseButtonPrimary, Modifier: with})
			return
		}
	}
}

func TestSelectingByMouse(t *testing.T) {
	s := picker(t)
	s.click("u3", false, 0)
	if got := s.act.last(); got != "" {
		t.Errorf("a plain click: %q", got)
	}
	s.click("u3", true, 0)
	if got := s.act.last(); got != "select [u3] true" {
		t.Errorf("the box: %q", got)
	}
	s.state.Selection.Set([]call.Identity{"u3"}, true)
	s.click("u3", false, fyne.KeyModifierShortcutDefault)
	if got := s.act.last(); got != "select [u3] false" {
		t.Errorf("Ctrl again: %q", got)
	}
	s.click("u6", false, fyne.KeyModifierShift)
	if got := s.act.last(); got != "select [u3 u4 u5 u6] true" {
		t.Errorf("Shift: %q", got)
	}
}

func TestSelectingByKeys(t *testing.T) {
	s := picker(t)
	list := s.panel.people.list
	s.win.Canvas().Focus(list)
	key := func(k fyne.KeyName) { list.TypedKey(&fyne.KeyEvent{Name: k}) }
	key(fyne.KeyDown)
	key(fyne.KeySpace) // ourselves
	if got := s.act.last(); got != "" {
		t.Errorf("ourselves: %q", got)
	}
	key(fyne.KeyDown)
	key(fyne.KeySpace)
	if got := s.act.last(); got != "select [u0] true" {
		t.Errorf("Space: %q", got)
	}
	list.TypedShortcut(&fyne.ShortcutSelectAll{})
	if got := s.act.last(); len(got) < 40 || got[:8] != "select [" {
		t.Errorf("Ctrl+A: %q", got)
	}
	key(fyne.KeyDelete)
	if got := s.act.last(); got != "remove u0" {
		t.Errorf("Delete: %q", got)
	}
	s.state.Selection.Set([]call.Identity{"u0", "u1"}, true)
	s.show()
	key(fyne.KeyDelete)
	if got := s.act.last(); got != "selected remove" {
		t.Errorf("Delete, with two selected: %q", got)
	}
	key(fyne.KeyEscape)
	if got := s.act.last(); got != "select nobody" {
		t.Errorf("Escape: %q", got)
	}
	s.state.Selection.Clear()
	s.show()
	key(fyne.KeyEscape)
	if got := s.act.last(); got != "panel 0" {
		t.Errorf("Escape again: %q", got)
	}
}

// Ten people are removed at once, and no more; hands are lowered where some are up.
func TestSelectionBar(t *testing.T) {
	s := picker(t)
	bar := s.panel.people.picked
	if bar.content.Visible() {
		t.Error("nobody is selected")
	}
	all := idsOf(s.panel.people.listed)[1:]
	s.state.Selection.Set(all[:3], true)
	s.show()
	if !bar.content.Visible() || s.panel.people.bans.Visible() || bar.lower.Disabled() == false || bar.remove.Disabled() {
		t.Error("three are selected")
	}
	bar.mute.Tapped(nil)
	bar.remove.Tapped(nil)
	if got := s.act.done[len(s.act.done)-2:]; got[0] != "selected mute" || got[1] != "selected remove" {
		t.Errorf("%q", got)
	}
	s.state.Selection.Set(all[:11], true)
	s.apply(call.HandsChanged{Hands: []call.Hand{{ID: all[0], At: 1}}})
	s.show()
	if !bar.remove.Disabled() || bar.lower.Disabled() {
		t.Error("eleven can be removed, or a hand not be lowered")
	}
	s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
	s.show()
	if bar.content.Visible() || s.panel.people.list.OnSelect != nil {
		t.Error("a guest selects people")
	}
}

// Anybody has a menu for the others: how loud they are. The slider reports every
// value, by mouse and keys.
func TestVolumeInTheMenu(t *testing.T) {
	s := picker(t)
	s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
	s.show()
	people := s.panel.people
	people.openMenu(s.state.Person("u3"), fyne.NewPos(20, 20))
	slide := people.volume.slider
	key := func(k fyne.KeyName) { slide.TypedKey(&fyne.KeyEvent{Name: k}) }
	key(fyne.KeyRight)
	if got := s.act.last(); got != "volume u3 105" {
		t.Errorf("an arrow: %q", got)
	}
	key(fyne.KeyEnd)
	key(fyne.KeyEnd)
	if got := s.act.last(); got != "volume u3 200" || slide.Value() != 200 {
		t.Errorf("the end: %q", got)
	}
	slide.Resize(fyne.NewSize(216, 32))
	slide.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(8+50, 10)}})
	if got := s.act.last(); got != "volume u3 50" {
		t.Errorf("dragged: %q", got)
	}
	s.apply(call.VolumeChanged{ID: "u3", Percent: 0})
	s.show()
	if slide.Value() != 0 || people.volume.text.Text() != "0 %" {
		t.Errorf("an open menu says %d, %q", slide.Value(), people.volume.text.Text())
	}
	s.win.Canvas().Focus(slide)
	key(fyne.KeyDown)
	if s.win.Canvas().Focused() == slide {
		t.Error("an arrow does not leave the slider")
	}
	key(fyne.KeyEscape)
	if len(s.win.Canvas().Overlays().List()) != 0 {
		t.Error("Escape leaves the menu open")
	}
	people.openMenu(s.state.Self(), fyne.NewPos(20, 20))
	if len(s.win.Canvas().Overlays().List()) != 0 {
		t.Error("a menu about ourselves")
	}
}
