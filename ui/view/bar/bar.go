// Package bar is the row of buttons below the stage of a room: what is about
// ourselves, leaving, and the panels. It presents a model.State and reports what the
// user does through [Actions]; it decides nothing.
//
// Everything belongs to Fyne's main goroutine.
package bar

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/words"
)

// Actions is what the user can do. Menus are told where they were asked for.
type Actions interface {
	ToggleMic()
	ToggleCamera()
	DeviceMenu(source call.Source, at fyne.Position)
	Share()
	ToggleHand()
	ReactMenu(at fyne.Position)
	MoreMenu(at fyne.Position) // of what has no room in the bar and the header
	Leave()
	LeaveMenu(at fyne.Position)
	End()
	TogglePanel(p model.Panel) // opens it, or closes it if it is open
}

// Bar is the row of buttons.
type Bar struct {
	Content *fyne.Container
	book    *words.Book
	act     Actions

	mic, camera  *callButton
	share, hand  *callButton
	react, more  *kit.Button
	leave        *callButton
	ways         *kit.Button // of leaving, for a host
	chat, people *callButton
	unread       *badge

	host    bool
	beside  bool // the header has folded something, too
	names   bool // the buttons have names
	folded  int  // how many steps of foldOrder are taken
	leaving bool
}

// New returns the bar.
func New(book *words.Book, act Actions, tips *kit.Tips) *Bar {
	b := &Bar{book: book, act: act, names: true}
	b.mic = newCallButton("mic", kit.Plain, tips, act.ToggleMic)
	b.mic.addMenu(book.WithKey(book.T("bar.devices_microphone"), "D"), tips, func(at fyne.Position) {
		act.DeviceMenu(call.SourceMicrophone, at)
	})
	b.camera = newCallButton("camera", kit.Plain, tips, act.ToggleCamera)
	b.camera.addMenu(book.WithKey(book.T("bar.devices_camera"), "K"), tips, func(at fyne.Position) {
		act.DeviceMenu(call.SourceCamera, at)
	})
	b.share = newCallButton("screen", kit.Plain, tips, act.Share)
	b.hand = newCallButton("hand", kit.Plain, tips, act.ToggleHand)
	b.react = newMenuButton(book.WithKey(book.T("bar.react"), "R"), "smile", tips, act.ReactMenu)
	b.more = newMenuButton(book.T("bar.more"), "more", tips, act.MoreMenu)
	b.leave = newCallButton("leave", kit.Danger, tips, act.Leave)
	b.leave.set(book.T("bar.leave"), "leave", kit.Danger, book.WithKey(book.T("bar.leave"), "Ctrl+L"))
	b.ways = newMenuButton(book.T("bar.leave_more"), "chevron-up", tips, act.LeaveMenu)
	b.chat = newCallButton("chat", kit.Plain, tips, func() { act.TogglePanel(model.PanelChat) })
	b.people = newCallButton("people", kit.Plain, tips, func() { act.TogglePanel(model.PanelPeople) })
	b.unread = newBadge()
	b.Content = container.New(
		&layout{b}, b.mic.content, b.camera.content, b.share.content, b.hand.content, b.react, b.more, b.leave.content,
		b.ways, b.chat.content, b.people.content, b.unread.Container,
	)
	return b
}

// newMenuButton returns a button without a name that opens a menu.
func newMenuButton(name, icon string, tips *kit.Tips, open func(at fyne.Position)) *kit.Button {
	b := kit.NewIconButton(name, icon, kit.Plain, tips, nil)
	b.OnTapped = func() { open(position(b)) }
	return b
}

// calls lists the buttons that have a name below.
func (b *Bar) calls() []*callButton {
	return []*callButton{b.mic, b.camera, b.share, b.hand, b.leave, b.chat, b.people}
}

// SetBeside says whether the header has no room for all of its buttons: the menu has
// them.
func (b *Bar) SetBeside(folded bool) { b.beside = folded }

// Update shows a state.
func (b *Bar) Update(s *model.State) {
	mic, camera := s.Local[call.SourceMicrophone].On(), s.Local[call.SourceCamera].On()
	mKey, cKey := TipKey("bar.mic", mic), TipKey("bar.camera", camera)
	b.mic.set(b.book.T(mKey), Icon("mic", mic), Style(mic), b.book.WithKey(b.book.T(mKey), "M"))
	b.camera.set(b.book.T(cKey), Icon("camera", camera), Style(camera), b.book.WithKey(b.book.T(cKey), "V"))
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
	b.host = s.Standing.Role == call.RoleHost
	b.leaving = s.Engine == call.StateLeaving
	for _, c := range b.calls() {
		c.setEnabled(!b.leaving)
	}
	for _, o := range []*kit.Button{b.react, b.more, b.ways} {
		o.SetEnabled(!b.leaving)
	}
	b.Content.Layout.Layout(b.Content.Objects, b.Content.Size())
}

// updatePanels shows which panel is open, how many are there, and how many
// messages nobody has read.
func (b *Bar) updatePanels(s *model.State) {
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

// Folded are the buttons that have no room, as the lines of a menu.
func (b *Bar) Folded() []kit.MenuItem {
	var items []kit.MenuItem
	if b.folds(foldChevrons) {
		items = append(items,
			kit.MenuItem{Text: b.book.T("bar.devices_microphone"), Icon: "mic", OnTapped: b.mic.menu.OnTapped},
			kit.MenuItem{Text: b.book.T("bar.devices_camera"), Icon: "camera", OnTapped: b.camera.menu.OnTapped},
		)
	}
	if b.folds(foldShare) {
		items = append(items, kit.MenuItem{Text: b.share.caption.Text(), Icon: b.share.icon, OnTapped: b.act.Share})
	}
	if b.folds(foldHand) {
		text := b.hand.caption.Text()
		if b.hand.style == kit.Lit {
			text = b.book.T("bar.hand_down")
		}
		items = append(items, kit.MenuItem{Text: text, Icon: "hand", OnTapped: b.act.ToggleHand})
	}
	if b.folds(foldReact) {
		items = append(items, kit.MenuItem{Text: b.book.T("bar.react"), Icon: "smile", OnTapped: func() {
			b.act.ReactMenu(b.ReactAt())
		}})
	}
	if b.folds(foldPeople) {
		items = append(items, kit.MenuItem{Text: b.people.caption.Text(), Icon: "people", OnTapped: func() {
			b.act.TogglePanel(model.PanelPeople)
		}})
	}
	if b.folds(foldWays) && b.host {
		items = append(items, kit.MenuItem{
			Text: b.book.T("dialog.end.yes"), Icon: "leave", Danger: true, OnTapped: b.act.End,
		})
	}
	return items
}

// ReactAt is where the reactions are offered: at their button, or where that has no
// room at the one of what is folded.
func (b *Bar) ReactAt() fyne.Position {
	if b.react.Visible() {
		return position(b.react)
	}
	return position(b.more)
}

// DevicesAt is where the devices of a source are offered.
func (b *Bar) DevicesAt(source call.Source) fyne.Position {
	if source == call.SourceCamera {
		return b.camera.menuAt()
	}
	return b.mic.menuAt()
}

func position(o fyne.CanvasObject) fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
}
