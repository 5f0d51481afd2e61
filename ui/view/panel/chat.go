package panel

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/list"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// maxBubbles limits the lines that are kept ready though nobody sees them.
const maxBubbles = 300

// chatPage is the panel's page with what was said.
type chatPage struct {
	content *fyne.Container
	book    *words.Book
	act     Actions
	list    *list.List
	empty   *fyne.Container
	fresh   *kit.Button // leads to what came while the user was reading above
	note    *kit.Text   // what holds for all that is said now
	problem *kit.Problem
	entry   *kit.Entry
	send    *kit.Button
	box     *fyne.Container // entry and button
	muted   *fyne.Container // in place of the box
	mutedBy *kit.Text
	setting bool

	lines    []model.Line
	version  int
	stay     time.Time
	ground   color.Color // of the bubbles: another theme draws them anew
	bubbles  map[string]*bubble
	whole    map[string]bool // long messages that are shown as a whole
	selected *prose.Prose
	now      time.Time
	menu     *kit.Menu
}

func newChat(book *words.Book, act Actions, tips *kit.Tips, escape func()) *chatPage {
	c := &chatPage{book: book, act: act, version: -1, bubbles: map[string]*bubble{}, whole: map[string]bool{}}
	c.list = list.New(c)
	c.list.Label = book.T("bar.chat")
	c.list.ToEnd, c.list.OnEscape, c.list.OnEnd = true, escape, func(end bool) { c.act.ReadChat(end) }
	c.list.OnChosen = func(i int, at fyne.Position) { c.openMenu(c.lines[i], at) }
	c.list.OnCopy = c.copy
	title := kit.NewHeading(book.T("chat.empty")).Centered()
	hint := kit.NewParagraph(book.T("chat.empty.detail")).Colored(theme.Muted).Centered()
	nothing := kit.Column(8, kit.Centred(kit.NewIcon("chat", theme.Muted, 32)), title, hint)
	c.empty = kit.Pad(kit.Middle(280, nothing), 16, 16, 16, 16)
	c.fresh = kit.NewButton("", "chevron-down", kit.Primary, func() { c.list.ScrollToEnd() })
	c.fresh.Small = true
	c.fresh.Hide()
	c.note = kit.NewCaption("")
	c.note.Wrap = true
	c.problem = kit.NewProblem()
	c.entry = kit.NewTextEntry()
	c.entry.SetPlaceHolder(book.T("chat.hint"))
	c.entry.OnEscape, c.entry.OnReturn = escape, act.Say
	c.entry.OnChanged = func(text string) {
		if !c.setting {
			act.SetDraft(text)
		}
	}
	c.send = kit.NewIconButton(book.WithKey(book.T("chat.send"), "Enter"), "send", kit.Plain, tips, act.Say)
	c.box = container.New(&boxLayout{}, c.entry, c.send)
	c.mutedBy = kit.NewParagraph("").Colored(theme.Muted)
	said := kit.Row(10, kit.NewIcon("mic-off", theme.Muted, 18), kit.Grow(c.mutedBy))
	c.muted = kit.On(kit.NewPanel(theme.Control, theme.RadiusControl), kit.Pad(said, 10, 12, 10, 12))
	c.content = container.New(&chatLayout{}, c.list, c.empty, c.fresh, c.note, c.problem.Content, c.box, c.muted)
	return c
}

// chatLayout: the list, and below it what is to be said and where one writes.
type chatLayout struct{}

func (*chatLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 160) }

func (*chatLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	bottom := size.Height - 12
	for i := len(objects) - 1; i > 2; i-- {
		o := objects[i]
		if !o.Visible() {
			continue
		}
		h := kit.HeightFor(o, size.Width-24)
		bottom -= h
		kit.Place(o, 12, bottom, size.Width-24, h)
		bottom -= 8
	}
	kit.Place(objects[0], 0, 0, size.Width, bottom)
	kit.Place(objects[1], 0, 0, size.Width, bottom)
	m := objects[2].MinSize()
	kit.Place(objects[2], (size.Width-m.Width)/2, bottom-m.Height-8, m.Width, m.Height)
}

// boxLayout: the entry, as tall as its text within limits, and the button beside
// its last line.
type boxLayout struct{}

const (
	entryMost  = 6 // lines of the entry, before it scrolls
	sendWidth  = 40
	entryInset = 8 // Fyne's inner padding
)

