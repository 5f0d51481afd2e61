package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

func TestDialog(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(4)
	s.show()
	answer := ""
	ask := func() {
		kit.Ask(s.win.Canvas(), "Leave, and join “Standup”?", "You are in “Design review”. You can be in one room at a time.", "Leave and join", "Stay here",
			func() { answer = "yes" }, func() { answer = "no" })
	}
	ask()
	s.golden("dialog")
	s.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if answer != "no" {
		t.Errorf("Enter answers %q, though nobody has read the question", answer)
	}
	ask()
	s.win.Canvas().FocusNext()
	s.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if answer != "yes" {
		t.Errorf("Tab and Enter answer %q", answer)
	}
	ask()
	s.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if answer != "no" {
		t.Errorf("Escape answers %q", answer)
	}
	ask()
	answer = ""
	test.TapCanvas(s.win.Canvas(), fyne.NewPos(20, 20))
	if answer != "no" || len(s.win.Canvas().Overlays().List()) != 0 {
		t.Errorf("a tap beside it answers %q", answer)
	}
}

// Nothing is cut: every text of every screen has the room that its words need,
// in the smallest window too, and lies inside of it.
func TestNothingIsCut(t *testing.T) {
	drawsMuch(t)
	ends := farewells(time.Time{})
	screens := slices.Concat(lobbyScreens(), roomScreens(), panelScreens(), farewellScreens())
	screens = slices.DeleteFunc(screens, func(sc screen) bool {
		return sc.name == "preview" // the name of a recent room is cut on purpose
	})
	for _, sc := range screens {
		sizes := []fyne.Size{small, normal, fyne.NewSize(1920, 1080)}
		if _, end := ends[sc.name]; end {
			sizes = sizes[:1] // one layout, and many words
		}
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%.0f", sc.name, size.Width), func(t *testing.T) {
				s := newStand(t, size, fynetheme.VariantDark)
				sc.prepare(s)
				s.root.Update(s.state, s.form, s.now) // without frames: nothing is drawn
				s.nothingIsCut(s.root.Content)
			})
		}
	}
}

// In the smallest window every button of the room is inside of it, and none lies on
// another: if you add one, you see here whether there is room.
func TestEveryButtonIsInTheSmallestWindow(t *testing.T) {
	drawsMuch(t)
	for _, sc := range roomScreens() {
		t.Run(sc.name, func(t *testing.T) {
			s := newStand(t, tiny, fynetheme.VariantDark)
			sc.prepare(s)
			s.root.Update(s.state, s.form, s.now)
			if !s.root.room.header.content.Visible() {
				return // a full screen that shows neither
			}
			s.buttonsAreInside(s.root.room.bar.Content)
			s.buttonsAreInside(s.root.room.header.line)
		})
	}
}

func (s *stand) buttonsAreInside(bar fyne.CanvasObject) {
	s.t.Helper()
	driver, size := fyne.CurrentApp().Driver(), s.win.Canvas().Size()
	var right float32
	uitest.Walk(bar, func(o fyne.CanvasObject) {
		b, ok := o.(*kit.Button)
		if !ok {
			return
		}
		at := driver.AbsolutePositionForObject(b)
		if at.X < 0 || at.X+b.Size().Width > size.Width || at.Y+b.Size().Height > size.Height {
			s.t.Errorf("%q lies at %v, %v large", b.Name(), at, b.Size())
		}
		if bar == s.root.room.bar.Content && at.X < right-0.5 {
			s.t.Errorf("%q lies on the button before it", b.Name())
		}
		right = at.X + b.Size().Width
	})
}

// nothingIsCut looks at every text in o.
func (s *stand) nothingIsCut(o fyne.CanvasObject) {
	s.t.Helper()
	texts, size := 0, s.win.Canvas().Size()
	uitest.Walk(o, func(o fyne.CanvasObject) {
		w, ok := o.(*kit.Text)
		if !ok || w.Text() == "" {
			return
		}
		texts++
		small := w.Size().Width < 120 && s.isName(w.Text()) // on a tile beside the main place
		if size.Width < narrow.Width && s.namesDevice(w.Text()) {
			return // it is cut in a picker, and whole in the list
		}
		slack := float32(1.5)
		if w.Shrink {
			slack = 0 // the last letters are left out for less
		}
		if !w.Wrap && !small && w.MinWidth() > w.Size().Width+slack {
			s.t.Errorf("%q needs %.0f and has %.0f", w.Text(), w.MinWidth(), w.Size().Width)
		}
		if h := w.HeightFor(w.Size().Width); h > w.Size().Height+0.5 {
			s.t.Errorf("%q needs the height %.0f and has %.0f", w.Text(), h, w.Size().Height)
		}
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(w)
		if at.X < 0 || at.Y < 0 || at.X+w.Size().Width > size.Width+1 || at.Y+w.Size().Height > size.Height+1 {
			s.t.Errorf("%q lies outside at %v", w.Text(), at)
		}
	})
	if texts < 2 {
		s.t.Errorf("only %d texts are shown", texts)
	}
}

func (s *stand) namesDevice(text string) bool {
	return slices.ContainsFunc(s.state.Devices, func(d call.Device) bool { return strings.Contains(text, d.Name) })
}

// isName reports whether a text is the name of somebody in the room.
func (s *stand) isName(text string) bool {
	return slices.ContainsFunc(s.state.People, func(p *model.Person) bool { return p.DisplayName() == text })
}
