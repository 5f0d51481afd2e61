package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/view/panel"
)

// oddNames are names that people have, and names that would be something else
// elsewhere: each may be 255 bytes long.
func oddNames() map[string]string {
	return map[string]string{
		"emoji":         "👩‍👩‍👧‍👦🇩🇪❤️",
		"emoji alone":   strings.Repeat("👩‍👩‍👧‍👦", 10),
		"right to left": "محمد علي",
		"markup":        "<b>Bob</b> **x** [a](b)",
		"template":      "{name} {room} {n} %s %d",
		"longest":       strings.Repeat("W", call.MaxName),
		"marks":         "e" + strings.Repeat("\u0301", 120),
		"Chinese":       strings.Repeat("好", call.MaxName/3),
		"spaces":        strings.TrimSpace(strings.Repeat("a ", 120)),
	}
}

// Names of every kind stand as they are, and inside of the window, from 320 points to
// three screens: on tiles and toasts, in both panels, in a question and in the farewell.
func TestOddNames(t *testing.T) {
	sizes := []fyne.Size{fyne.NewSize(320, 568), normal, fyne.NewSize(3*1920, 1080)}
	for what, name := range oddNames() {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%.0f", what, size.Width), func(t *testing.T) {
				s := newStand(t, size, fynetheme.VariantDark)
				s.enter(2)
				s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}},
					call.ParticipantJoined{Participant: call.Participant{Identity: "odd", SID: "PA_odd", Name: name}},
					call.HandsChanged{Hands: []call.Hand{{ID: "odd", At: 1}}})
				s.state.Room.Title = name
				look := func(where string, o fyne.CanvasObject) {
					s.root.Update(s.state, s.form, s.now)
					s.nothingLeaves(where, o)
				}
				look("the room", s.root.Content)
				if !s.visible(name) {
					t.Errorf("nothing says %q", name)
				}
				s.said("odd", name, "hello "+name, 0)
				for _, p := range []model.Panel{model.PanelChat, model.PanelPeople} {
					s.state.Open(p)
					look(fmt.Sprint("panel ", p), s.root.Content)
				}
				question := panel.NewRemoval(s.book, name, true, func() {}).Question()
				kit.AskQuestion(s.win.Canvas(), question, func() {}, func() {})
				look("the question", s.win.Canvas().Overlays().Top())
				s.apply(call.Left{Reason: call.ReasonRemoved, By: name, Text: name, Room: "r-1", Title: name, Stayed: time.Minute, People: 2})
				look("the farewell", s.root.Content)
			})
		}
	}
}

// nothingLeaves looks whether each text lies between the edges of the window.
func (s *stand) nothingLeaves(where string, o fyne.CanvasObject) {
	s.t.Helper()
	width := s.win.Canvas().Size().Width
	uitest.Walk(o, func(o fyne.CanvasObject) {
		if _, ok := o.(*kit.Text); !ok {
			return
		}
		if at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o); at.X < 0 || at.X+o.Size().Width > width+1 {
			s.t.Errorf("%s: a text lies from %v to %v in a window of %v", where, at.X, at.X+o.Size().Width, width)
		}
	})
}
