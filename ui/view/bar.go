package view

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// bar is the row of call buttons.
type bar struct {
	content      *fyne.Container
	book         *words.Book
	mic, camera  *callButton
	share, hand  *callButton
	react        *kit.Button
	leave        *callButton
	more         *kit.Button     // of leaving, for a host
	moreBox      *fyne.Container // around it
	chat, people *callButton
	unread       *badge
	compact      bool // the buttons have no names: the window is too narrow
}

func newBar(book *words.Book, act Actions, tips *kit.Tips) *bar {
	b := &bar{book: book}
	b.mic = newCallButton("mic", kit.Plain, tips, act.ToggleMic)
	b.camera = newCallButton("camera", kit.Plain, tips, act.ToggleCamera)
	b.share = newCallButton("screen", kit.Plain, tips, act.Share)
	b.leave = newCallButton("leave", kit.Danger, tips, act.Leave)
	b.leave.set(book.T("bar.leave"), "leave", kit.Danger, book.WithKey(book.T("bar.leave"), "Ctrl+L"))
	b.more = kit.NewIconButton(book.T("bar.leave_more"), "chevron-up", kit.Plain, tips, func() {
		act.LeaveMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(b.more))
	})
	b.moreBox = container.New(&moreLayout{b}, b.more)
	b.moreBox.Hide()
	b.hand = newCallButton("hand", kit.Plain, tips, act.ToggleHand)
	b.react = kit.NewIconButton(book.WithKey(book.T("bar.react"), "R"), "smile", kit.Plain, tips, func() {
		act.ReactMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(b.react))
	})
	buttons := container.New(
		&middleLayout{b, []*callButton{b.mic, b.camera, b.share, b.hand, b.leave}}, b.mic.content, b.camera.content,
		b.share.content, b.hand.content, container.New(&moreLayout{b}, b.react),
		kit.Pad(b.leave.content, 0, 0, 0, leaveGap), b.moreBox,
	)
	b.chat = newCallButton("chat", kit.Plain, tips, func() { act.TogglePanel(model.PanelChat) })
	b.people = newCallButton("people", kit.Plain, tips, func() { act.TogglePanel(model.PanelPeople) })
	b.unread = newBadge()
	side := container.New(&sideLayout{b}, b.chat.content, b.people.content, b.unread.Container)
	b.content = kit.Pad(container.New(&barLayout{b}, buttons, side), 12, 24, 12, 24)
	for _, c := range b.all() {
		c.content.Layout = &callButtonLayout{b}
	}
	return b
}

// middleLayout: call buttons, and what belongs to them, side by side in the middle.
// In a narrow window the call buttons are narrower, and in a very narrow one without
// names.
type middleLayout struct {
	b     *bar
	calls []*callButton
}

const (
	middleGap      = 8
	leaveGap       = 16
	callButtonMin  = 68
	callButtonWide = 92
)

// most is how wide a call button is where there is room: its words have it, too.
func (l *middleLayout) most() float32 {
	w := float32(callButtonWide)
	for _, c := range l.calls {
		w = max(w, c.caption.MinWidth()+2)
	}
	return w
}

// widths are how wide a call button is in that width, and everything.
func (l *middleLayout) widths(objects []fyne.CanvasObject, width float32) (each, all float32) {
	calls := float32(0)
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		if i > 0 {
			all += middleGap
		}
		if l.isCall(i) {
			calls++
			continue
		}
		all += o.MinSize().Width
	}
	all += leaveGap
	each = max(callButtonMin, min((width-all)/calls, l.most()))
	if l.b.compact {
		each = compactButton
	}
	return each, all + calls*each
}

// isCall reports whether an object is a call button: the fifth is that of
// reactions, and the last the menu of leaving.
func (*middleLayout) isCall(i int) bool { return i != 4 && i != 6 }

func (l *middleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	_, all := l.widths(objects, 0)
	return fyne.NewSize(all, objects[0].MinSize().Height)
}

func (l *middleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	each, all := l.widths(objects, size.Width)
	x := (size.Width - all) / 2
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		w := each
		switch {
		case i == 5: // leave
			w += leaveGap
		case !l.isCall(i):
			w = o.MinSize().Width
		}
		kit.Place(o, x, 0, w, size.Height)
		x += w + middleGap
	}
}

// all lists the buttons that have a name below.
func (b *bar) all() []*callButton {
	return []*callButton{b.mic, b.camera, b.share, b.hand, b.leave, b.chat, b.people}
}

// barLayout: what is about ourselves in the middle, the panels at the right. In a
// narrow window the middle is that of what the panels leave; in a very narrow one
// the buttons have no names.
type barLayout struct{ b *bar }

// fit takes the names away where there is no room for them.
func (l *barLayout) fit(objects []fyne.CanvasObject, width float32) {
	l.b.compact = false
	l.b.compact = objects[0].MinSize().Width+objects[1].MinSize().Width > width
}

// HeightFor implements kit.Flow.
func (l *barLayout) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	l.fit(objects, width)
	return objects[0].MinSize().Height
}

func (*barLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	return fyne.NewSize(m.Width+objects[1].MinSize().Width, m.Height)
}

func (l *barLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.fit(objects, size.Width)
	for _, c := range l.b.all() {
		kit.SetVisible(c.caption, !l.b.compact)
	}
	m := objects[1].MinSize()
	middle := size
	buttons := objects[0].(*fyne.Container)
	_, all := buttons.Layout.(*middleLayout).widths(buttons.Objects, size.Width)
	if all+2*m.Width > size.Width {
		middle.Width -= m.Width
	}
	objects[0].Resize(middle)
	kit.Place(objects[1], size.Width-m.Width, 0, m.Width, size.Height)
	for _, o := range objects {
		c := o.(*fyne.Container)
		c.Layout.Layout(c.Objects, c.Size()) // buttons may have another width than before
	}
}

