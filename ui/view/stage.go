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
	"foyer/ui/words"
)

// PerPage is how many tiles a page has.
const PerPage = 9

const (
	tileGap     = 12
	pagerHeight = 44
)

// stage is the grid of tiles, in pages from ten people on.
type stage struct {
	content *fyne.Container
	grid    *fyne.Container
	book    *words.Book
	act     Actions
	painter *video.Painter
	tiles   map[string]*video.Tile
	moving  map[string]motion // of remote videos, while we reconnect
	told    map[call.SID]bool // remote videos, and whether they were said to be shown
	alone   *alone
	enlarge *kit.Button // of the screen in the main place
	pager   *pager
	page    int
	state   *model.State
}

func newStage(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *stage {
	s := &stage{
		book: book, act: act, painter: painter, tiles: map[string]*video.Tile{}, told: map[call.SID]bool{},
		moving: map[string]motion{},
	}
	s.alone = newAlone(book, act)
	s.grid = container.New(&gridLayout{})
	s.pager = newPager(book, tips, s.turn)
	s.enlarge = kit.NewIconButton("", "enlarge", kit.Plain, tips, func() { act.Enlarge("") })
	s.enlarge.Small = true
	s.enlarge.Hide()
	s.content = container.New(&stageLayout{}, s.grid, s.pager.content, s.enlarge)
	return s
}

func (s *stage) turn(by int) {
	s.page += by
	s.update(s.state)
}

// update shows the tiles of the page. Tiles of other pages are forgotten: their
// frames are neither decoded nor sent to us.
func (s *stage) update(state *model.State) {
	s.state = state
	shown := s.choose(state)
	s.hideFrozen(shown)
	keep := map[string]bool{}
	var objects []fyne.CanvasObject
	for _, t := range shown {
		keep[t.Key()] = true
		objects = append(objects, s.tile(t))
	}
	s.dropTiles(keep)
	s.tell(state, shown)
	if !slices.ContainsFunc(shown, func(t model.Tile) bool { return !t.Self }) && len(state.People) == 1 &&
		!state.Switching.Between() {
		s.alone.set(invitable(state.Room.Link))
		objects = append(objects, s.alone.content)
	}
	if !slices.Equal(s.grid.Objects, objects) {
		s.grid.Objects = objects
		s.grid.Refresh()
	}
	s.content.Layout.Layout(s.content.Objects, s.content.Size())
}

func (s *stage) tile(t model.Tile) *video.Tile {
	key := t.Key()
	tile := s.tiles[key]
	if tile == nil {
		tile = video.NewTile()
		s.tiles[key] = tile
		s.painter.Add(tile)
	}
	tile.OnPixels, tile.OnDoubleTapped = nil, nil
	if t.Source == call.SourceScreen && !t.Self {
		tile.OnDoubleTapped = func() { s.act.Enlarge(key) }
	}
	if !t.Self && t.Track != "" {
		tile.OnPixels = func(w, h int) { s.act.ShowTrack(t.Track, w, h, false) }
	}
	tile.SetLook(s.look(t))
	tile.SetSlot(t.Slot)
	return tile
}

func (s *stage) look(t model.Tile) video.Look {
	l := video.Look{
		Name: t.Name, Initials: model.Initials(t.Name), Seed: string(t.ID), Muted: t.MicMuted, Speaking: t.Speaking,
		Lost: t.Lost, Mirror: t.Self,
	}
	l.Weak = t.Quality == call.QualityPoor && !t.Lost
	if t.Self {
		l.Name = s.book.T("room.you", "name", t.Name)
	}
	if t.Source == call.SourceScreen && t.Self {
		l.Name, l.Initials, l.Mirror = s.book.T("room.screen_own"), "", false
		l.Note = s.book.T("share.still")
	} else if t.Source == call.SourceScreen {
		l.Name, l.Initials, l.Fit = s.book.T("room.screen_of", "name", t.Name), "", call.FitContain
	}
	switch {
	case t.Lost:
		l.LostText = s.book.T("room.lost")
	case s.moving[t.Key()].frozen:
		l.Lost, l.LostText = true, s.book.T("room.reconnecting")
	}
	return l
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
		s.update(state)
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
			s.painter.Remove(tile)
			delete(s.tiles, key)
		}
	}
}

// tell says of every remote video whether it is shown, once: those on this page
// are, and screens, whose tile comes with their first frame.
func (s *stage) tell(state *model.State, shown []model.Tile) {
	wanted := map[call.SID]*video.Tile{}
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
func (s *stage) tellShown(state *model.State, wanted map[call.SID]*video.Tile) {
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

// takeOver keeps the page, and what was said of each video.
func (s *stage) takeOver(before *stage) {
	s.page = before.page
	maps.Copy(s.told, before.told)
}

// clear forgets every tile: the stay is over.
func (s *stage) clear() {
	for key, tile := range s.tiles {
		s.painter.Remove(tile)
		delete(s.tiles, key)
	}
	clear(s.moving)
	clear(s.told)
	s.grid.Objects, s.page = nil, 0
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
}

func newAlone(book *words.Book, act Actions) *alone {
	a := &alone{book: book, detail: kit.NewParagraph("").Colored(theme.Muted).Centered()}
	title := kit.NewHeading(book.T("room.alone")).Centered()
	title.Wrap = true
	a.button = kit.NewButton(book.T("room.copy"), "copy", kit.Primary, act.Invite)
	body := kit.Column(8, title, a.detail, kit.Pad(kit.Centred(a.button), 8, 0, 0, 0))
	a.content = kit.On(kit.NewPanel(theme.Surface, theme.RadiusCard), kit.Pad(kit.Middle(340, body), 16, 20, 16, 20))
	return a
}

func (a *alone) set(invitable bool) {
	key := "room.alone.detail"
	if !invitable {
		key = "room.alone_plain.detail"
	}
	a.detail.Set(a.book.T(key))
	kit.SetVisible(a.button, invitable)
}
