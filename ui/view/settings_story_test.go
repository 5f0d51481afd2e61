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
	"foyer/engine/call/mic"
	"foyer/engine/call/reach"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/uitest"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// setup is the settings over a lobby or a room.
type setup struct {
	*stand
	sheet *settings.Sheet
	form  settings.Form
}

func program(book *words.Book) settings.Program {
	p := settings.Program{
		Version: "foyer 0.1.0 linux/amd64", Folder: "/home/ada/.config/foyer",
		Languages: []words.Language{{Code: "de", Name: "Deutsch"}, {Code: "en", Name: "English"}}, News: true, Links: true,
	}
	for _, k := range [][2]string{{"M", "keys.mic"}, {"V", "keys.camera"}, {"?", "keys.help"}, {"F1", "keys.help"}} {
		p.Keys = append(p.Keys, settings.Key{Key: k[0], Text: book.T(k[1])})
	}
	p.Libraries = func() (list []settings.Library) {
		for i := range 30 {
			list = append(list, settings.Library{Name: fmt.Sprintf("github.com/somebody/library%d", i), Version: "v1.2.3", Licence: "MIT"})
		}
		return list
	}
	return p
}

// openSetup opens the settings at a page, over what the stand shows.
func openSetup(s *stand, p model.Page) *setup {
	u := &setup{stand: s}
	s.apply(devices())
	s.state.Setup.Show(p)
	s.show()
	u.sheet = s.root.ShowSettings(s.win.Canvas(), s.act, program(s.book))
	s.t.Cleanup(u.sheet.Close)
	u.update()
	return u
}

// update shows the state, with the frames that the page asks for.
func (u *setup) update() {
	u.sheet.Update(u.state, u.form, u.now)
	if slot := u.state.Previews[call.SourceCamera].Slot; slot != nil {
		u.win.Canvas().Capture() // the tile publishes its size
		writeFrame(slot, 0)
	}
	u.now = u.now.Add(40 * time.Millisecond)
	u.root.Painter.Tick()
	u.sheet.Tick(u.state, u.now)
}

// setupScreens are the pages, with their images.
func setupScreens() []struct {
	name    string
	page    model.Page
	looks   string
	prepare func(*setup)
} {
	type row = struct {
		name    string
		page    model.Page
		looks   string
		prepare func(*setup)
	}
	return []row{
		{"devices", model.PageDevices, "light phone", func(u *setup) {
			u.apply(call.DeviceOpened{Device: call.Device{Source: call.SourceCamera, ID: "video0", Name: "Integrated HD Webcam"}})
			u.form.Microphone, u.form.Names = "gone", map[call.Source]string{call.SourceMicrophone: "Jabra Evolve 40"}
		}},
		{"testing", model.PageDevices, "small", func(u *setup) {
			u.state.Previews = map[call.Source]model.Preview{call.SourceMicrophone: u.state.Previews[call.SourceMicrophone]}
			u.apply(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestRecording, Length: 3 * time.Second})
			u.now = u.now.Add(time.Second)
		}},
		{"sound", model.PageVoice, "large", func(u *setup) { u.form.Voice = mic.Voice{Noise: mic.NoiseStrong, Music: true} }},
		{"video", model.PageVideo, "small", func(u *setup) { u.form.SendHeight, u.form.AudioOnly = 360, true }},
		{"network", model.PageNetwork, "large", func(u *setup) { u.state.Setup.Network.Report = tested() }},
		{"network-wrong", model.PageNetwork, "light", func(u *setup) {
			u.form.Public, u.form.LinksHere = "meet.example.org:7843", true
			u.state.Setup.Network.LinkErr = call.ErrLinkUnreadable
		}},
		{"network-call", model.PageNetwork, "phone", func(u *setup) {
			u.state.Screen, u.state.Setup.Network.Stats = model.ScreenRoom, measured()
			u.state.Setup.Network.At = u.now
			u.state.Setup.Network.AtBefore = u.now.Add(-2 * time.Second)
		}},
		{"appearance", model.PageAppearance, "small", func(u *setup) { u.form.Theme, u.form.Still = "dark", true }},
		{"no-font", model.PageAppearance, "", func(u *setup) { u.form.Language, u.form.NoFont = "zh", "zh" }},
		{"notifications", model.PageNotifications, "phone", func(u *setup) { u.form.Notifications.Private = true }},
		{"keys", model.PageKeys, "large", func(*setup) {}},
		{"talk-key", model.PageKeys, "light", func(u *setup) {
			u.form.TalkKey = "F9"
			u.state.Talk.Reach = model.Reach{Key: "F9", Stage: model.ReachHere, Obstacle: model.ObstacleTaken}
		}},
		{"talk-choosing", model.PageKeys, "", func(u *setup) { u.state.Setup.Choosing, u.state.Setup.Unfit = true, "A" }},
		{"diagnostics", model.PageDiagnostics, "small", func(*setup) {}},
		{"about", model.PageAbout, "small", func(*setup) {}},
		{"newer", model.PageAbout, "light", func(u *setup) { u.state.Release = newer }},
	}
}

