package view

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

// tells reports whether anything on the window says that a device is open: its button,
// or the words where there is none.
func (s *stand) tells(words ...string) bool { return tells(s.root.Content, words...) }

func tells(o fyne.CanvasObject, words ...string) bool {
	told := false
	uitest.Walk(o, func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *kit.Button:
			told = told || slices.Contains(words, w.Name())
		case *kit.Text:
			told = told || slices.Contains(words, w.Text())
		}
	})
	return told
}

// With every screen of a room, with and without the bar, in the smallest window and with
// ourselves hidden: a camera or microphone that is open is told of, and none is that is
// not open.
func TestWhatIsOpenIsToldOf(t *testing.T) {
	drawsMuch(t)
	camera, mic := call.SourceCamera, call.SourceMicrophone
	devices := map[string]struct {
		open, on []call.Source
	}{
		"nothing":    {},
		"camera":     {[]call.Source{camera}, []call.Source{camera}},
		"microphone": {[]call.Source{mic}, []call.Source{mic}},
		"both":       {[]call.Source{camera, mic}, []call.Source{camera, mic}},
		"muted":      {[]call.Source{mic}, nil},
		"opening":    {nil, []call.Source{camera, mic}},
	}
	for _, sc := range slices.Concat(roomScreens(), panelScreens()) {
		for name, d := range devices {
			for _, bare := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s-%s-%v", sc.name, name, bare), func(t *testing.T) {
					s := newStand(t, tiny, fynetheme.VariantDark)
					sc.prepare(s)
					s.state.Stage.Hidden = true
					s.state.Stage.FullScreen, s.state.Stage.Bare = bare, bare
					s.state.Setup.InUse = map[call.Source]call.Device{}
					for _, source := range []call.Source{camera, mic} {
						s.state.Local[source] = model.Local{Published: true, Muted: !slices.Contains(d.on, source)}
					}
					for _, source := range d.open {
						s.state.Setup.InUse[source] = call.Device{Source: source}
					}
					s.root.Update(s.state, s.form, s.now)
					open := func(source call.Source) bool {
						return slices.Contains(d.open, source) || slices.Contains(d.on, source)
					}
					if got := s.tells("Stop camera (V)", "Camera on"); got != open(camera) {
						t.Errorf("that the camera is open is told: %v", got)
					}
					on := slices.Contains(d.on, mic)
					if got := s.tells("Mute (M)", "Microphone on"); got != on {
						t.Errorf("that the microphone is on is told: %v", got)
					}
					if open(mic) && !on && !s.tells("Unmute (M)", "Muted") {
						t.Error("nothing tells of a microphone that is open and muted")
					}
				})
			}
		}
	}
}

// The settings may cover a whole room: each page says what is open in it, and in the lobby
// nothing.
func TestSettingsTellWhatIsOpen(t *testing.T) {
	drawsMuch(t)
	for _, p := range model.Pages() {
		for _, size := range []fyne.Size{tiny, narrow} {
			s := newStand(t, size, fynetheme.VariantDark)
			u := openSetup(s, p)
			const both, mic = "Camera on · Microphone on", "Microphone on"
			over := func(words string) bool { return tells(s.win.Canvas().Overlays().Top(), words) }
			if over(both) || over(mic) {
				t.Errorf("page %d: told in the lobby", p)
			}
			s.enter(2)
			s.state.Setup.Show(p)
			u.update()
			if !over(both) {
				t.Errorf("page %d, %.0f wide: nothing tells of camera and microphone", p, size.Width)
			}
			s.state.Local[call.SourceCamera] = model.Local{Published: true, Muted: true}
			s.state.Setup.InUse = map[call.Source]call.Device{}
			u.update()
			if over(both) || !over(mic) {
				t.Errorf("page %d, %.0f wide: a camera is told of that is off", p, size.Width)
			}
		}
	}
}
