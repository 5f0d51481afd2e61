package model

import (
	"slices"

	"foyer/engine/call"
)

// PerPage is how many tiles a page has, ourselves not counted.
const PerPage = 9

// Layout is how the people lie while nothing else has the main place. The zero
// value is the grid.
type Layout string

// Layouts.
const (
	LayoutGrid    Layout = "grid"    // all alike
	LayoutSpeaker Layout = "speaker" // the speaker is large
)

// Stage is how the tiles lie, as the user has chosen, and as the talk goes.
type Stage struct {
	Layout Layout // remembered
	Hidden bool   // we do not want to see ourselves while others are there; remembered

	Pinned  string // key of the tile that keeps the main place; empty: none
	Main    string // key of the screen that has the main place before other screens; empty: the first
	Filled  string // key of the tile that fills the stage when it has the main place; empty: none
	Aside   bool   // no screen takes the main place: the user has put something else there
	Speaker call.Identity
	Page    int

	FullScreen bool // the window fills the display
	Bare       bool // and shows only the stage, as nobody has moved for a while
}

// after is what stays when a stay ends: what is remembered, and the window's size.
func (st Stage) after() Stage {
	return Stage{Layout: st.Layout, Hidden: st.Hidden, FullScreen: st.FullScreen}
}

// Arrangement is who is shown where.
type Arrangement struct {
	Main        *Tile // in the main place; nil: all are alike
	Filled      bool  // it has all of the stage
	Pinned      bool  // until it is unpinned, or gone
	Beside      []Tile
	Own         *Tile // ourselves, in the corner; nil: hidden, or, while we are alone, in Beside
	Hidden      bool  // we are hidden, and can be shown
	Page, Pages int
}

// Layout is what the arrangement looks like.
func (a Arrangement) Layout() Layout {
	if a.Main != nil {
		return LayoutSpeaker
	}
	return LayoutGrid
}

// Shown lists all tiles but our own: what is shown of the others.
func (a Arrangement) Shown() []Tile {
	if a.Main == nil {
		return a.Beside
	}
	return append([]Tile{*a.Main}, a.Beside...)
}

// arrange decides who is in the main place, and who is beside it. A shared screen
// goes before what is pinned, and that before whoever speaks. Whatever is chosen,
// a screen is forced on nobody: see Stage.Aside. We are small, in the corner, as
// soon as somebody else is there.
func (st Stage) arrange(all []Tile) Arrangement {
	var own, others []Tile
	for _, t := range all {
		if t.Self {
			own = append(own, t)
		} else {
			others = append(others, t)
		}
	}
	if len(others) == 0 {
		return Arrangement{Beside: own, Pages: 1}
	}
	a := Arrangement{Pages: 1}
	perPage := PerPage
	if i := st.main(others); i >= 0 {
		main := others[i]
		a.Main, a.Pinned, a.Filled = &main, main.Key() == st.Pinned, main.Key() == st.Filled
		others = slices.Delete(others, i, i+1)
		perPage--
	}
	if a.Filled {
		return a
	}
	if i := slices.IndexFunc(own, func(t Tile) bool { return t.Source == call.SourceCamera }); i >= 0 && !st.Hidden {
		a.Own = &own[i]
	}
	a.Hidden = st.Hidden
	a.Pages = max((len(others)+perPage-1)/perPage, 1)
	a.Page = max(0, min(st.Page, a.Pages-1))
	a.Beside = others[a.Page*perPage : min((a.Page+1)*perPage, len(others))]
	return a
}

// main is the tile that has the main place, -1 for none.
func (st Stage) main(tiles []Tile) int {
	with := func(key string) int {
		return slices.IndexFunc(tiles, func(t Tile) bool { return t.Key() == key })
	}
	if !st.Aside {
		if i := with(st.Main); i >= 0 && tiles[i].shared() {
			return i
		}
		if i := slices.IndexFunc(tiles, Tile.shared); i >= 0 {
			return i
		}
	}
	if i := with(st.Pinned); i >= 0 {
		return i
	}
	if st.Layout != LayoutSpeaker {
		return -1
	}
	if i := with((Tile{ID: st.Speaker, Source: call.SourceCamera}).Key()); i >= 0 {
		return i
	}
	return slices.IndexFunc(tiles, func(t Tile) bool { return t.Source == call.SourceCamera })
}

