package view

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/notice"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// Waits: words after 300 ms, a way out after 2 s.
const (
	wordsAfter  = notice.WordsAfter
	cancelAfter = 2 * time.Second
)

// lobby is the screen before a stay.
type lobby struct {
	content *fyne.Container
	book    *words.Book
	act     Actions
	scroll  *container.Scroll
	preview *preview
	name    *kit.Field
	link    *kit.Field
	start   *kit.Button
	join    *kit.Button
	form    *fyne.Container
	recent  *fyne.Container
	list    []Recent
	restore bool // the list offers to undo
	wait    *wait
	newer   *settings.Newer
	tips    *kit.Tips
}

func newLobby(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *lobby {
	l := &lobby{book: book, act: act, tips: tips, preview: newPreview(book, act, tips, painter), wait: newWait(book, act)}
	l.name = kit.NewField(book.T("lobby.name"), book.T("lobby.name_hint"), l.submit)
	l.name.OnChanged = act.SetName
	l.link = kit.NewField(book.T("lobby.link"), book.T("lobby.link_hint"), act.Join)
	l.link.OnChanged = func(text string) {
		act.SetLink(text)
		l.emphasize(text)
	}
	l.start = kit.NewButton(book.T("lobby.start"), "door", kit.Primary, act.Start)
	l.join = kit.NewButton(book.T("lobby.join"), "", kit.Plain, act.Join)
	l.recent, l.newer = kit.Column(6), settings.NewNewer(book, act.OpenRelease)
	l.form = kit.Column(12, l.name, l.start, divider(book.T("lobby.or")), l.link, l.join, l.recent, l.newer.Content)
	body := container.New(
		&lobbyLayout{}, l.preview.content, kit.On(kit.NewPanel(theme.Background, 0), kit.Column(0, l.form, l.wait.content)),
	)
	l.scroll = container.NewVScroll(body)
	header := kit.Pad(kit.Row(
		12, newMark(32), kit.NewTitle(book.T("app.name")), kit.Spring(), settings.NewButton(book, tips, act.OpenSettings),
	), 16, 24, 8, 24)
	l.content = container.New(&topped{}, header, l.scroll)
	return l
}

// newMark is the program's icon.
func newMark(size float32) fyne.CanvasObject {
	mark := canvas.NewImageFromResource(theme.Mark())
	mark.FillMode = canvas.ImageFillContain
	mark.SetMinSize(fyne.NewSquareSize(size))
	return mark
}

// divider is a line with a word in it.
func divider(word string) fyne.CanvasObject {
	line := func() fyne.CanvasObject {
		return kit.Grow(container.New(&hairline{}, kit.NewPanel(theme.Border, 0)))
	}
	return kit.Row(12, line(), kit.NewCaption(word), line())
}

type hairline struct{}

func (*hairline) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(8, 12) }
func (*hairline) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(0, size.Height/2))
	objects[0].Resize(fyne.NewSize(size.Width, 1))
}

// submit is Enter in the name's field: join where there is a link, else start.
func (l *lobby) submit() {
	if strings.TrimSpace(l.link.Text()) != "" {
		l.act.Join()
		return
	}
	l.act.Start()
}

// emphasize makes the likelier action the main one: there is one accent.
func (l *lobby) emphasize(link string) {
	if strings.TrimSpace(link) != "" {
		l.join.Set(l.book.T("lobby.join"), "", kit.Primary)
		l.start.Set(l.book.T("lobby.start"), "door", kit.Plain)
		return
	}
	l.join.Set(l.book.T("lobby.join"), "", kit.Plain)
	l.start.Set(l.book.T("lobby.start"), "door", kit.Primary)
}

func (l *lobby) update(s *model.State, f Form, now time.Time) {
	l.name.SetText(f.Name)
	l.link.SetText(f.Link)
	l.emphasize(f.Link)
	l.name.SetProblem(words.Problem(l.book, s.NameErr, now), theme.Error)
	l.setLinkProblem(s.LinkErr, f.Link, now)
	l.setRecent(f.Recent, f.Forgotten, now)
	l.newer.Set(s.Release)
	l.preview.update(s, f, now)
	l.tick(s, now)
}

