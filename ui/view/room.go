package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/panel"
	"foyer/ui/words"
)

// copiedFor is how long the invite button confirms.
const copiedFor = 2 * time.Second

// room is the screen of a stay.
type room struct {
	content *fyne.Container
	book    *words.Book
	title   *kit.Text
	clock   *kit.Text
	network *kit.Text
	invite  *kit.Button
	banner  *banner
	stage   *stage
	panel   *panel.Panel
	bar     *bar
	help    *kit.Button
	sharing *sharingBar
}

func newRoom(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *room {
	r := &room{
		book: book, title: kit.NewHeading("").Shrinking(), clock: kit.NewText("").Colored(theme.Muted),
		network: kit.NewText("").Colored(theme.Muted),
	}
	r.invite = kit.NewButton(book.T("room.invite"), "invite", kit.Plain, act.Invite)
	r.invite.WithTip(tips, book.WithKey(book.T("room.copy"), "Ctrl+I"))
	r.banner = newBanner()
	r.stage = newStage(book, act, tips, painter)
	r.panel = panel.New(book, act, tips)
	r.bar = newBar(book, act, tips)
	r.sharing = newSharingBar(book, act)
	r.help = kit.NewIconButton(book.WithKey(book.T("keys.title"), "?"), "help", kit.Quiet, tips, act.Shortcuts)
	header := container.New(&headerLayout{}, r.title, r.clock, r.network, r.invite, r.help)
	bottom := kit.Column(0, r.sharing.content, r.bar.content)
	r.content = container.New(&roomLayout{}, header, r.stage.content, r.panel.Content, r.banner.content, bottom)
	return r
}

// headerLayout gives the title what the rest leaves.
type headerLayout struct{}

const headerHeight = 60

func (*headerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, headerHeight) }

func (*headerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	title, invite, help := objects[0].(*kit.Text), objects[3], objects[4].MinSize()
	right := size.Width - 16 - help.Width
	put(objects[4], right, help.Width, help.Height, size.Height)
	right -= 12
	if invite.Visible() {
		m := invite.MinSize()
		right -= m.Width
		put(invite, right, m.Width, m.Height, size.Height)
		right -= 24
	}
	rest := right - 24
	for _, o := range objects[1:3] {
		rest -= o.MinSize().Width + 20
	}
	x := float32(24)
	w := min(title.MinWidth()+1, rest)
	put(title, x, w, title.MinSize().Height, size.Height)
	x += w + 20
	for _, o := range objects[1:3] {
		m := o.MinSize()
		put(o, x, m.Width, m.Height, size.Height)
		x += m.Width + 20
	}
}

// put places an object in a row, centred vertically.
func put(o fyne.CanvasObject, x, w, h, row float32) {
	o.Move(fyne.NewPos(x, (row-h)/2))
	o.Resize(fyne.NewSize(w, h))
}

// roomLayout: header, banner, stage and panel, bar.
type roomLayout struct{}

func (*roomLayout) MinSize([]fyne.CanvasObject) fyne.Size { return MinSize() }

func (*roomLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	header, stage, side, note, controls := objects[0], objects[1], objects[2], objects[3], objects[4]
	header.Resize(fyne.NewSize(size.Width, headerHeight))
	y := float32(headerHeight)
	// Over the stage: the tiles stay where they are, and what is sent to us
	// does not change its size twice.
	width := size.Width - 48 // of the stage
	if side.Visible() && !panel.Covers(size.Width) {
		width -= panel.Width + tileGap
	}
	w := min(width-48, bannerWidth)
	note.Move(fyne.NewPos(24+(width-w)/2, y+tileGap))
	note.Resize(fyne.NewSize(w, kit.HeightFor(note, w)))
	bar := kit.HeightFor(controls, size.Width)
	stage.Move(fyne.NewPos(24, y))
	stage.Resize(fyne.NewSize(width, size.Height-y-bar))
	if panel.Covers(size.Width) {
		kit.Place(side, 24, y, size.Width-48, size.Height-y-bar)
	} else {
		kit.Place(side, size.Width-24-panel.Width, y, panel.Width, size.Height-y-bar)
	}
	controls.Move(fyne.NewPos(0, size.Height-bar))
	controls.Resize(fyne.NewSize(size.Width, bar))
}

