package view

import (
	"slices"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view/panel"
)

// openMenu offers what can be done with a tile.
func (s *stage) openMenu(key string, at fyne.Position) {
	canvas := fyne.CurrentApp().Driver().CanvasForObject(s.content)
	items := s.menuItems(key)
	if canvas == nil || len(items) == 0 {
		return
	}
	s.closeMenu()
	s.menu, s.menuOf = kit.ShowMenu(canvas, at, items), key
}

func (s *stage) closeMenu() {
	s.menu.Close()
	s.menu, s.menuOf = nil, ""
}

func (s *stage) menuItems(key string) []kit.MenuItem {
	a := s.state.Screens.Arrange()
	all := a.Shown()
	if a.Own != nil {
		all = append(all, *a.Own)
	}
	i := slices.IndexFunc(all, func(t model.Tile) bool { return t.Key() == key })
	if i < 0 {
		return nil
	}
	main := a.Main != nil && a.Main.Key() == key
	item := func(word, icon string, do func()) kit.MenuItem {
		return kit.MenuItem{Text: s.book.T(word), Icon: icon, OnTapped: do}
	}
	pin := func() { s.act.Pin(key) }
	enlarge := func() { s.act.Enlarge(key) }
	var items []kit.MenuItem
	switch t := all[i]; {
	case t.Self:
		return []kit.MenuItem{item("room.self_hide", "person-off", func() { s.act.HideSelf(true) })}
	case t.Source == call.SourceScreen && !main:
		items = append(items, item("room.main", "layout-speaker", enlarge))
	case t.Source == call.SourceScreen:
	case a.Pinned && main:
		items = append(items, item("room.unpin", "pin-off", pin))
	default:
		items = append(items, item("room.pin", "pin", pin))
	}
	switch {
	case !main || !a.Pinned && a.Main.Source != call.SourceScreen:
	case a.Filled:
		items = append(items, item("share.restore", "shrink", enlarge))
	default:
		items = append(items, item("share.enlarge", "enlarge", enlarge))
	}
	if person := s.state.Person(all[i].ID); person != nil && all[i].Source == call.SourceCamera {
		items = append(items, panel.Moderation(s.book, s.act, s.state, person)...)
	}
	items = append(items, item("small.open", "small", s.act.Small))
	if a.Hidden {
		items = append(items, item("room.self_show", "person", func() { s.act.HideSelf(false) }))
	}
	return items
}
