package view

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
)

func TestPickerOpens(t *testing.T) {
	drawsMuch(t)
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
	for source, want := range map[call.Source]string{call.SourceCamera: "usb cam (not connected)", call.SourceMicrophone: "Test tone", call.SourceSpeaker: "No sound"} {
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