// moreLayout: as high as the buttons beside it, and their names below.
type moreLayout struct{ b *bar }

func (l *moreLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	if !l.b.compact {
		m.Height += 20
	}
	return m
}

func (l *moreLayout) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	objects[0].Resize(objects[0].MinSize())
}

// sideLayout: two buttons, and the badge at the corner of the first.
type sideLayout struct{ b *bar }

const sideButton = 72

func (l *sideLayout) width() float32 {
	if l.b.compact {
		return compactButton + 4
	}
	return sideButton
}

func (l *sideLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(2*l.width(), objects[0].MinSize().Height)
}

func (l *sideLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := l.width()
	kit.Place(objects[0], 0, 0, w, size.Height)
	kit.Place(objects[1], w, 0, w, size.Height)
	m := objects[2].MinSize()
	kit.Place(objects[2], w-m.Width+4, -6, m.Width, m.Height)
}

func (b *bar) update(s *model.State) {
	mic, camera := s.Local[call.SourceMicrophone].On(), s.Local[call.SourceCamera].On()
	mKey, cKey := tipKey("bar.mic", mic), tipKey("bar.camera", camera)
	b.mic.set(b.book.T(mKey), onOff("mic", mic), style(mic), b.book.WithKey(b.book.T(mKey), "M"))
	b.camera.set(b.book.T(cKey), onOff("camera", camera), style(camera), b.book.WithKey(b.book.T(cKey), "V"))
	sKey, icon := "bar.share_on", "screen"
	if s.Screens.Sharing() {
		sKey, icon = "bar.share_off", "screen-off"
	}
	b.share.set(b.book.T(sKey), icon, kit.Plain, b.book.WithKey(b.book.T(sKey), "S"))
	hand := s.Gestures.HandUp()
	hKey := "bar.hand_up"
	if hand {
		hKey = "bar.hand_down"
	}
	b.hand.set(b.book.T("bar.hand"), "hand", lit(hand), b.book.WithKey(b.book.T(hKey), "H"))
	b.updatePanels(s)
	leaving := s.Engine == call.StateLeaving
	kit.SetVisible(b.moreBox, s.Standing.Role == call.RoleHost)
	b.more.SetEnabled(!leaving)
	for _, c := range b.all() {
		c.button.SetEnabled(!leaving)
	}
	b.react.SetEnabled(!leaving)
}

// updatePanels shows which panel is open, how many are there, and how many
// messages nobody has read.
func (b *bar) updatePanels(s *model.State) {
	chat, people := s.Panel == model.PanelChat, s.Panel == model.PanelPeople || s.Panel == model.PanelBans
	tip := b.book.T("bar.chat")
	if s.Chat.Unread > 0 {
		tip = b.book.Messages(s.Chat.Unread)
	}
	b.chat.set(b.book.T("bar.chat"), "chat", lit(chat), b.book.WithKey(tip, "C"))
	count := b.book.T("panel.people", "n", b.book.Number(len(s.People)))
	b.people.set(count, "people", lit(people), b.book.WithKey(b.book.T("bar.people"), "P"))
	b.unread.set(s.Chat.Unread)
}

func lit(open bool) kit.Style {
	if open {
		return kit.Lit
	}
	return kit.Plain
}

// badge is a small number on a button.
type badge struct {
	*fyne.Container
	text *kit.Text
}

const badgeSize = 20

func newBadge() *badge {
	b := &badge{text: kit.NewCaption("").Colored(theme.OnAccent).Centered()}
	b.text.Bold = true
	b.Container = container.New(b, kit.NewPanel(theme.Accent, badgeSize/2), b.text)
	b.Hide()
	return b
}

func (b *badge) set(n int) {
	text := strconv.Itoa(n)
	if n > 99 {
		text = "99+"
	}
	b.text.Set(text)
	kit.SetVisible(b.Container, n > 0)
}

// MinSize implements fyne.Layout.
func (b *badge) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(max(badgeSize, b.text.MinWidth()+12), badgeSize)
}

// Layout implements fyne.Layout.
func (b *badge) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	h := objects[1].MinSize().Height
	kit.Place(objects[1], 0, (size.Height-h)/2, size.Width, h)
}

// callButton is a button with its name below.
type callButton struct {
	content *fyne.Container
	button  *kit.Button
	caption *kit.Text
}

func newCallButton(icon string, style kit.Style, tips *kit.Tips, tapped func()) *callButton {
	c := &callButton{button: kit.NewButton("", icon, style, tapped), caption: kit.NewCaption("").Centered().Shrinking()}
	c.button.WithTip(tips, "")
	c.button.Width = 64
	c.content = container.New(nil, c.button, c.caption)
	return c
}

func (c *callButton) set(caption, icon string, style kit.Style, tip string) {
	c.caption.Set(caption)
	c.button.Set("", icon, style)
	c.button.SetTip(tip)
}

type callButtonLayout struct{ b *bar }

// compactButton is how wide a button without a name is.
const compactButton = 44

func (l *callButtonLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	h := objects[0].MinSize().Height
	if l.b.compact {
		return fyne.NewSize(compactButton, h)
	}
	return fyne.NewSize(callButtonMin, h+4+objects[1].MinSize().Height)
}

func (l *callButtonLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	m := objects[0].MinSize()
	if l.b.compact {
		m.Width = compactButton
	}
	objects[0].Move(fyne.NewPos((size.Width-m.Width)/2, 0))
	objects[0].Resize(m)
	objects[1].Move(fyne.NewPos(0, m.Height+4))
	objects[1].Resize(fyne.NewSize(size.Width, objects[1].MinSize().Height))
}
