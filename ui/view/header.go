package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

const (
	headerHeight = 60
	// copiedFor is how long the invite button confirms.
	copiedFor = 2 * time.Second
	// headerWide is the width from which the layouts have names.
	headerWide = 960
)

// header is the line above the stage: where we are, how long, how good the network
// is, how the people lie.
type header struct {
	content       *fyne.Container
	line          *fyne.Container
	book          *words.Book
	title         *kit.Text
	clock         *kit.Text
	network       *kit.Text
	grid, speaker *kit.Button
	full          *kit.Button
	invite        *kit.Button
	help, rules   *kit.Button
	gear          *kit.Button
}

func newHeader(book *words.Book, act Actions, tips *kit.Tips) *header {
	h := &header{
		book: book, title: kit.NewHeading("").Shrinking(), clock: kit.NewText("").Colored(theme.Muted),
		network: kit.NewText("").Colored(theme.Muted),
	}
	small := func(icon, tip string, do func()) *kit.Button {
		b := kit.NewIconButton(tip, icon, kit.Quiet, tips, do)
		b.Small = true
		return b
	}
	layout := func(icon, tip string, l model.Layout) *kit.Button {
		return small(icon, book.WithKey(book.T(tip), "L"), func() { act.SetLayout(l) })
	}
	h.grid = layout("grid", "room.layout_grid.tip", model.LayoutGrid)
	h.speaker = layout("layout-speaker", "room.layout_speaker.tip", model.LayoutSpeaker)
	h.full = small("full", "", act.FullScreen)
	h.invite = kit.NewButton(book.T("room.invite"), "invite", kit.Plain, act.Invite)
	h.invite.WithTip(tips, book.WithKey(book.T("room.copy"), "Ctrl+I"))
	h.help = kit.NewIconButton(book.WithKey(book.T("keys.title"), "?"), "help", kit.Quiet, tips, act.Shortcuts)
	h.rules = kit.NewIconButton(book.WithKey(book.T("rules.title"), "Ctrl+R"), "rules", kit.Quiet, tips, act.Rules)
	h.gear = settings.NewButton(book, tips, act.OpenSettings)
	for _, b := range []*kit.Button{h.rules, h.gear, h.help} {
		b.Small = true
	}
	h.line = container.New(
		&headerLayout{h}, h.title, h.clock, h.network, h.grid, h.speaker, h.full, h.invite, h.rules, h.gear, h.help,
	)
	h.content = kit.On(kit.NewPanel(theme.Background, 0), h.line)
	return h
}

// titleLeast is what the title keeps for itself where not everything has room.
const titleLeast = 60

// headerLayout gives the title what the rest leaves.
type headerLayout struct{ h *header }

func (*headerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, headerHeight) }

func (l *headerLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	h := l.h
	right := size.Width - 16
	for _, b := range []struct {
		*kit.Button
		gap float32
	}{{h.help, 4}, {h.gear, 4}, {h.rules, 8}, {h.invite, 8}, {h.full, 8}, {h.speaker, 4}, {h.grid, 24}} {
		if b.Visible() {
			m := b.MinSize()
			right -= m.Width
			put(b.Button, right, m.Width, m.Height, size.Height)
			right -= b.gap
		}
	}
	rest := right - 24
	for _, o := range []*kit.Text{h.clock, h.network} {
		w := o.MinSize().Width + 20
		fits := rest-w >= titleLeast
		kit.SetVisible(o, fits)
		if fits {
			rest -= w
		}
	}
	x := float32(24)
	w := max(0, min(h.title.MinWidth()+1, rest))
	put(h.title, x, w, h.title.MinSize().Height, size.Height)
	x += w + 20
	for _, o := range []*kit.Text{h.clock, h.network} {
		if !o.Visible() {
			continue
		}
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

// invitable links can be given on: an address with a token cannot.
func invitable(l call.Link) bool { return !l.Empty() && !l.Plain() && l.String() != "" }

// update follows the state in a window of that width.
func (h *header) update(s *model.State, now time.Time, width float32) {
	h.title.Set(h.book.RoomName(s.Room.Title, s.Room.ID))
	text, ink := h.quality(s)
	h.network.SetIn(ink)
	h.network.Set(text)
	kit.SetVisible(h.invite, invitable(s.Room.Link))
	kit.SetVisible(h.rules, s.Standing.Role.Moderates())
	h.rules.SetEnabled(s.Engine != call.StateLeaving)
	h.updateLayouts(s, width >= headerWide)
	h.tick(s, now)
	h.line.Layout.Layout(h.line.Objects, h.line.Size())
}

// tick shows how long we are here, and that the link has been copied.
func (h *header) tick(s *model.State, now time.Time) {
	clock, invite := h.clock.MinWidth(), h.invite.MinSize()
	since := ""
	if !s.Room.JoinedAt.IsZero() {
		since = words.Clock(now.Sub(s.Room.JoinedAt))
	}
	h.clock.Set(since)
	text, icon := h.book.T("room.invite"), "invite"
	for _, n := range s.Notices {
		if n.Kind == model.NoticeCopied && now.Sub(n.At) < copiedFor {
			text, icon = h.book.T("room.copied"), "check"
		}
	}
	h.invite.Set(text, icon, kit.Plain)
	if h.clock.MinWidth() != clock || h.invite.MinSize() != invite {
		h.line.Layout.Layout(h.line.Objects, h.line.Size())
	}
}

// updateLayouts shows how the people lie, once there are people.
func (h *header) updateLayouts(s *model.State, wide bool) {
	people := len(s.People) > 1
	shown := s.Screens.Arrange().Layout()
	for _, l := range []struct {
		button    *kit.Button
		layout    model.Layout
		icon, key string
	}{
		{h.grid, model.LayoutGrid, "grid", "room.layout_grid"},
		{h.speaker, model.LayoutSpeaker, "layout-speaker", "room.layout_speaker"},
	} {
		text := ""
		if wide {
			text = h.book.T(l.key)
		}
		style := kit.Quiet
		if shown == l.layout {
			style = kit.Plain
		}
		l.button.Set(text, l.icon, style)
		kit.SetVisible(l.button, people)
	}
	icon, key := "full", "room.full"
	if s.Stage.FullScreen {
		icon, key = "full-off", "room.full_leave"
	}
	h.full.Set("", icon, kit.Quiet)
	h.full.SetTip(h.book.WithKey(h.book.T(key), "F11"))
}

// quality is our own connection in words, or what else is going on.
func (h *header) quality(s *model.State) (text string, ink fyne.ThemeColorName) {
	if s.Engine == call.StateLeaving {
		return h.book.T("room.leaving"), theme.Muted
	}
	me := s.Self()
	if s.Engine == call.StateReconnecting || s.HostRestarting || me == nil || me.Quality == call.QualityUnknown {
		if s.Setup.AudioOnly {
			return h.book.T("room.audio_only"), theme.Muted
		}
		return "", theme.Muted
	}
	if me.Quality == call.QualityPoor || me.Quality == call.QualityLost {
		ink = theme.Error
	} else {
		ink = theme.Muted
	}
	text = h.book.T("room.network." + me.Quality.String())
	if s.Setup.AudioOnly {
		text = h.book.T("room.audio_only") + " · " + text
	}
	return text, ink
}
