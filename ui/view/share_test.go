package view

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// desktopImage is what a screen might show.
func desktopImage(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{40, uint8(70 + 60*y/h), uint8(90 + 70*x/w), 255}
			if x > w/8 && x < w/2 && y > h/8 && y < h*3/4 {
				c = color.RGBA{235, 235, 230, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func TestShareChoice(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	choice := ShowShareChoice(s.win.Canvas(), words.English(), s.act)
	share := &model.Share{Screens: []model.ScreenChoice{
		{Device: call.Device{ID: "left", Name: "Screen"}, Image: desktopImage(model.ScreenImageWidth, model.ScreenImageHeight)},
		{Device: call.Device{ID: "right", Name: "Screen 2"}, Err: &call.DeviceError{Source: call.SourceScreen, Device: "Screen 2", Err: call.ErrDeviceBusy}},
	}}
	choice.Update(share, s.now)
	s.golden("share-choice")
	var found []*kit.ImageButton
	uitest.Walk(s.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.ImageButton); ok {
			found = append(found, b)
		}
	})
	if len(found) != 2 || s.win.Canvas().Focused() != found[0] {
		t.Fatalf("%d screens are offered, the keyboard is on %T", len(found), s.win.Canvas().Focused())
	}
	found[1].TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	share.Picked = "right"
	choice.Update(share, s.now)
	test.Tap(found[0])
	if got := strings.Join(s.act.done, "; "); !strings.HasSuffix(got, "screen right") {
		t.Errorf("done: %s", got)
	}
	choice.Close()
	choice.Close()
	if n := len(s.win.Canvas().Overlays().List()); n != 0 {
		t.Errorf("%d overlays stay", n)
	}
}

func TestShortcutsSheet(t *testing.T) {
	s := newStand(t, small, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	b := words.English()
	var rows []settings.Key
	for _, k := range [][2]string{
		{"M", "keys.mic"}, {"V", "keys.camera"}, {"S", "keys.share"}, {"Space", "keys.talk"}, {"L", "keys.layout"},
		{"E", "keys.enlarge"}, {"F11", "keys.full"}, {"O", "keys.self"}, {"C", "keys.chat"}, {"P", "keys.people"},
		{"PgDn", "keys.page_next"}, {"→", "keys.page_next"}, {"PgUp", "keys.page_previous"}, {"←", "keys.page_previous"}, {"Ctrl+I", "keys.invite"}, {"Ctrl+V", "keys.paste"}, {"Ctrl+L", "keys.leave"},
		{"Esc", "keys.close"}, {"?", "keys.help"}, {"F1", "keys.help"},
	} {
		rows = append(rows, settings.Key{Key: k[0], Text: b.T(k[1])})
	}
	ShowShortcuts(s.win.Canvas(), b, rows, func() {})
	s.golden("shortcuts-small")
}

// A shared screen has the main place, in every shape of the window, and fills the
// stage on a double click.
func TestTheMainPlace(t *testing.T) {
	drawsMuch(t)
	for _, size := range []fyne.Size{normal, small, {Width: 720, Height: 900}} {
		s := newStand(t, size, fynetheme.VariantDark)
		s.enter(4)
		s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
		s.show()
		st := s.root.room.stage
		main := st.tiles["screen u0"]
		area := func(o fyne.CanvasObject) float32 { return o.Size().Width * o.Size().Height }
		if len(st.tiles) != 5 || area(main) < 0.6*area(st.grid) {
			t.Errorf("%v: %d tiles, the screen has %.0f of %.0f", size, len(st.tiles), area(main), area(st.grid))
		}
		for key, tile := range st.tiles {
			end := tile.Position().Add(fyne.NewPos(tile.Size().Width, tile.Size().Height))
			if end.X > st.grid.Size().Width+1 || end.Y > st.grid.Size().Height+1 || area(tile) == 0 {
				t.Errorf("%v: %s lies outside: %v, %v", size, key, tile.Position(), tile.Size())
			}
			if tile != main && overlap(main, tile) {
				t.Errorf("%v: %s lies on the screen", size, key)
			}
		}
		main.DoubleTapped(nil)
		st.tiles["camera u0"].DoubleTapped(nil)
		test.Tap(st.enlarge)
		if got := strings.Join(s.act.done, "; "); !strings.HasSuffix(got, "enlarge screen u0; pin camera u0; enlarge ") {
			t.Errorf("done: %s", got)
		}
		s.act.done = nil
		s.state.Screens.Enlarge("screen u0")
		s.show()
		if len(st.tiles) != 1 || area(main) < 0.99*area(st.grid) {
			t.Errorf("%v: %d tiles, the screen has %.0f of %.0f", size, len(st.tiles), area(main), area(st.grid))
		}
		if got := strings.Join(s.act.done, "; "); !strings.Contains(got, "track TR_V0 0x0 hidden=true") {
			t.Errorf("people that nobody sees are still sent: %s", got)
		}
	}
}

func overlap(a, b fyne.CanvasObject) bool {
	return a.Position().X < b.Position().X+b.Size().Width && b.Position().X < a.Position().X+a.Size().Width &&
		a.Position().Y < b.Position().Y+b.Size().Height && b.Position().Y < a.Position().Y+a.Size().Height
}