// setLinkProblem says what is wrong with the link, or only risky.
func (l *lobby) setLinkProblem(err error, text string, now time.Time) {
	if err != nil {
		l.link.SetProblem(words.Problem(l.book, err, now), theme.Error)
		return
	}
	if link, e := call.ParseLink(text); e == nil {
		l.link.SetProblem(l.book.RoomWarning(link.Room), theme.Muted)
		return
	}
	l.link.SetProblem("", theme.Error)
}

// setRecent lists the rooms. Each can be taken off, and all of them; what was taken
// off can come back.
func (l *lobby) setRecent(list []Recent, restore bool, now time.Time) {
	if slices.Equal(l.list, list) && l.restore == restore && (len(list) == 0 && !restore) == (len(l.recent.Objects) == 0) {
		return
	}
	l.list, l.restore = append([]Recent(nil), list...), restore
	l.recent.Objects = nil
	if len(list) > 0 || restore {
		l.recent.Add(kit.Pad(l.recentHeading(), 8, 0, 0, 0))
	}
	for i, r := range list {
		item := kit.NewItem(r.Title, l.book.When(r.At, now), func() { l.act.OpenRecent(i) })
		if r.Own {
			item.WithIcon("star")
		}
		forget := kit.NewIconButton(
			l.book.T("lobby.forget", "room", r.Title), "close", kit.Quiet, l.tips, func() { l.act.ForgetRecent(i) },
		)
		l.recent.Add(kit.Row(2, kit.Grow(item), forget))
	}
}

func (l *lobby) recentHeading() fyne.CanvasObject {
	heading := kit.NewCaption(l.book.T("lobby.recent"))
	heading.TextSize = 13
	more := kit.NewButton(l.book.T("lobby.forget_all"), "", kit.Quiet, func() { l.act.ForgetRecent(-1) })
	if l.restore {
		more = kit.NewButton(l.book.T("lobby.restore"), "", kit.Quiet, l.act.RestoreRecent)
	}
	more.Small = true
	return kit.Row(8, heading, kit.Spring(), more)
}

func (l *lobby) tick(s *model.State, now time.Time) {
	busy := s.Busy()
	for _, set := range []func(bool){l.name.SetEnabled, l.link.SetEnabled, l.start.SetEnabled, l.join.SetEnabled} {
		set(!busy)
	}
	waiting := busy && now.Sub(s.Attempt.Since) >= wordsAfter
	kit.SetVisible(l.form, !waiting)
	kit.SetVisible(l.wait.content, waiting)
	if waiting {
		l.wait.update(s, now)
	}
	l.preview.tick(s)
	l.relayout()
}

// relayout follows texts that came, went or wrap otherwise.
func (l *lobby) relayout() {
	body := l.scroll.Content.(*fyne.Container)
	want, form := kit.HeightFor(body, l.scroll.Size().Width), body.Objects[1]
	grown := kit.HeightFor(form, form.Size().Width) != form.Size().Height // beside a preview that is higher
	if layout := body.Layout.(*lobbyLayout); layout.height != want || grown {
		layout.height = want
		l.scroll.Refresh()
		body.Layout.Layout(body.Objects, body.Size())
	}
}

// makeRoom keeps a space free below the header, for the cards.
func (l *lobby) makeRoom(height float32) {
	if layout := l.content.Layout.(*topped); layout.gap != height {
		layout.gap = height
		l.content.Layout.Layout(l.content.Objects, l.content.Size())
		l.relayout()
	}
}

// pause releases the preview's frames for another screen.
func (l *lobby) pause() { l.preview.tile.SetSlot(nil) }

// topped is a bar above something that takes the rest.
type topped struct{ gap float32 }

func (*topped) MinSize([]fyne.CanvasObject) fyne.Size { return MinSize() }

func (l *topped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	h := kit.HeightFor(objects[0], size.Width)
	objects[0].Resize(fyne.NewSize(size.Width, h))
	h += l.gap
	objects[1].Move(fyne.NewPos(0, h))
	objects[1].Resize(fyne.NewSize(size.Width, size.Height-h))
}

// lobbyLayout puts the preview beside the form.
type lobbyLayout struct{ height float32 }

