package view

import (
	"maps"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/face"
	"foyer/ui/view/invitation"
	"foyer/ui/words"
)

const (
	tileGap     = 12
	pagerHeight = 44
)

// StageActions is what the user can do about who is shown where.
type StageActions interface {
	// Enlarge lets what has the main place fill the stage, or gives the others
	// their places back; the key of a screen gives it the main place first.
	Enlarge(key string)
	Pin(key string) // gives a tile the main place, or takes it away
	SetLayout(l model.Layout)
	HideSelf(hide bool)
	TurnPage(by int)
	FullScreen() // or back
	Small()      // minimizes the window, and shows the small one
	// Awake says that the pointer moves, or rests on a control.
	Awake(rests bool)
}

// stage shows the tiles: alike, or with one in the main place, in pages. We are
// small in the corner.
type stage struct {
	content *fyne.Container
	grid    *fyne.Container
	corner  *corner
	book    *words.Book
	act     Actions
	painter *video.Painter
	tiles   map[string]*video.StageTile
	moving  map[string]motion // of remote videos, while we reconnect
	told    map[call.SID]bool // remote videos, and whether they were said to be shown
	alone   *alone
	enlarge *kit.Button // of what is in the main place
	drop    float32     // how far down that is, below what lies over the stage
	pager   *pager
	menu    *kit.Menu
	menuOf  string // the key of the tile that the menu is about
	state   *model.State
}