// newer is a release after the one that runs.
var newer = model.Release{Version: "0.2.0", Page: "https://foyer.example/releases/0.2.0"}

// tested is what a test of the network may find.
func tested() *reach.Report {
	return &reach.Report{
		Addresses: []reach.Address{
			{Host: "192.168.178.20:40123", Failed: reach.StepConnect, Err: call.ErrServerSilent},
			{Host: "203.0.113.5:40123", RoundTrip: 34 * time.Millisecond, Spread: 5 * time.Millisecond},
		},
		Best: 1, Media: reach.Ports{UDP: 40124, TCP: 40124, Door: true}, TCP: reach.WayOpen, Door: reach.WayOpen,
	}
}

// measured is what a call may transport.
func measured() call.StatsReported {
	return call.StatsReported{
		Line: call.LineStats{RTTMS: 23, SendKbps: 2500},
		Local: []call.LocalStats{
			{Source: call.SourceCamera, SID: "1", Bytes: 350_000, Width: 1280, Height: 720, FPS: 15, CPULimited: true},
			{Source: call.SourceMicrophone, SID: "2", Bytes: 8000},
		},
		Remote: []call.RemoteStats{
			{ID: "Grace", SID: "3", Source: call.SourceMicrophone, Bytes: 8000, DelayMS: 61, PacketsLost: 1200, Recovered: 1100, ConcealedMS: 400},
			{ID: "Grace", SID: "4", Source: call.SourceCamera, Bytes: 120_000, Width: 640, Height: 360, FPS: 30, PacketsLost: 12, FreezeMS: 1500},
		},
	}
}

func setupLooks() map[string]look {
	return map[string]look{
		"small": {"-small", fyne.NewSize(800, 560), fynetheme.VariantDark},
		"large": {"-large", fyne.NewSize(1600, 900), fynetheme.VariantDark},
		"light": {"-light", fyne.NewSize(800, 560), fynetheme.VariantLight},
		"phone": {"-phone", phone, fynetheme.VariantDark},
	}
}

func eachSetup(f func(name string, l look, prepare func(*stand) *setup)) {
	for _, sc := range setupScreens() {
		for word, l := range setupLooks() {
			if !slices.Contains(strings.Fields(sc.looks), word) {
				continue
			}
			f("settings-"+sc.name+l.name, l, func(s *stand) *setup {
				s.apply(previewOn()...)
				u := openSetup(s, sc.page)
				sc.prepare(u)
				u.update()
				return u
			})
		}
	}
}

func TestSettings(t *testing.T) {
	drawsMuch(t)
	eachSetup(func(name string, l look, prepare func(*stand) *setup) {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, l.size, l.variant)
			prepare(s)
			s.golden(name)
		})
	})
}

// With the largest texts every word of every page is still whole, or wraps: nothing
// lies on something else, and nothing sticks out of the page.
func TestSettingsHoldLargeTexts(t *testing.T) {
	drawsMuch(t)
	for _, p := range model.Pages() {
		s := newStand(t, fyne.NewSize(800, 560), fynetheme.VariantDark)
		shared().Theme = theme.Fixed(fynetheme.VariantDark).WithText(theme.TextLargest)
		s.apply(previewOn()...)
		u := openSetup(s, p)
		u.update()
		if p == model.PageAppearance || p == model.PageDevices {
			s.golden(fmt.Sprintf("settings-largest-%d", p))
		}
		right := fyne.CurrentApp().Driver().AbsolutePositionForObject(s.win.Canvas().Overlays().Top()).X + 776
		uitest.Walk(s.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
			b, ok := o.(*kit.Button)
			if !ok {
				return
			}
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
			if b.MinSize().Width > b.Size().Width+0.5 || at.X+b.Size().Width > right {
				t.Errorf("page %d: %q needs %v, has %v at %v", p, b.Name(), b.MinSize(), b.Size(), at)
			}
		})
	}
}

