package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// TestFocusable: what the keyboard and the pointer do is the same for each control.
func TestFocusable(t *testing.T) {
	app(t)
	type reachable interface {
		fyne.Widget
		fyne.Focusable
		desktop.Hoverable
	}
	pressed := 0
	press := func() { pressed++ }
	picker := NewPicker("camera", nil, nil)
	picker.Set([]Option{{ID: "a", Text: "A"}}, "a")
	for name, c := range map[string]struct {
		control reachable
		presses []fyne.KeyName
	}{
		"button": {control: NewButton("Go", "", Plain, press), presses: []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter}},
		"item":   {control: NewItem("Room", "", press), presses: []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter}},
		"image":  {control: NewImageButton("Screen", press), presses: []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter}},
		"picker": {control: picker, presses: []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter, fyne.KeyDown, fyne.KeyUp}},
	} {
		t.Run(name, func(t *testing.T) {
			w := test.NewTempWindow(t, c.control)
			ring := ringOf(t, c.control)
			for range 2 {
				c.control.FocusGained()
				if !ring.Visible() {
					t.Error("the focus is not shown")
				}
				c.control.FocusLost()
				if ring.Visible() {
					t.Error("the focus is still shown")
				}
			}
			c.control.MouseIn(nil)
			c.control.MouseMoved(nil)
			c.control.MouseOut()
			var passed []fyne.KeyName
			w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { passed = append(passed, k.Name) })
			for _, key := range c.presses {
				before := pressed
				c.control.TypedKey(&fyne.KeyEvent{Name: key})
				if open := w.Canvas().Overlays().Top(); open != nil {
					pressed++
					w.Canvas().Overlays().Remove(open)
				}
				if pressed != before+1 {
					t.Errorf("%s does not press it", key)
				}
			}
			if len(passed) > 0 {
				t.Errorf("the window is given %v, too", passed)
			}
			c.control.TypedKey(&fyne.KeyEvent{Name: fyne.KeyM})
			typed := ' '
			w.Canvas().SetOnTypedRune(func(r rune) { typed = r })
			c.control.TypedRune('m')
			if typed != 'm' {
				t.Error("the window is not given the character")
			}
			if len(passed) != 1 || passed[0] != fyne.KeyM {
				t.Errorf("the window is given %v of M", passed)
			}
		})
	}
}

// ringOf is the ring that shows a control's focus.
func ringOf(t *testing.T, w fyne.Widget) fyne.CanvasObject {
	t.Helper()
	switch r := test.TempWidgetRenderer(t, w).(type) {
	case *itemRenderer:
		return r.ring
	case *pickerRenderer:
		return r.ring
	case *buttonRenderer:
		return r.ring
	case *imageButtonRenderer:
		return r.ring
	}
	t.Fatal("no ring")
	return nil
}
