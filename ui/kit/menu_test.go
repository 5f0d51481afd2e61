package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

func TestMenu(t *testing.T) {
	app(t)
	w := test.NewTempWindow(t, NewText("below"))
	w.Resize(fyne.NewSize(400, 300))
	did := ""
	open := func() *Menu {
		did = ""
		return ShowMenu(w.Canvas(), fyne.NewPos(390, 290), []MenuItem{
			{Text: "one", Icon: "copy", OnTapped: func() { did = "one" }}, {Text: "two", Icon: "ban", Danger: true, OnTapped: func() { did = "two" }},
		})
	}
	press := func(k fyne.KeyName) { w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: k}) }
	m := open()
	if at, s := m.over.card.Position(), m.over.card.Size(); at.X+s.Width > 400 || at.Y+s.Height > 300 {
		t.Errorf("it lies outside of the window: %v, %v", at, s)
	}
	press(fyne.KeyDown)
	press(fyne.KeyReturn)
	if did != "two" || len(w.Canvas().Overlays().List()) != 0 {
		t.Errorf("did %q", did)
	}
	m = open()
	press(fyne.KeyEscape)
	if did != "" || len(w.Canvas().Overlays().List()) != 0 {
		t.Errorf("Escape did %q", did)
	}
	m.Close() // twice is once
	open()
	test.TapCanvas(w.Canvas(), fyne.NewPos(10, 10))
	if did != "" || len(w.Canvas().Overlays().List()) != 0 {
		t.Errorf("a tap beside it did %q", did)
	}
	var none *Menu
	none.Close()
}

func TestEntryKeys(t *testing.T) {
	app(t)
	e := NewTextEntry()
	sent, escaped := 0, 0
	e.OnReturn, e.OnEscape = func() { sent++ }, func() { escaped++ }
	w := test.NewTempWindow(t, e)
	w.Canvas().Focus(e)
	test.Type(e, "a")
	press := func(k fyne.KeyName) { e.TypedKey(&fyne.KeyEvent{Name: k}) }
	press(fyne.KeyReturn)
	e.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	press(fyne.KeyReturn)
	e.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	test.Type(e, "b")
	press(fyne.KeyEnter)
	press(fyne.KeyEscape)
	if e.Text != "a\nb" || sent != 2 || escaped != 1 {
		t.Errorf("%q, sent %d times, escaped %d times", e.Text, sent, escaped)
	}
	e.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftRight})
	w.Canvas().Unfocus() // the key is released elsewhere
	if press(fyne.KeyReturn); sent != 3 {
		t.Error("Shift is held for ever")
	}
}

func TestCheckAndSegments(t *testing.T) {
	app(t)
	c := NewCheck("tell", false)
	escaped := 0
	c.OnEscape = func() { escaped++ }
	s := NewSegments(true, func() { escaped++ }, "a", "b", "c")
	w := test.NewTempWindow(t, Column(8, c, s.Container))
	w.Canvas().Focus(c)
	c.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if !c.On {
		t.Error("Space does not tick")
	}
	if test.Tap(c); c.On {
		t.Error("a tap does not untick")
	}
	chosen := -1
	s.OnChosen = func(i int) { chosen = i }
	test.Tap(s.buttons[2])
	if s.Chosen() != 2 || chosen != 2 || s.buttons[2].icon != "check" || s.buttons[0].icon != "" {
		t.Errorf("chosen %d", s.Chosen())
	}
	c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	s.buttons[1].TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if escaped != 2 {
		t.Errorf("Escape was heard %d times", escaped)
	}
}