// update shows the stay. It reports whether the panel shows another page now.
func (r *room) update(s *model.State, now time.Time) (switched bool) {
	r.title.Set(r.book.RoomName(s.Room.Title, s.Room.ID))
	r.network.Set(r.quality(s))
	kit.SetVisible(r.invite, invitable(s.Room.Link))
	switched = r.panel.Update(s, now)
	kit.SetVisible(r.stage.content, s.Panel == model.PanelNone || !panel.Covers(r.content.Size().Width))
	r.tick(s, now)
	r.stage.update(s)
	r.bar.update(s)
	r.sharing.update(s)
	// Places only: a Refresh of the whole tree would upload every frame anew.
	for _, c := range []*fyne.Container{r.content, r.content.Objects[0].(*fyne.Container)} {
		c.Layout.Layout(c.Objects, c.Size())
	}
	return switched
}

// invitable links can be given on: an address with a token cannot.
func invitable(l call.Link) bool { return !l.Empty() && !l.Plain() && l.String() != "" }

// quality is our own connection in words, or what else is going on.
func (r *room) quality(s *model.State) string {
	if s.Engine == call.StateLeaving {
		return r.book.T("room.leaving")
	}
	me := s.Self()
	if s.Engine == call.StateReconnecting || me == nil || me.Quality == call.QualityUnknown {
		return ""
	}
	return r.book.T("room.network." + me.Quality.String())
}

func (r *room) tick(s *model.State, now time.Time) {
	r.stage.tick(s, now)
	r.panel.Tick(s, now)
	if icon, title, detail := lasting(r.book, s, now); r.banner.set(icon, title, detail) {
		r.content.Layout.Layout(r.content.Objects, r.content.Size())
	}
	was, since := r.clock.MinWidth(), ""
	if !s.Room.JoinedAt.IsZero() {
		since = words.Clock(now.Sub(s.Room.JoinedAt))
	}
	r.clock.Set(since)
	text, icon := r.book.T("room.invite"), "invite"
	for _, n := range s.Notices {
		if n.Kind == model.NoticeCopied && now.Sub(n.At) < copiedFor {
			text, icon = r.book.T("room.copied"), "check"
		}
	}
	r.invite.Set(text, icon, kit.Plain)
	if r.clock.MinWidth() != was || r.invite.MinSize().Width != r.invite.Size().Width {
		header := r.content.Objects[0].(*fyne.Container)
		header.Layout.Layout(header.Objects, header.Size())
	}
}

func (r *room) pause() {
	r.stage.clear()
	r.panel.Clear()
}

// banner is a state that lasts, said over the stage.
type banner struct {
	content *fyne.Container
	icon    *kit.Icon
	title   *kit.Text
	detail  *kit.Text
}

const bannerWidth = 760

func newBanner() *banner {
	b := &banner{
		icon: kit.NewIcon("offline", theme.Foreground, 20), title: kit.NewText(""),
		detail: kit.NewParagraph("").Colored(theme.Muted),
	}
	b.title.Bold = true
	b.detail.TextSize = 13
	b.content = kit.On(kit.NewPanel(theme.Toast, theme.RadiusCard).WithStroke(theme.Border),
		kit.Pad(kit.Row(12, b.icon, b.title, kit.Grow(b.detail)), 10, 16, 10, 16))
	b.content.Hide()
	return b
}

// lasting is what is said as long as it lasts.
func lasting(book *words.Book, s *model.State, now time.Time) (icon, title, detail string) {
	switch going := s.Switching.Going(); {
	case s.Engine == call.StateReconnecting && s.HostRestarting:
		return "offline", book.T("room.restarting"), book.T("room.restarting.detail")
	case s.Engine == call.StateReconnecting:
		return "offline", book.T("room.reconnecting"), book.T("room.reconnecting.detail")
	case going == nil, now.Sub(going.Since) < wordsAfter:
		return "", "", ""
	case s.Switching.Between():
		return "door", book.T("room.going", "room", book.RoomName(going.Title, going.Room)), book.T("room.going.detail")
	default:
		room := book.RoomName(going.Title, going.Room)
		return "door", book.T("room.knocking", "room", room), book.T("room.knocking.detail")
	}
}

// set reports whether anything is said now that was not before.
func (b *banner) set(icon, title, detail string) bool {
	if b.title.Text() == title && b.detail.Text() == detail {
		return false
	}
	if title != "" {
		b.icon.Set(icon, theme.Foreground)
	}
	b.title.Set(title)
	b.detail.Set(detail)
	kit.SetVisible(b.content, title != "")
	b.content.Refresh()
	return true
}
