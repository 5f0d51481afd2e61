package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/meter"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/bar"
	"foyer/ui/words"
)

// preview is the lobby's left side: our own video, what we will join with,
// and the devices.
type preview struct {
	content *fyne.Container
	book    *words.Book
	tile    *video.Tile
	note    *note
	mic     *kit.Button
	camera  *kit.Button
	meter   *meter.Meter
	trouble map[call.Source]*kit.Problem // in place: below the video
	pickers *pickers
}

func newPreview(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *preview {
	p := &preview{
		book: book, tile: video.NewTile(), note: newNote(), meter: meter.New(), pickers: newPickers(book, act, tips),
	}
	painter.Add(p.tile)
	p.mic = kit.NewIconButton(book.T("lobby.microphone"), "mic", kit.Plain, tips, act.ToggleMic)
	p.camera = kit.NewIconButton(book.T("lobby.camera"), "camera", kit.Plain, tips, act.ToggleCamera)
	p.mic.Width, p.camera.Width = 52, 52
	p.note.button.OnTapped = act.Preview
	bar := kit.Pad(kit.Row(8, p.mic, p.camera, kit.Spring(), p.meter), 0, 16, 14, 14)
	p.trouble = map[call.Source]*kit.Problem{call.SourceMicrophone: kit.NewProblem(), call.SourceSpeaker: kit.NewProblem()}
	p.content = kit.Column(12, container.New(&screenShape{}, p.tile, p.note.content, bar),
		p.trouble[call.SourceMicrophone].Content, p.trouble[call.SourceSpeaker].Content, p.pickers.content)
	return p
}

// screenShape keeps 16:9: the tile, a note above the bar, the bar at the bottom.
type screenShape struct{}

// HeightFor implements kit.Flow. In a narrow window the note has the room that it needs.
func (*screenShape) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	h := width * 9 / 16
	if note := objects[1]; width < noteWide && note.Visible() {
		h = max(h, kit.HeightFor(note, width-32)+kit.HeightFor(objects[2], width)+16)
	}
	return h
}

const noteWide = 420

func (*screenShape) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 180) }

func (*screenShape) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	bar := kit.HeightFor(objects[2], size.Width)
	objects[2].Move(fyne.NewPos(0, size.Height-bar))
	objects[2].Resize(fyne.NewSize(size.Width, bar))
	room := size.Height - bar
	w := min(size.Width-32, noteWide)
	icon := objects[1].(*fyne.Container).Objects[0]
	if icon.Visible() && kit.HeightFor(objects[1], w) > room-16 {
		icon.Hide() // the words matter more
	}
	h := min(kit.HeightFor(objects[1], w), room-8)
	top := max((size.Height-h)/2, 8)
	if top+h > room {
		top = max((room-h)/2, 8)
	}
	objects[1].Move(fyne.NewPos((size.Width-w)/2, top))
	objects[1].Resize(fyne.NewSize(w, h))
}

func (p *preview) update(s *model.State, f Form, now time.Time) {
	shown := s.Previews[call.SourceCamera].Slot
	if s.Setup.Open() { // they cover this one, and show it themselves
		shown = nil
	}
	p.tile.SetSlot(shown)
	p.tile.SetLook(video.Look{Mirror: true})
	p.updateNote(s, f, now)
	p.mic.Set("", bar.Icon("mic", f.MicOn), bar.Style(f.MicOn))
	p.camera.Set("", bar.Icon("camera", f.CameraOn), bar.Style(f.CameraOn))
	p.mic.SetTip(p.book.WithKey(p.book.T(bar.TipKey("bar.mic", f.MicOn)), "M"))
	p.camera.SetTip(p.book.WithKey(p.book.T(bar.TipKey("bar.camera", f.CameraOn)), "V"))
	for source, box := range p.trouble {
		text := ""
		if err := s.Trouble[source]; err != nil {
			text = p.book.Error(err, "", source, now).String()
		}
		box.Set(text)
	}
	p.pickers.update(s, f)
}

// updateNote says in place of the video why there is none, and what to do.
func (p *preview) updateNote(s *model.State, f Form, now time.Time) {
	b := p.book
	err := s.Trouble[call.SourceCamera]
	switch {
	case s.Previews[call.SourceCamera].Slot != nil:
		p.note.set("", "", "", "")
	case err != nil:
		e := b.Error(err, "", call.SourceCamera, now)
		p.note.set("warning", e.Text, e.Next, b.T("action.try_again"))
	case s.Opening[call.SourceCamera]:
		p.note.set("camera", b.T("lobby.camera_opening"), "", "")
	case !f.Asked:
		p.note.set("", b.T("lobby.preview_ask"), b.T("lobby.preview_ask.detail"), b.T("lobby.preview_ask.yes"))
	default:
		p.note.set("camera-off", b.T("lobby.camera_off"), "", "")
	}
}

func (p *preview) tick(s *model.State) {
	level := s.Previews[call.SourceMicrophone].Level
	kit.SetVisible(p.meter, level != nil)
	if level != nil {
		p.meter.Set(level())
	}
}

// note is a title, a sentence and perhaps a button, in the middle.
type note struct {
	content *fyne.Container
	icon    *kit.Icon
	title   *kit.Text
	detail  *kit.Text
	button  *kit.Button
	gap     *fyne.Container
}

func newNote() *note {
	n := &note{
		icon: kit.NewIcon("camera", theme.Muted, 24), title: kit.NewText("").Centered(),
		detail: kit.NewParagraph("").Colored(theme.Muted).Centered(),
	}
	n.title.Wrap, n.title.Bold = true, true
	n.detail.TextSize = 13
	n.button = kit.NewButton("", "", kit.Plain, nil)
	n.button.Small = true
	n.gap = kit.Pad(kit.Centred(n.button), 6, 0, 0, 0)
	n.content = kit.Column(6, kit.Centred(n.icon), n.title, n.detail, n.gap)
	return n
}

func (n *note) set(icon, title, detail, button string) {
	if n.content.Visible() == (title != "") && n.title.Text() == title &&
		n.detail.Text() == detail && n.button.Name() == button {
		return
	}
	kit.SetVisible(n.content, title != "")
	kit.SetVisible(n.content.Objects[0], icon != "")
	if icon != "" {
		ink := theme.Muted
		if icon == "warning" {
			ink = theme.Error
		}
		n.icon.Set(icon, ink)
	}
	n.title.Set(title)
	n.detail.Set(detail)
	kit.SetVisible(n.detail, detail != "")
	n.button.Set(button, "", kit.Plain)
	kit.SetVisible(n.gap, button != "")
	n.content.Refresh()
}
