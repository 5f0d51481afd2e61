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
func (s *stand) tells(words ...string) bool {
	told := false
	uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *kit.Button:
			told = told || slices.Contains(words, w.Name())
		case *kit.Text:
			told = told || slices.Contains(words, w.Text())
		}
	})
	return told
}

// With every screen of a room, in every layout, with ourselves shown or hidden, in a
// window of any size: a camera or microphone that is open is told of, and none is that
// is not open.
func TestWhatIsOpenIsToldOf(t *testing.T) {
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
		for _, size := range []fyne.Size{tiny, normal} {
			for name, d := range devices {
				for _, bare := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s-%.0f-%s-%v", sc.name, size.Width, name, bare), func(t *testing.T) {
						s := newStand(t, size, fynetheme.VariantDark)
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
}