func (*boxLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(160, 40) }

func (*boxLayout) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	entry := objects[0].(*kit.Entry)
	lines := prose.CountLines(entry.Text, width-sendWidth-8-2*entryInset-4, entryMost)
	return max(40, prose.LineHeight()*float32(lines)+2*entryInset+4)
}

func (*boxLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	kit.Place(objects[0], 0, 0, size.Width-sendWidth-8, size.Height)
	kit.Place(objects[1], size.Width-sendWidth, size.Height-40, sendWidth, 40)
}

// update shows the chat of a state.
func (c *chatPage) update(s *model.State, now time.Time) {
	c.now = now
	if !c.stay.Equal(s.Room.JoinedAt) {
		c.reset(s.Room.JoinedAt)
	}
	if ground := theme.Color(theme.Bubble); c.ground != ground {
		c.ground, c.version = ground, -1
		clear(c.bubbles)
		c.list.Renew()
	}
	if c.version != s.Chat.Version {
		c.version, c.lines = s.Chat.Version, s.Chat.All()
		c.prune()
		c.list.Update()
	}
	kit.SetVisible(c.empty, len(c.lines) == 0)
	kit.SetVisible(c.fresh, s.Chat.Unread > 0 && !c.list.AtEnd())
	c.fresh.Set(c.book.Messages(s.Chat.Unread), "chevron-down", kit.Primary)
	c.note.Set(c.noteText(s))
	kit.SetVisible(c.note, c.note.Text() != "")
	c.problem.Set(c.problemText(s))
	c.updateBox(s)
	c.content.Layout.Layout(c.content.Objects, c.content.Size())
}

func (c *chatPage) updateBox(s *model.State) {
	muted := s.Standing.MutedByHost()
	text := c.book.T("chat.muted")
	if s.Chat.Message() != "" {
		text = c.book.T("chat.muted_kept")
	}
	c.mutedBy.Set(text)
	kit.SetVisible(c.muted, muted)
	kit.SetVisible(c.box, !muted)
	canvas := fyne.CurrentApp().Driver().CanvasForObject(c.entry)
	if muted && canvas != nil && canvas.Focused() == c.entry {
		canvas.Focus(c.list) // nobody types where nothing is seen
	}
	if c.entry.Text != s.Chat.Draft {
		c.setting = true
		c.entry.SetText(s.Chat.Draft)
		c.entry.ToEnd()
		c.setting = false
	}
	c.send.SetEnabled(s.Chat.Message() != "" && s.Engine != call.StateLeaving)
	c.box.Layout.Layout(c.box.Objects, c.box.Size())
}

// noteText says what holds for what is said now: how near the draft is to its
// limit, or that nobody stores it.
func (c *chatPage) noteText(s *model.State) string {
	n := len(s.Chat.Message())
	switch {
	case n > call.MaxChat*9/10 && n <= call.MaxChat:
		return c.book.T("chat.near_limit", "length", c.book.Number(n), "limit", c.book.Number(call.MaxChat))
	case s.Standing.ChatOff, s.Room.Link.IsLiveKit():
		return c.book.T("chat.not_stored")
	default:
		return ""
	}
}

func (c *chatPage) problemText(s *model.State) string {
	if s.Chat.Err == nil {
		return ""
	}
	return c.book.Error(s.Chat.Err, model.CommandChat, call.SourceUnknown, c.now).Whole()
}

func (c *chatPage) reset(stay time.Time) {
	c.stay, c.version, c.lines, c.selected = stay, -1, nil, nil
	clear(c.bubbles)
	clear(c.whole)
	c.list.Reset()
	c.menu.Close()
}

// tick says what takes long.
func (c *chatPage) tick(now time.Time) {
	for i := len(c.lines) - 1; i >= 0 && c.lines[i].Sending; i-- {
		if b := c.bubbles[c.lines[i].Key]; b != nil {
			text := ""
			if now.Sub(c.lines[i].At) >= sayAfter {
				text = c.book.T("chat.sending")
			}
			b.time.Set(text)
		}
	}
}

// focus puts the keyboard where one writes.
func (c *chatPage) focus() fyne.Focusable {
	if c.box.Visible() {
		return c.entry
	}
	return c.list
}

// Len implements list.Rows.
func (c *chatPage) Len() int { return len(c.lines) }