// shared reports whether a tile is a screen of somebody else's.
func (t Tile) shared() bool { return t.Source == call.SourceScreen && !t.Self }

// Small is the one tile that there is room for in a small window: what has the main
// place, else whoever speaks; ourselves while nobody else is there.
func (s Screens) Small() (t Tile, ok bool) {
	st := s.Stage
	st.Layout = LayoutSpeaker
	a := st.arrange(s.Tiles())
	switch {
	case a.Main != nil:
		return *a.Main, true
	case len(a.Beside) > 0:
		return a.Beside[0], true
	default:
		return Tile{}, false
	}
}

// Arrange tells who is shown where.
func (s Screens) Arrange() Arrangement { return s.Stage.arrange(s.Tiles()) }

// Enlarge lets what has the main place fill the stage, or gives the others their
// places back. A screen that does not have the main place gets it first.
func (s Screens) Enlarge(key string) {
	a := s.Arrange()
	switch {
	case a.Main != nil && (key == "" || key == a.Main.Key()):
		if a.Filled {
			s.Stage.Filled = ""
		} else if a.Pinned || a.Main.shared() {
			s.Stage.Filled = a.Main.Key()
		}
	case s.isShared(key):
		s.Stage.Main, s.Stage.Aside, s.Stage.Filled = key, false, ""
	}
}

// Filled reports whether one tile fills the stage.
func (s Screens) Filled() bool { return s.Arrange().Filled }

// Pin gives somebody the main place until they are unpinned or gone, or unpins
// them. Screens that are shared go aside for it.
func (s Screens) Pin(key string) {
	a := s.Arrange()
	switch {
	case s.isShared(key):
		s.Enlarge(key)
	case a.Pinned && a.Main.Key() == key:
		s.Stage.Pinned, s.Stage.Filled, s.Stage.Aside = "", "", false
	case slices.ContainsFunc(s.Tiles(), func(t Tile) bool { return t.Key() == key && !t.Self }):
		s.Stage.Pinned, s.Stage.Filled, s.Stage.Aside = key, "", s.anyShared()
	}
}

// SetLayout chooses a layout. Nothing is pinned any more, and a grid is a grid
// even while somebody shares a screen.
func (s Screens) SetLayout(l Layout) {
	s.Stage.Layout, s.Stage.Pinned, s.Stage.Filled = l, "", ""
	s.Stage.Aside = l == LayoutGrid && s.anyShared()
}

// Turn turns the pages.
func (s Screens) Turn(by int) {
	a := s.Arrange()
	s.Stage.Page = max(0, min(a.Page+by, a.Pages-1))
}

func (s Screens) anyShared() bool {
	return slices.ContainsFunc(s.Tiles(), Tile.shared)
}

func (s Screens) isShared(key string) bool {
	return slices.ContainsFunc(s.Tiles(), func(t Tile) bool { return t.shared() && t.Key() == key })
}

// tidy forgets the places of people and screens that are gone: the next screen has
// the main place again, and fills the stage for nobody.
func (s Screens) tidy() {
	there, shared := map[string]bool{"": true}, false
	for _, p := range s.People {
		there[(Tile{ID: p.ID, Source: call.SourceCamera}).Key()] = true
		if _, ok := p.track(call.SourceScreen); ok && !p.Self {
			there[(Tile{ID: p.ID, Source: call.SourceScreen}).Key()] = true
			shared = true
		}
	}
	if !there[s.Stage.Pinned] {
		s.Stage.Pinned, s.Stage.Aside = "", false
	}
	for _, key := range []*string{&s.Stage.Main, &s.Stage.Filled} {
		if !there[*key] {
			*key = ""
		}
	}
	s.Stage.Aside = s.Stage.Aside && shared
}
