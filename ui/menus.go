package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/view/bar"
	"foyer/ui/view/reaction"
)

// menu is what a button of the room's bar has opened.
type menu struct {
	*kit.Menu
	at    fyne.Position
	lines []string
	build func() []kit.MenuItem // nothing: it goes
}

// menus shows the menus of the room's bar, one at a time.
type menus struct{ *UI }

// open shows a menu above the place where it was asked for. build is asked again
// whenever the state has changed.
func (m menus) open(at fyne.Position, build func() []kit.MenuItem) {
	m.close()
	if items := build(); len(items) > 0 {
		shown := kit.ShowMenuAbove(m.win.Canvas(), at, items)
		m.sheets.menu = menu{Menu: shown, at: at, lines: lines(items), build: build}
	}
}

func (m menus) close() { m.sheets.menu.Close() }

// settle keeps an open menu true.
func (m menus) settle() {
	shown := m.sheets.menu
	if !shown.Open() {
		return
	}
	if items := shown.build(); !slices.Equal(lines(items), shown.lines) {
		m.open(shown.at, shown.build)
	}
}

func lines(items []kit.MenuItem) []string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = fmt.Sprint(item.ID, item.Text, item.Icon, item.Chosen)
	}
	return all
}

// offer opens a menu of a room, which we do not leave.
func (m menus) offer(at fyne.Position, build func() []kit.MenuItem) {
	m.open(at, func() []kit.MenuItem {
		if !m.state.InRoom() || m.state.Engine == call.StateLeaving {
			return nil
		}
		return build()
	})
}

// LeaveMenu shows a host the ways to leave.
func (a actions) LeaveMenu(at fyne.Position) {
	menus(a).open(at, func() []kit.MenuItem {
		if !a.mayEnd() {
			return nil
		}
		return []kit.MenuItem{
			{Text: a.book.T("bar.leave"), Icon: "leave", OnTapped: a.Leave},
			{Text: a.book.T("dialog.end.yes"), Icon: "people", Danger: true, OnTapped: a.End},
		}
	})
}

// ReactMenu shows the reactions.
func (a actions) ReactMenu(at fyne.Position) {
	menus(a).offer(at, func() (items []kit.MenuItem) {
		for _, r := range call.Reactions() {
			items = append(items, kit.MenuItem{
				Text: a.book.Reaction(r), Icon: reaction.Icon(r), OnTapped: func() { react(a, r) },
			})
		}
		return items
	})
}

// MoreMenu shows what has no room in the bar and the header.
func (a presses) MoreMenu(at fyne.Position) {
	menus(a.actions).offer(at, func() []kit.MenuItem { return a.root.MoreItems() })
}

// DeviceMenu shows the devices that can be chosen for a source.
func (a presses) DeviceMenu(source call.Source, at fyne.Position) {
	menus(a.actions).devices(source, at)
}

func (m menus) devices(source call.Source, at fyne.Position) {
	m.offer(at, func() []kit.MenuItem {
		return bar.DeviceItems(m.book, m.state, m.setup.setupForm(), source, actions(m))
	})
	if m.sheets.menu.Open() {
		m.setup.list()
	}
}

// pressReact and pressDevices are the keys of the menus.
func pressReact(a actions) { a.ReactMenu(a.root.ReactAt()) }

func pressDevices(source call.Source) func(actions) {
	return func(a actions) { menus(a).devices(source, a.root.DevicesAt(source)) }
}
