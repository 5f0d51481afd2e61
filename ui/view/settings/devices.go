package settings

import (
	"errors"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/meter"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/words"
)

// devicesPage chooses camera, microphone and speaker, and shows that they work.
type devicesPage struct {
	content *fyne.Container
	book    *words.Book
	painter *video.Painter
	parts   map[call.Source]*devicePart
	tile    *video.Tile
	says    *kit.Text   // beside the tile
	try     *kit.Button // shows the camera, or hides it
	trying  bool
	meter   *meter.Meter
	tests   map[call.Source]*testPart
	listErr *kit.Text
}

// devicePart is what the sources have in common.
type devicePart struct {
	picker  *kit.Picker
	used    *kit.Text
	problem *kit.Text
}

// testPart starts a test and says how far it is.
type testPart struct {
	button   *kit.Button
	says     *kit.Text
	progress *bar
}

func newDevicesPage(book *words.Book, act Actions, painter *video.Painter) *devicesPage {
	p := &devicesPage{
		book: book, painter: painter, parts: map[call.Source]*devicePart{}, tests: map[call.Source]*testPart{},
		tile: video.NewTile(), says: hint(""), meter: meter.New(), listErr: hint("").Colored(theme.Error),
	}
	painter.Add(p.tile)
	p.meter.Label = book.Source(call.SourceMicrophone)
	for _, d := range Pickable() {
		part := &devicePart{used: hint(""), problem: hint("").Colored(theme.Error)}
		part.picker = kit.NewPicker(d.Icon, nil, func(id string) { act.Pick(d.Source, id) })
		part.picker.Label = book.Source(d.Source)
		p.parts[d.Source] = part
	}
	p.try = kit.NewButton("", "", kit.Plain, func() { act.TryCamera(!p.trying) })
	p.try.Small = true
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceSpeaker} {
		t := &testPart{says: hint(""), progress: newBar()}
		t.button = kit.NewButton("", "", kit.Plain, func() { act.TestDevice(source) })
		t.button.Small, t.button.Width = true, testWidth
		p.tests[source] = t
	}
	p.content = scrolled(
		p.listErr,
		p.section(call.SourceCamera, kit.Beside(
			16, besideLeast, container.New(
				&selfLayout{}, kit.NewPanel(theme.Background, theme.RadiusCard), kit.NewIcon("camera-off", theme.Muted, 24), p.tile,
			), kit.Column(10, p.says, kit.Row(0, p.try)),
		)),
		p.section(call.SourceMicrophone, kit.Row(0, p.meter), p.tests[call.SourceMicrophone].object()),
		p.section(call.SourceSpeaker, p.tests[call.SourceSpeaker].object()),
	)
	return p
}

func (t *testPart) object() fyne.CanvasObject {
	return kit.Beside(12, besideLeast, t.button, kit.Column(6, t.says, t.progress))
}

// section is all about one source.
func (p *devicesPage) section(source call.Source, rows ...fyne.CanvasObject) fyne.CanvasObject {
	d := p.parts[source]
	return part(p.book.Source(source), append([]fyne.CanvasObject{d.picker, d.used, d.problem}, rows...)...)
}

func (p *devicesPage) object() fyne.CanvasObject { return p.content }

func (p *devicesPage) update(s *model.State, f Form, now time.Time) {
	for source, d := range p.parts {
		chosen, name := f.Chosen(source), f.Names[source]
		d.picker.Set(Options(p.book, source, s.Devices, chosen, name), chosen)
		d.used.Set("")
		if used, open := s.Setup.InUse[source]; open {
			d.used.Set(p.book.T("settings.in_use", "name", used.Name))
		}
		kit.SetVisible(d.used, d.used.Text() != "")
		d.problem.Set(p.problem(s, source, chosen, name, now))
		kit.SetVisible(d.problem, d.problem.Text() != "")
	}
	p.listErr.Set(words.Problem(p.book, s.Setup.ListErr, now))
	kit.SetVisible(p.listErr, p.listErr.Text() != "")
	p.updateCamera(s, f)
	silent := f.Speaker == call.DeviceNone
	p.updateTest(s, call.SourceMicrophone, silent || f.Microphone == call.DeviceNone)
	p.updateTest(s, call.SourceSpeaker, silent)
	p.tick(s, now)
}

// problem is why a source does not work.
func (p *devicesPage) problem(s *model.State, source call.Source, chosen, name string, now time.Time) string {
	if isMissing(s.Devices, source, chosen) {
		return p.book.T("settings.missing", "name", called(chosen, name))
	}
	if err := s.Trouble[source]; err != nil && !s.InRoom() {
		return p.book.Error(err, "", source, now).String()
	}
	return ""
}