const (
	lobbyPad    = 24
	lobbyGap    = 32
	lobbyWidest = 1120
)

func (l *lobbyLayout) columns(width float32) (x, left, right float32) {
	total := min(width-2*lobbyPad, lobbyWidest)
	right = max(280, min(total*0.34, 360))
	return (width - total) / 2, total - right - lobbyGap, right
}

// lobbyNarrow is the width below which the form lies under the preview: users who are
// seen and heard must see that first.
const lobbyNarrow = 600

func (l *lobbyLayout) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	if width < lobbyNarrow {
		w := width - 2*lobbyPad
		return kit.HeightFor(objects[0], w) + kit.HeightFor(objects[1], w) + lobbyGap + 8 + lobbyPad
	}
	_, left, right := l.columns(width)
	return max(kit.HeightFor(objects[0], left), kit.HeightFor(objects[1], right)) + 8 + lobbyPad
}

func (l *lobbyLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, l.height) }

func (l *lobbyLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if size.Width < lobbyNarrow {
		l.height = l.HeightFor(objects, size.Width)
		w := size.Width - 2*lobbyPad
		preview := kit.HeightFor(objects[0], w)
		kit.Place(objects[0], lobbyPad, 8, w, preview)
		kit.Place(objects[1], lobbyPad, 8+preview+lobbyGap, w, kit.HeightFor(objects[1], w))
		return
	}
	x, left, right := l.columns(size.Width)
	l.height = l.HeightFor(objects, size.Width)
	// Lower in a tall window, but only as its size tells: nothing jumps when
	// a sentence appears below a field.
	y := 8 + max(0, min((size.Height-left*9/16-4*(pickerHeight+pickerGap)-2*lobbyPad)/3, 72))
	objects[0].Move(fyne.NewPos(x, y))
	objects[0].Resize(fyne.NewSize(left, kit.HeightFor(objects[0], left)))
	objects[1].Move(fyne.NewPos(x+left+lobbyGap, y))
	objects[1].Resize(fyne.NewSize(right, kit.HeightFor(objects[1], right)))
}

// wait says what is being waited for, and lets the user give it up.
type wait struct {
	content *fyne.Container
	book    *words.Book
	title   *kit.Text
	bar     *kit.Progress
	long    *kit.Text
	cancel  *kit.Button
}

func newWait(book *words.Book, act Actions) *wait {
	w := &wait{
		book: book, title: kit.NewHeading(""), bar: kit.NewProgress(), long: kit.NewParagraph("").Colored(theme.Muted),
	}
	w.title.Wrap = true
	w.cancel = kit.NewButton(book.T("lobby.cancel"), "", kit.Plain, act.Cancel)
	w.content = kit.On(kit.NewPanel(theme.Surface, theme.RadiusCard),
		kit.Pad(kit.Column(16, w.title, w.bar, w.long, w.cancel), 24, 24, 24, 24))
	return w
}

func (w *wait) update(s *model.State, now time.Time) {
	waited := now.Sub(s.Attempt.Since)
	title := s.Attempt.Title
	if title == "" {
		title = string(s.Attempt.Room)
	}
	switch {
	case s.Attempt.Queued || s.Engine == call.StateLeaving:
		w.title.Set(w.book.T("lobby.finishing"))
	case s.Attempt.Start:
		w.title.Set(w.book.T("lobby.starting"))
	case s.Engine == call.StateWaiting && title == "":
		w.title.Set(w.book.T("lobby.waiting_unnamed"))
	case s.Engine == call.StateWaiting:
		w.title.Set(w.book.T("lobby.waiting", "room", title))
	case title == "":
		w.title.Set(w.book.T("lobby.joining_unnamed"))
	default:
		w.title.Set(w.book.T("lobby.joining", "room", title))
	}
	w.bar.Tick(waited)
	slow := waited >= cancelAfter || s.Engine == call.StateWaiting
	w.long.Set(w.book.T("lobby.long_wait"))
	if s.Engine == call.StateWaiting {
		w.long.Set(w.book.T("lobby.waiting.detail"))
	}
	kit.SetVisible(w.long, slow)
	kit.SetVisible(w.cancel, slow)
	w.cancel.SetEnabled(!s.Attempt.Cancelled)
}
