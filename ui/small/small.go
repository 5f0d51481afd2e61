// Package small is what the small window shows, which stays above all others while
// Foyer is minimized in a room: the speaker, whether we are heard, and the ways back
// and out. It presents a model.State and decides nothing.
//
// Everything belongs to Fyne's main goroutine.
package small

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/face"
	"foyer/ui/words"
)

// Actions is what the user can do there.
type Actions interface {
	ToggleMic()
	Leave()
	ShowTrack(track call.SID, width, height int, hidden bool)
}

// Size is the window's size at first: a tile of 16:9, and the bar below it.
func Size() fyne.Size { return fyne.NewSize(320, 320*9/16+barHeight) }

const (
	barHeight = 52
	minWidth  = 200
)

// View is the window's content.
type View struct {
	Content *fyne.Container
	book    *words.Book
	act     Actions
	painter *video.Painter
	tile    *video.Tile
	state   *kit.Text // whether we are heard
	mic     *kit.Button
	leave   *kit.Button
	track   call.SID // of the tile; empty: nothing of others
}

// New returns the content. It paints one tile, by its own clock.
func New(book *words.Book, conf Config) *View {
	act := conf.Actions
	v := &View{book: book, act: act, tile: video.NewTile(), state: kit.NewText("").Shrinking()}
	tips := kit.NewTips()
	v.painter = video.NewPainter(conf.Now, func(now time.Time) {
		tips.Tick(now)
		conf.Tick(now)
	})
	v.painter.Add(v.tile)
	v.tile.Says = face.Says(book)
	button := func(name, icon string, style kit.Style, do func()) *kit.Button {
		b := kit.NewIconButton(name, icon, style, tips, do)
		b.Small = true
		return b
	}
	v.mic = button("", "mic", kit.Plain, act.ToggleMic)
	v.leave = button(book.T("bar.leave"), "leave", kit.Danger, act.Leave)
	goBack := button(book.T("small.back"), "enlarge", kit.Plain, conf.Back)
	v.state.TextSize = 13
	bar := kit.Pad(kit.Row(8, kit.Grow(v.state), v.mic, goBack, v.leave), 10, 10, 10, 12)
	v.Content = kit.On(kit.NewPanel(theme.Background, 0), container.New(&layout{}, v.tile, bar, tips.Layer))
	return v
}

// layout gives the tile what the bar leaves. Tooltips lie over both.
type layout struct{}

func (*layout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(minWidth, minWidth*9/16+barHeight)
}

func (*layout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	kit.Place(objects[0], 0, 0, size.Width, size.Height-barHeight)
	kit.Place(objects[1], 0, size.Height-barHeight, size.Width, barHeight)
	objects[2].Resize(size)
}

// Update shows a state.
func (v *View) Update(s *model.State) {
	t, shown := s.Screens.Small()
	if !shown || t.Self {
		t.Track = ""
	}
	v.showTrack(t.Track)
	if shown {
		v.tile.SetLook(face.Look(v.book, t))
		v.tile.SetSlot(t.Slot)
	}
	on := s.Local[call.SourceMicrophone].On()
	key, tip, icon, style, ink := "room.talk_held", "bar.mic_off", "mic", kit.Plain, theme.Foreground
	if !on {
		key, tip, icon, style, ink = "room.talk_muted", "bar.mic_on", "mic-off", kit.Off, theme.Muted
	}
	v.state.SetIn(ink)
	v.state.Set(v.book.T(key))
	v.mic.Set("", icon, style)
	v.mic.SetTip(v.book.T(tip))
	leaving := s.Engine == call.StateLeaving
	v.mic.SetEnabled(!leaving)
	v.leave.SetEnabled(!leaving)
}

// showTrack asks for the one remote video that is shown, in its size.
func (v *View) showTrack(track call.SID) {
	if track == v.track {
		return
	}
	if v.track != "" {
		v.act.ShowTrack(v.track, 0, 0, true)
	}
	v.track, v.tile.OnPixels = track, nil
	if track == "" {
		return
	}
	w, h := v.tile.Pixels()
	v.act.ShowTrack(track, w, h, false)
	v.tile.OnPixels = func(w, h int) { v.act.ShowTrack(track, w, h, false) }
}

// Tick paints what is new, as its clock does.
func (v *View) Tick() { v.painter.Tick() }

// Close stops all that moves, and gives the video back.
func (v *View) Close() {
	v.painter.Stop()
	v.painter.Remove(v.tile)
	v.showTrack("")
}
