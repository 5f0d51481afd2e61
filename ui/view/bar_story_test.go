package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/uitest"
	"foyer/ui/view/bar"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// whatARoomOffers is what each button of a host's bar and header does, as the actions
// note it.
var whatARoomOffers = []string{
	"mic", "camera", "devices microphone", "devices camera", "share", "hand", "react menu", "leave", "toggle 1", "toggle 2",
	"layout grid", "layout speaker", "full", "invite", "rules", "settings 1", "shortcuts",
}

// From the smallest window on, in every language, whatever a room offers is a button or
// in the menu of the rest, once; and every button is inside of the window and lies on no
// other one.
func TestTheBarFolds(t *testing.T) {
	drawsMuch(t)
	for _, l := range words.Languages() {
		for width := MinSize().Width; width <= 1200; width += 40 {
			s := newStandIn(t, l.Code, fyne.NewSize(width, 480), fynetheme.VariantDark)
			s.enter(3)
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
			s.root.Update(s.state, s.form, s.now)
			s.act.done = nil
			pressed := 0
			for _, part := range []fyne.CanvasObject{s.root.room.bar.Content, s.root.room.header.line} {
				s.buttonsFit(part)
				uitest.Walk(part, func(o fyne.CanvasObject) {
					if b, ok := o.(*kit.Button); ok {
						b.OnTapped()
						pressed++
					}
				})
			}
			more := slices.Contains(s.act.done, "more menu")
			items := s.root.MoreItems()
			if more != (len(items) > 0) {
				t.Errorf("%s, %.0f wide: a menu of the rest is %v, with %d lines", l.Code, width, more, len(items))
			}
			for _, item := range items {
				item.OnTapped()
			}
			for _, want := range whatARoomOffers {
				if n := strings.Count("|"+strings.Join(s.act.done, "|")+"|", "|"+want+"|"); n != 1 {
					t.Errorf("%s, %.0f wide: %q is offered %d times, in %v", l.Code, width, want, n, s.act.done)
				}
			}
			ends := slices.Contains(s.act.done, "leave menu") != slices.Contains(s.act.done, "end for everyone")
			if !ends {
				t.Errorf("%s, %.0f wide: the host ends the room in %v", l.Code, width, s.act.done)
			}
			if width >= 1100 && more {
				t.Errorf("%s, %.0f wide: something is folded", l.Code, width)
			}
		}
	}
}

// The menu of a source has its devices, with a tick at the chosen one, and leads to where
// they are tested. That of the microphone has the speakers.
func TestDeviceMenu(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.apply(devices())
	s.show()
	f := settings.Form{Camera: "video2", Microphone: "gone", Names: map[call.Source]string{call.SourceMicrophone: "Jabra"}}
	told := func(source call.Source) (lines []string) {
		for _, item := range bar.DeviceItems(s.book, s.state, f, source, s.act) {
			if item.Control == nil {
				lines = append(lines, fmt.Sprintf("%s %v", item.Text, item.Chosen))
			}
		}
		return lines
	}
	want := map[call.Source][]string{
		call.SourceCamera: {
			"Default (Integrated HD Webcam) false", "Integrated HD Webcam false", "Logitech BRIO true", "Test devices… false",
		},
		call.SourceMicrophone: {
			"Default (Built-in Audio Analog Stereo) false", "Built-in Audio Analog Stereo false", "Jabra (not connected) true",
			"Default (Built-in Audio Analog Stereo) true", "Built-in Audio Analog Stereo false", "No sound false", "Test devices… false",
		},
	}
	for source, lines := range want {
		if got := told(source); !slices.Equal(got, lines) {
			t.Errorf("%s: %q, want %q", source, got, lines)
		}
	}
	f.Microphone = call.DeviceNone
	if got := told(call.SourceMicrophone); !slices.Contains(got, "No microphone true") {
		t.Errorf("no microphone is chosen, and not shown: %q", got)
	}
	s.act.done = nil
	at := s.root.DevicesAt(call.SourceCamera)
	menu := kit.ShowMenuAbove(s.win.Canvas(), at, bar.DeviceItems(s.book, s.state, f, call.SourceCamera, s.act))
	defer menu.Close()
	s.golden("menu-devices")
	c := s.win.Canvas()
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) // the keyboard is on the chosen one
	if len(s.act.done) != 0 {
		t.Errorf("the chosen one was chosen again: %q", s.act.done)
	}
	kit.ShowMenuAbove(c, at, bar.DeviceItems(s.book, s.state, f, call.SourceCamera, s.act))
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !slices.Equal(s.act.done, []string{"pick camera video0"}) {
		t.Errorf("done %q", s.act.done)
	}
}

// The menu of the rest lies in the window, and its lines are whole.
func TestMoreMenuInASmallWindow(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, fyne.NewSize(320, 568), fynetheme.VariantDark)
	s.enter(3)
	s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
	s.show()
	more := s.button("More")
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(more)
	menu := kit.ShowMenuAbove(s.win.Canvas(), at, s.root.MoreItems())
	defer menu.Close()
	s.nothingIsCut(s.win.Canvas().Overlays().Top())
	s.golden("menu-more")
	test.TapCanvas(s.win.Canvas(), fyne.NewPos(1, 1))
	if menu.Open() {
		t.Error("a tap beside the menu leaves it open")
	}
}
