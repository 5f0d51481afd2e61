package view

import (
	"fmt"
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

func TestPickerOpens(t *testing.T) {
	for _, size := range []fyne.Size{normal, small} {
		s := newStand(t, size, fynetheme.VariantDark)
		s.apply(devices())
		s.apply(previewOn()...)
		s.show()
		picker := s.root.lobby.preview.pickers.picker[call.SourceCamera]
		test.Tap(picker)
		s.golden(fmt.Sprintf("picker-%.0f", size.Width))
		c := s.win.Canvas()
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if got := strings.Join(s.act.done, "; "); !strings.Contains(got, "pick camera video2") {
			t.Errorf("the keyboard picked: %s", got)
		}
		if len(c.Overlays().List()) != 0 {
			t.Error("the list stays open")
		}
		test.Tap(picker)
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		if len(c.Overlays().List()) != 0 {
			t.Error("Escape does not close the list")
		}
	}
}

// A device that was chosen and is unplugged stays chosen, and is shown.
func TestPickerKeepsWhatIsUnplugged(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.form.Camera, s.form.Microphone, s.form.Speaker = "usb cam", call.DeviceTest, call.DeviceNone
	s.apply(devices())
	s.show()
	for source, want := range map[call.Source]string{call.SourceCamera: "usb cam", call.SourceMicrophone: "Test tone", call.SourceSpeaker: "No sound"} {
		p := s.root.lobby.preview.pickers.picker[source]
		found := ""
		for _, o := range p.Options() {
			if o.ID == p.Selected() {
				found = o.Text
			}
		}
		if found != want {
			t.Errorf("%s shows %q, want %q", source, found, want)
		}
	}
}

func TestDialog(t *testing.T) {
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

func TestTooltipAndFocus(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	mic := s.root.room.bar.mic.button
	mic.MouseIn(nil)
	s.root.Tick(s.now)
	s.root.Tick(s.now.Add(300 * time.Millisecond))
	if s.visible("Mute (M)") {
		t.Error("the tooltip comes at once")
	}
	s.root.Tick(s.now.Add(600 * time.Millisecond))
	if !s.visible("Mute (M)") {
		t.Error("there is no tooltip")
	}
	s.win.Canvas().Focus(s.root.room.bar.camera.button)
	s.golden("tooltip-focus")
	mic.MouseOut()
	if s.visible("Mute (M)") {
		t.Error("the tooltip stays")
	}
}

func (s *stand) visible(text string) bool {
	found := false
	uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
		if w, ok := o.(*kit.Text); ok && w.Text() == text {
			found = true
		}
	})
	return found
}

// Nothing is cut: every text of every screen has the room that its words need,
// in the smallest window too, and lies inside of it.
func TestNothingIsCut(t *testing.T) {
	screens := map[string]func(*stand){
		"first": func(s *stand) { s.form = Form{MicOn: true} },
		"lobby": func(s *stand) { s.apply(previewOn()...) },
		"room":  func(s *stand) { s.enter(4) },
		"alone": func(s *stand) { s.enter(1) },
		"reconnecting": func(s *stand) {
			s.enter(2)
			s.apply(call.StateChanged{State: call.StateReconnecting})
		},
		"farewell": func(s *stand) {
			s.apply(call.Left{Reason: call.ReasonInternal, Title: "Design review", Stayed: time.Hour, Hosting: true, Stuck: []call.Device{{Source: call.SourceCamera, Name: "Integrated HD Webcam"}}})
		},
	}
	for name, prepare := range screens {
		for _, size := range []fyne.Size{small, normal, fyne.NewSize(1920, 1080)} {
			t.Run(fmt.Sprintf("%s-%.0f", name, size.Width), func(t *testing.T) {
				s := newStand(t, size, fynetheme.VariantDark)
				s.apply(devices())
				prepare(s)
				s.show()
				uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
					w, ok := o.(*kit.Text)
					if !ok || w.Text() == "" {
						return
					}
					if !w.Wrap && w.MinWidth() > w.Size().Width+1.5 {
						t.Errorf("%q needs %.0f and has %.0f", w.Text(), w.MinWidth(), w.Size().Width)
					}
					if h := w.HeightFor(w.Size().Width); h > w.Size().Height+0.5 {
						t.Errorf("%q needs the height %.0f and has %.0f", w.Text(), h, w.Size().Height)
					}
					at := fyne.CurrentApp().Driver().AbsolutePositionForObject(w)
					if at.X < 0 || at.Y < 0 || at.X+w.Size().Width > size.Width+1 || at.Y+w.Size().Height > size.Height+1 {
						t.Errorf("%q lies outside at %v", w.Text(), at)
					}
				})
			})
		}
	}
}

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

// After a stay no tile holds a frame.
func TestRoomIsClearedAfterwards(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(4)
	s.show()
	slots := s.slots()
	s.apply(call.Left{Reason: call.ReasonLeft, Stayed: time.Second})
	s.show()
	for _, slot := range slots {
		if slot.View() != (call.View{}) {
			t.Error("a picture is still converted after the stay")
		}
	}
	if n := len(s.root.room.stage.tiles); n != 0 {
		t.Errorf("%d tiles are left", n)
	}
}

// Toasts pass by themselves; problems stay.
func TestToasts(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.apply(call.ParticipantLeft{Participant: call.Participant{Identity: "u0"}, Reason: call.ReasonRemoved})
	s.state.Notify(model.Notice{At: s.now, Kind: model.NoticeFailed, Command: "publish", Source: call.SourceCamera, Err: call.ErrDeviceFailed})
	s.show()
	if !s.visible("Grace Hopper was removed") {
		t.Error("nobody says why Grace is gone")
	}
	s.root.Tick(s.now.Add(6 * time.Second))
	if s.visible("Grace Hopper was removed") || !s.visible("Your camera could not be started") {
		t.Error("the wrong notice passed")
	}
}
