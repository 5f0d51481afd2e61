package view

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/invitation"
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
	wanted        map[*kit.Button]bool // they are shown where there is room
	copied        bool                 // the invite button confirms
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
	h.wanted = map[*kit.Button]bool{h.full: true, h.gear: true, h.help: true}
	h.line = container.New(
		&headerLayout{h}, h.title, h.clock, h.network, h.grid, h.speaker, h.full, h.invite, h.rules, h.gear, h.help,
	)
	h.content = kit.On(kit.NewPanel(theme.Background, 0), h.line)
	return h
}

// What the title keeps for itself: at least, and as long as something else could go.
const (
	titleLeast = 60
	titleBare  = 140
	inviteWide = 480 // of the window, from where inviting has its name
)

// row lists the buttons from the right, with the gap at the left of each.
func (h *header) row() []headerButton {
	return []headerButton{
		{h.help, 4}, {h.gear, 4}, {h.rules, 8}, {h.invite, 8}, {h.full, 8}, {h.speaker, 4}, {h.grid, 24},
	}
}

type headerButton struct {
	*kit.Button
	gap float32
}

// fold shows the buttons that are wanted, as far as there is room. The others are in
// the bar's menu of the rest; a user who cannot invite is lost.
func (h *header) fold(width float32) {
	need := titleBare + 2*kit.Edge(width)
	for _, b := range h.row() {
		kit.SetVisible(b.Button, h.wanted[b.Button])
		if b.Visible() {
			need += b.MinSize().Width + b.gap
		}
	}
	for _, b := range []headerButton{{h.help, 4}, {h.rules, 8}, {h.full, 8}, {h.gear, 4}, {h.speaker, 4}, {h.grid, 24}} {
		if need <= width {
			return
		}
		if b.Visible() {
			b.Hide()
			need -= b.MinSize().Width + b.gap
		}
	}
}

// folds reports whether some of the buttons have no room.
func (h *header) folds() bool {
	return slices.ContainsFunc(h.row(), func(b headerButton) bool { return h.wanted[b.Button] && !b.Visible() })
}

// folded are these buttons as the lines of a menu.
func (h *header) folded() []kit.MenuItem {
	var items []kit.MenuItem
	for _, line := range []struct {
		button     *kit.Button
		text, icon string
	}{
		{h.grid, "room.layout_grid.tip", "grid"}, {h.speaker, "room.layout_speaker.tip", "layout-speaker"},
		{h.full, "room.full", "full"}, {h.rules, "rules.title", "rules"}, {h.gear, "settings.title", "settings"},
		{h.help, "keys.title", "help"},
	} {
		if h.wanted[line.button] && !line.button.Visible() {
			items = append(items, kit.MenuItem{
				Text: h.book.T(line.text), Icon: line.icon, OnTapped: line.button.OnTapped,
			})
		}
	}
	return items
}

// headerLayout gives the title what the rest leaves.
type headerLayout struct{ h *header }

func (*headerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(280, headerHeight) }

func (l *headerLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	h := l.h
	h.setInvite(size.Width)
	h.fold(size.Width)
	edge := kit.Edge(size.Width)
	right := size.Width - min(16, edge)
	for _, b := range h.row() {
		if b.Visible() {
			m := b.MinSize()
			right -= m.Width
			put(b.Button, right, m.Width, m.Height, size.Height)
			right -= b.gap
		}
	}
	rest, title := right-edge, max(titleLeast, min(h.title.MinWidth()+1, titleBare))
	for _, o := range []*kit.Text{h.clock, h.network} {
		w := o.MinSize().Width + 20
		fits := rest-w >= title
		kit.SetVisible(o, fits)
		if fits {
			rest -= w
		}
	}
	x := edge
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

// setInvite gives the button its name where that has room.
func (h *header) setInvite(width float32) {
	text, icon := h.book.T("room.invite"), "invite"
	if h.copied {
		text, icon = h.book.T("room.copied"), "check"
	}
	if width < inviteWide {
		text = ""
	}
	h.invite.Set(text, icon, kit.Plain)
}

// put places an object in a row, centred vertically.
func put(o fyne.CanvasObject, x, w, h, row float32) {
	o.Move(fyne.NewPos(x, (row-h)/2))
	o.Resize(fyne.NewSize(w, h))
}

// reachOf says who can come in by the link of a room on this computer.
func reachOf(book *words.Book, r model.Room) string {
	if !r.Hosting || !invitation.Possible(r.Link) {
		return ""
	}
	if r.Outside != "" {
		kind, _ := reach.Of(r.Link.Hosts)
		return book.ReachLine(kind, r.Outside)
	}
	return book.ReachByRouterLine(r.Link.Hosts, r.Router)
}

// update follows the state in a window of that width.
func (h *header) update(s *model.State, now time.Time, width float32) {
	h.title.Set(h.book.RoomName(s.Room.Title, s.Room.ID))
	text, ink := h.quality(s)
	h.network.SetIn(ink)
	h.network.Set(text)
	h.wanted[h.invite] = invitation.Possible(s.Room.Link)
	h.wanted[h.rules] = s.Standing.Role.Moderates()
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
	h.copied = slices.ContainsFunc(s.Notices, func(n model.Notice) bool {
		return n.Kind == model.NoticeCopied && now.Sub(n.At) < copiedFor
	})
	h.setInvite(h.line.Size().Width)
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
		h.wanted[l.button] = people
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
	if s.Engine == call.StateReconnecting || s.ServerRestarting || me == nil || me.Quality == call.QualityUnknown {
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