// Key implements list.Rows.
func (c *chatPage) Key(i int) string { return c.lines[i].Key }

// Guess implements list.Rows.
func (c *chatPage) Guess(i int, width float32) float32 { return guess(c.lines[i], width) }

// Height implements list.Rows.
func (c *chatPage) Height(i int, width float32) float32 { return c.bubble(i).HeightFor(width) }

// Row implements list.Rows.
func (c *chatPage) Row(i int, _ fyne.CanvasObject) fyne.CanvasObject {
	b := c.bubble(i)
	b.choose(c.list.Chosen() == c.lines[i].Key)
	return b.Container
}

// bubble is the object of a line.
func (c *chatPage) bubble(i int) *bubble {
	line := c.lines[i]
	var before *model.Line
	if i > 0 {
		before = &c.lines[i-1]
	}
	if b := c.bubbles[line.Key]; b != nil {
		return b
	}
	b := newBubble(c.book, line, before, c.now)
	b.press = func() { c.list.PressRow(line.Key) }
	if b.prose != nil {
		if c.whole[line.Key] {
			b.prose.Limit(0)
		}
		links := model.Links(line.Message.Text)
		b.prose.OnLink = func(n int) { c.act.OpenLink(links[n]) }
		b.prose.OnMenu = func(at fyne.Position) { c.openMenu(line, at) }
		b.prose.OnSelect = func() { c.selectIn(b.prose) }
		b.more.OnTapped = func() { c.showAll(line.Key) }
	}
	c.bubbles[line.Key] = b
	return b
}

// prune forgets bubbles that may look otherwise now, because another line has
// come before them, and those that are too many.
func (c *chatPage) prune() {
	if len(c.bubbles) > maxBubbles {
		clear(c.bubbles)
	}
	for i := range c.lines {
		b := c.bubbles[c.lines[i].Key]
		if b == nil || b.note != nil {
			continue
		}
		continues := i > 0 && c.lines[i].Continues(c.lines[i-1])
		if continues == b.first && !b.day.Visible() {
			delete(c.bubbles, c.lines[i].Key)
			c.list.Remeasure(c.lines[i].Key)
		}
	}
}

func (c *chatPage) showAll(key string) {
	c.whole[key] = true
	delete(c.bubbles, key)
	c.list.Remeasure(key)
	c.list.Update()
}

// selectIn lets one text at a time be selected, and gives the list the keyboard,
// which copies.
func (c *chatPage) selectIn(p *prose.Prose) {
	if c.selected != nil && c.selected != p {
		c.selected.Deselect()
	}
	c.selected = p
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(c.list); canvas != nil {
		canvas.Focus(c.list)
	}
}

// copy copies what is selected, else the line that the keyboard is on.
func (c *chatPage) copy(i int) {
	switch {
	case c.selected != nil && c.selected.Selected() != "":
		c.act.Copy(c.selected.Selected())
	case i >= 0 && i < len(c.lines):
		c.act.Copy(c.textOf(c.lines[i]))
	}
}

func (c *chatPage) textOf(l model.Line) string {
	if l.Kind == model.LineMessage {
		return l.Message.Text
	}
	return noteText(c.book, l)
}

// openMenu offers what can be done with a line.
func (c *chatPage) openMenu(l model.Line, at fyne.Position) {
	canvas := fyne.CurrentApp().Driver().CanvasForObject(c.list)
	if canvas == nil {
		return
	}
	copyItem := func(key, text string) kit.MenuItem {
		return kit.MenuItem{Text: c.book.T(key), Icon: "copy", OnTapped: func() { c.act.Copy(text) }}
	}
	var items []kit.MenuItem
	if b := c.bubbles[l.Key]; b != nil && b.prose != nil && b.prose.Selected() != "" {
		items = append(items, copyItem("chat.copy_selected", b.prose.Selected()))
	}
	items = append(items, copyItem("chat.copy", c.textOf(l)))
	for i, link := range model.Links(l.Message.Text) {
		if i == maxMenuLinks {
			break
		}
		items = append(items, kit.MenuItem{
			Text: c.book.T("chat.open_link", "host", shortened(link.Host(), 32)), Icon: "link",
			OnTapped: func() { c.act.OpenLink(link) },
		})
	}
	c.menu.Close()
	c.menu = kit.ShowMenu(canvas, at, items)
}

const maxMenuLinks = 5

// shortened cuts a text after that many characters.
func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
