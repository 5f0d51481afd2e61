// Package face says what a tile has around its video: a name, a sign, a place in the
// order of hands.
package face

import (
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/video"
	"foyer/ui/view/reaction"
	"foyer/ui/words"
)

// Look is what a tile says around its video.
func Look(book *words.Book, t model.Tile) video.Look {
	l := video.Look{
		Name: t.Name, Initials: model.Initials(t.Name), Seed: string(t.ID), Muted: t.MicMuted, Speaking: t.Speaking,
		Lost: t.Lost, Mirror: t.Self,
	}
	l.Hand, l.Reaction, l.Reactions = t.Hand, reaction.Icon(t.Reacting.Reaction), t.Reacting.Count
	l.Weak = (t.Quality == call.QualityPoor || t.Quality == call.QualityLost) && !t.Lost
	if t.Self {
		l.Name = book.T("room.you", "name", t.Name)
	}
	if t.Source == call.SourceScreen && t.Self {
		l.Name, l.Initials, l.Mirror = book.T("room.screen_own"), "", false
		l.Note = book.T("share.still")
	} else if t.Source == call.SourceScreen {
		l.Name, l.Initials, l.Fit = book.T("room.screen_of", "name", t.Name), "", call.FitContain
	}
	if t.Lost {
		l.LostText = book.T("room.lost")
	}
	return l
}