func newStage(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *stage {
	s := &stage{
		book: book, act: act, painter: painter, tiles: map[string]*video.StageTile{}, told: map[call.SID]bool{},
		moving: map[string]motion{},
	}
	s.alone = newAlone(book, act)
	s.grid = container.New(&gridLayout{})
	s.corner = newCorner(book, act, tips)
	s.pager = newPager(book, tips, act.TurnPage)
	s.enlarge = kit.NewIconButton("", "enlarge", kit.Plain, tips, func() { act.Enlarge("") })
	s.enlarge.Small = true
	s.enlarge.Hide()
	s.content = container.New(&stageLayout{s}, s.grid, s.corner.content, s.pager.content, s.enlarge)
	return s
}

// update shows the tiles of the page. Tiles of other pages are forgotten: their
// frames are neither decoded nor sent to us. Behind a panel that covers the stage
// nothing is shown.
func (s *stage) update(state *model.State, covered bool) {
	s.state = state
	a := state.Screens.Arrange()
	if covered {
		a = model.Arrangement{Pages: 1}
	}
	shown := a.Shown()
	s.hideFrozen(shown)
	keep := map[string]bool{}
	var objects []fyne.CanvasObject
	for _, t := range shown {
		keep[t.Key()] = true
		objects = append(objects, s.tile(t, a))
	}
	var own *video.StageTile
	if a.Own != nil {
		keep[a.Own.Key()] = true
		own = s.tile(*a.Own, a)
	}
	s.dropTiles(keep)
	s.tell(state, shown)
	if !covered && len(state.People) == 1 && !state.Switching.Between() {
		s.alone.set(state.Room)
		objects = append(objects, s.alone.content)
	}
	grid := s.grid.Layout.(*gridLayout)
	grid.main, grid.face = a.Main != nil, a.Main != nil && a.Main.Source != call.SourceScreen
	s.pager.set(a.Page, a.Pages)
	s.showEnlarge(a)
	s.corner.set(own, a.Hidden && !covered)
	if !slices.Equal(s.grid.Objects, objects) {
		s.grid.Objects = objects
		s.grid.Refresh()
	}
	s.content.Layout.Layout(s.content.Objects, s.content.Size())
}

// showEnlarge shows the button of the main place.
func (s *stage) showEnlarge(a model.Arrangement) {
	kit.SetVisible(s.enlarge, a.Main != nil && (a.Pinned || a.Main.Source == call.SourceScreen))
	icon, key := "enlarge", "share.enlarge"
	if a.Filled {
		icon, key = "shrink", "share.restore"
	}
	s.enlarge.Set("", icon, kit.Plain)
	s.enlarge.SetTip(s.book.WithKey(s.book.T(key), "E"))
}

func (s *stage) tile(t model.Tile, a model.Arrangement) *video.StageTile {
	key := t.Key()
	tile := s.tiles[key]
	if tile == nil {
		tile = video.NewStageTile()
		tile.Says = face.Says(s.book)
		s.tiles[key] = tile
		s.painter.Add(&tile.Tile)
	}
	tile.OnPixels, tile.OnDoubleTapped, tile.OnMenu = nil, nil, nil
	if t.Source == call.SourceScreen && !t.Self {
		tile.OnDoubleTapped = func() { s.act.Enlarge(key) }
	} else if !t.Self {
		tile.OnDoubleTapped = func() { s.act.Pin(key) }
	}
	if !t.Self || a.Own != nil {
		tile.OnMenu = func(at fyne.Position) { s.openMenu(key, at) }
	}
	if !t.Self && t.Track != "" {
		tile.OnPixels = func(w, h int) { s.act.ShowTrack(t.Track, w, h, false) }
	}
	look := s.look(t)
	if t.Self && a.Own != nil {
		look.Name = s.book.T("room.you_small")
	}
	look.Pinned = a.Pinned && key == a.Main.Key()
	tile.SetLook(look)
	tile.SetSlot(t.Slot)
	return tile
}

func (s *stage) look(t model.Tile) video.Look {
	l := face.Look(s.book, t)
	if !t.Lost && s.moving[t.Key()].frozen {
		l.Lost, l.LostText = true, s.book.T("room.reconnecting")
	}
	return l
}

// hasTile reports whether somebody's tile is on this page.
func (s *stage) hasTile(id call.Identity) bool {
	return s.tiles[model.Tile{ID: id, Source: call.SourceCamera}.Key()] != nil
}

// motion is what is known of how a remote video moves.
type motion struct {
	seq    uint64 // of the last frame
	since  time.Time
	frozen bool
}

// frozenAfter is how long a remote video may stand still while we reconnect. Media
// often goes on while only the signal connection is replaced.
const frozenAfter = time.Second

// tick finds the videos that stand still.
func (s *stage) tick(state *model.State, now time.Time) {
	if state.Engine != call.StateReconnecting {
		clear(s.moving)
		return
	}
	changed := false
	for _, t := range state.Tiles() {
		if t.Self || t.Slot == nil {
			continue
		}
		m, seq := s.moving[t.Key()], t.Slot.Seq()
		if m.since.IsZero() || m.seq != seq {
			m.seq, m.since = seq, now
		}
		frozen := now.Sub(m.since) >= frozenAfter
		changed = changed || frozen != m.frozen
		m.frozen = frozen
		s.moving[t.Key()] = m
	}
	if changed {
		s.update(state, !s.content.Visible())
	}
}

// hideFrozen hides videos that stand still: nobody is there like that.
func (s *stage) hideFrozen(all []model.Tile) {
	for i, t := range all {
		if s.moving[t.Key()].frozen {
			all[i].Slot = nil
		}
	}
}

// dropTiles forgets the tiles that are not on this page.
func (s *stage) dropTiles(keep map[string]bool) {
	for key, tile := range s.tiles {
		if !keep[key] {
			s.forget(key, tile)
		}
	}
}

func (s *stage) forget(key string, tile *video.StageTile) {
	s.painter.Remove(&tile.Tile)
	delete(s.tiles, key)
	if key == s.menuOf {
		s.closeMenu()
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(s.content); tile.Focused() && c != nil {
		c.Unfocus() // else the keys would go nowhere
	}
}

// tell says of every remote video whether it is shown, once: those on this page
// are, and screens, whose tile comes with their first frame.
func (s *stage) tell(state *model.State, shown []model.Tile) {
	wanted := map[call.SID]*video.StageTile{}
	for _, t := range shown {
		if !t.Self && t.Track != "" {
			wanted[t.Track] = s.tiles[t.Key()]
		}
	}
	for _, sid := range state.ComingScreens() {
		wanted[sid] = nil
	}
	s.tellShown(state, wanted)
}

// tellShown says which remote videos are shown, and by which tile, if it is there.
func (s *stage) tellShown(state *model.State, wanted map[call.SID]*video.StageTile) {
	videos := state.RemoteVideos()
	for sid := range s.told {
		if !videos[sid] {
			delete(s.told, sid)
		}
	}
	for sid := range videos {
		tile, show := wanted[sid]
		if was, known := s.told[sid]; known && was == show {
			continue
		}
		s.told[sid] = show
		w, h := 0, 0
		if tile != nil {
			w, h = tile.Pixels()
		}
		s.act.ShowTrack(sid, w, h, !show)
	}
}

// takeOver keeps what was said of each video.
func (s *stage) takeOver(before *stage) {
	maps.Copy(s.told, before.told)
}

// clear forgets every tile: the stay is over.
func (s *stage) clear() {
	for key, tile := range s.tiles {
		s.forget(key, tile)
	}
	clear(s.moving)
	clear(s.told)
	s.corner.set(nil, false)
	s.grid.Objects = nil
}

// pager turns the pages.
type pager struct {
	content    *fyne.Container
	book       *words.Book
	back, next *kit.Button
	text       *kit.Text
}

func newPager(book *words.Book, tips *kit.Tips, turn func(by int)) *pager {
	p := &pager{book: book, text: kit.NewText("").Colored(theme.Muted)}
	p.back = kit.NewIconButton(book.T("room.page_previous"), "chevron-left", kit.Quiet, tips, func() { turn(-1) })
	p.next = kit.NewIconButton(book.T("room.page_next"), "chevron-right", kit.Quiet, tips, func() { turn(1) })
	p.back.Small, p.next.Small = true, true
	p.content = kit.Row(12, kit.Spring(), p.back, p.text, p.next, kit.Spring())
	p.content.Hide()
	return p
}

func (p *pager) set(page, pages int) {
	kit.SetVisible(p.content, pages > 1)
	p.text.Set(p.book.T("room.page", "n", p.book.Number(page+1), "of", p.book.Number(pages)))
	p.back.SetEnabled(page > 0)
	p.next.SetEnabled(page < pages-1)
}

// alone takes a tile's place while nobody else is there.
type alone struct {
	content *fyne.Container
	book    *words.Book
	detail  *kit.Text
	button  *kit.Button
	reach   *kit.Text // who can come in by the link
}

func newAlone(book *words.Book, act Actions) *alone {
	a := &alone{
		book: book, detail: kit.NewParagraph("").Colored(theme.Muted).Centered(),
		reach: kit.NewParagraph("").Colored(theme.Muted).Centered(),
	}
	title := kit.NewHeading(book.T("room.alone")).Centered()
	title.Wrap = true
	a.button = kit.NewButton(book.T("room.copy"), "copy", kit.Primary, act.Invite)
	body := kit.Column(8, title, a.detail, kit.Pad(kit.Centred(a.button), 8, 0, 0, 0), a.reach)
	a.content = kit.On(kit.NewPanel(theme.Surface, theme.RadiusCard), kit.Pad(kit.Middle(340, body), 16, 20, 16, 20))
	return a
}

func (a *alone) set(r model.Room) {
	invitable := invitation.Possible(r.Link)
	key := "room.alone.detail"
	if !invitable {
		key = "room.alone_plain.detail"
	}
	a.detail.Set(a.book.T(key))
	kit.SetVisible(a.button, invitable)
	a.reach.Set(reachOf(a.book, r))
	kit.SetVisible(a.reach, a.reach.Text() != "")
}