// The keyboard alone: the arrow keys turn the pages, Tab reaches every control of
// each, brings it into view, and Escape is the window's.
func TestSettingsByKeyboard(t *testing.T) {
	s := newStand(t, fyne.NewSize(800, 560), fynetheme.VariantDark)
	u := openSetup(s, model.PageDevices)
	c := s.win.Canvas()
	key := func(k fyne.KeyName) { c.Focused().TypedKey(&fyne.KeyEvent{Name: k}) }
	s.act.done = nil
	key(fyne.KeyDown)
	key(fyne.KeyEnd)
	key(fyne.KeyUp) // from the page that is still shown: the first
	if got := fmt.Sprint(s.act.done); got != fmt.Sprintf("[settings %d settings %d]", model.PageVoice, model.PageAbout) {
		t.Errorf("done %s", got)
	}
	escaped := 0
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		if k.Name == fyne.KeyEscape {
			escaped++
		}
	})
	key(fyne.KeyEscape)
	pages := map[model.Page]int{
		model.PageDevices: 6, model.PageVoice: 10, model.PageVideo: 6, model.PageNetwork: 8, model.PageAppearance: 11, model.PageNotifications: 4, model.PageKeys: 1, model.PageDiagnostics: 2, model.PageAbout: 3,
	}
	for _, p := range model.Pages() {
		s.state.Setup.Show(p)
		u.update()
		test.Tap(testNav(c)) // takes the keyboard back
		c.Focus(testNav(c).(fyne.Focusable))
		n := 0
		for c.FocusNext(); c.Focused() != testNav(c).(fyne.Focusable); c.FocusNext() {
			if b, ok := c.Focused().(*kit.Button); ok && b.Name() == "Close" {
				continue
			}
			n++
			u.sheet.Tick(s.state, s.now)
			o := c.Focused().(fyne.CanvasObject)
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
			if at.Y < 60 || at.Y+o.Size().Height > 560-60 {
				t.Errorf("page %d: the control %d has the keyboard out of view, at %v", p, n, at)
			}
			if n > 40 {
				t.Fatalf("page %d: Tab does not come round", p)
			}
		}
		if n != pages[p] {
			t.Errorf("page %d: Tab stops %d times, want %d", p, n, pages[p])
		}
	}
	if escaped != 1 {
		t.Errorf("Escape reached the window %d times", escaped)
	}
}

// testNav is the list of pages.
func testNav(c fyne.Canvas) fyne.Tappable {
	var found fyne.Tappable
	uitest.Walk(c.Overlays().Top(), func(o fyne.CanvasObject) {
		_, button := o.(*kit.Button)
		n, named := o.(interface{ Name() string })
		if f, ok := o.(fyne.Focusable); ok && named && !button && n.Name() != "" && found == nil {
			found = f.(fyne.Tappable)
		}
	})
	return found
}

// The frames of our camera are the page's while it is open, and the lobby's again
// when it is closed: nobody scales them twice.
func TestSettingsGiveTheFramesBack(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.apply(previewOn()...)
	u := openSetup(s, model.PageDevices)
	u.update()
	slot := s.state.Previews[call.SourceCamera].Slot
	if w := slot.View().Width; w == 0 || w > 300 {
		t.Errorf("the page asks for frames of %d pixels", w)
	}
	s.state.Setup.Show(model.PageNone)
	u.sheet.Close()
	if w := slot.View().Width; w != 0 {
		t.Errorf("a page that is gone asks for frames of %d pixels", w)
	}
	s.show()
	if w := slot.View().Width; w < 300 {
		t.Errorf("the lobby asks for frames of %d pixels", w)
	}
}