func (p *devicesPage) updateCamera(s *model.State, f Form) {
	slot := s.Previews[call.SourceCamera].Slot
	p.tile.SetSlot(slot)
	p.tile.SetLook(video.Look{Mirror: true})
	kit.SetVisible(p.tile, slot != nil)
	p.trying = s.Setup.Try
	on := s.Local[call.SourceCamera].On()
	text, button := "settings.camera_off", "settings.camera_show"
	switch {
	case f.Camera == call.DeviceNone:
		text, button = "device.none.camera", ""
	case slot != nil && on:
		text, button = "settings.camera_shared", ""
	case slot != nil:
		text, button = "settings.camera_private", ""
		if p.trying {
			button = "settings.camera_hide"
		}
	case s.Opening[call.SourceCamera]:
		text, button = "lobby.camera_opening", ""
	case p.trying && s.Trouble[call.SourceCamera] != nil:
		button = "action.try_again"
	}
	p.says.Set(p.book.T(text))
	if button != "" {
		p.try.Set(p.book.T(button), "", kit.Plain)
	}
	kit.SetVisible(p.try, button != "")
}

func (p *devicesPage) updateTest(s *model.State, source call.Source, impossible bool) {
	t, now := p.tests[source], s.Setup.Test
	running := now.Source == source && now.Running()
	key, icon := "settings.test_speaker", "speaker"
	if source == call.SourceMicrophone {
		key, icon = "settings.test_microphone", "mic"
	}
	if running {
		key, icon = "settings.test_stop", "close"
	}
	t.button.Set(p.book.T(key), icon, kit.Plain)
	t.button.SetEnabled(running || !impossible && !inBetween(s))
}

// inBetween reports whether no device can be tested, for a moment: a wait to be let in
// may be long.
func inBetween(s *model.State) bool {
	return s.Busy() && s.Engine != call.StateWaiting || s.Engine == call.StateLeaving
}

func (p *devicesPage) tick(s *model.State, now time.Time) {
	level := s.Previews[call.SourceMicrophone].Level
	kit.SetVisible(p.meter, level != nil)
	if level != nil {
		p.meter.Set(level())
	}
	for source, t := range p.tests {
		t.says.SetIn(theme.Muted)
		if s.Setup.Test.Source != source {
			t.says.Set(p.explain(s, source))
			kit.SetVisible(t.progress, false)
			continue
		}
		if s.Setup.Test.Err != nil {
			t.says.SetIn(theme.Error)
		}
		t.says.Set(p.tell(s.Setup.Test, now))
		timed := s.Setup.Test.Running() && s.Setup.Test.Length > 0
		kit.SetVisible(t.progress, timed)
		if timed {
			t.progress.set(1 - float32(s.Setup.Test.Left(now))/float32(s.Setup.Test.Length))
		}
	}
}

// explain is what a test does, before there is one.
func (p *devicesPage) explain(s *model.State, source call.Source) string {
	switch {
	case inBetween(s) && !s.InRoom():
		return p.book.T("settings.explain_later")
	case source == call.SourceSpeaker:
		return p.book.T("settings.explain_speaker")
	case s.InRoom():
		return p.book.T("settings.explain_microphone.room")
	default:
		return p.book.T("settings.explain_microphone")
	}
}

// tell is how far a test is.
func (p *devicesPage) tell(t model.Test, now time.Time) string {
	switch t.Stage {
	case call.TestOpening:
		return p.book.T("settings.test_opening")
	case call.TestRecording:
		left := int((t.Left(now) + time.Second - 1) / time.Second)
		return p.book.T("settings.test_recording", "s", strconv.Itoa(left))
	case call.TestPlaying:
		if t.Source == call.SourceMicrophone {
			return p.book.T("settings.test_playing_recording")
		}
		return p.book.T("settings.test_playing")
	case call.TestEnded:
	}
	switch {
	case t.Err == nil && t.Source == call.SourceMicrophone:
		return p.book.T("settings.test_ended_microphone")
	case t.Err == nil:
		return p.book.T("settings.test_ended_speaker")
	default:
		source := t.Source
		if d, ok := errors.AsType[*call.DeviceError](t.Err); ok {
			source = d.Source
		}
		return p.book.Error(t.Err, "", source, now).String()
	}
}

// close gives the frames back.
func (p *devicesPage) close() {
	p.tile.SetSlot(nil)
	p.painter.Remove(p.tile)
}

// selfLayout is the shape of our own video: a ground of the stage's colour, in
// which a tile has its corners, an icon where there is no video, and the tile.
type selfLayout struct{}

const (
	selfWidth   = 216
	selfEdge    = 3
	besideLeast = 120 // of what is said beside a control
	testWidth   = 168 // of the buttons that test, so that "stop" is where "start" was
)

func (*selfLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(selfWidth, selfWidth*9/16)
}

func (*selfLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	ground, icon, tile := objects[0], objects[1], objects[2]
	ground.Resize(size)
	m := icon.MinSize()
	kit.Place(icon, (size.Width-m.Width)/2, (size.Height-m.Height)/2, m.Width, m.Height)
	kit.Place(tile, selfEdge, selfEdge, size.Width-2*selfEdge, size.Height-2*selfEdge)
}
