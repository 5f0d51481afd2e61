package model

import (
	"slices"

	"foyer/engine/call"
)

// Stage is how the tiles lie, as the user has chosen.
type Stage struct {
	Main  string // key of the screen that has the main place; empty: the first
	Alone bool   // it fills the stage
}

// Place tells the tiles how they lie: the screen that has the main place, and
// what is beside it. Without a shared screen main is nil, and all are alike.
func (s Screens) Place() (main *Tile, beside []Tile) {
	all := s.Tiles()
	at := slices.IndexFunc(all, func(t Tile) bool { return t.shared() && t.Key() == s.Stage.Main })
	if at < 0 {
		at = slices.IndexFunc(all, Tile.shared)
	}
	if at < 0 {
		return nil, all
	}
	found := all[at]
	return &found, slices.Delete(all, at, at+1)
}

// shared reports whether a tile is a screen of somebody else's.
func (t Tile) shared() bool { return t.Source == call.SourceScreen && !t.Self }

// Enlarge lets a screen fill the stage, or gives the others their places back.
// Another screen than that of the main place gets the main place first.
func (s Screens) Enlarge(key string) {
	main, beside := s.Place()
	switch {
	case main == nil:
	case key == "" || key == main.Key():
		s.Stage = Stage{Main: main.Key(), Alone: !s.Filled()}
	case slices.ContainsFunc(beside, func(t Tile) bool { return t.shared() && t.Key() == key }):
		s.Stage = Stage{Main: key}
	}
}

// Filled reports whether one screen fills the stage.
func (s Screens) Filled() bool {
	main, _ := s.Place()
	return main != nil && s.Stage.Alone && s.Stage.Main == main.Key()
}

// screenGone forgets the place of a screen that is not shared any more: the next
// one is not forced on anybody.
func (s Screens) screenGone(id call.Identity, t call.Track) {
	if t.Source == call.SourceScreen && s.Stage.Main == (Tile{ID: id, Source: t.Source}).Key() {
		s.Stage = Stage{}
	}
}
