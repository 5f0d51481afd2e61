// Package face says what a tile has around its video: a name, a sign, a place in the
// order of hands.
package face

import (
	"strings"

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

// Says returns what the signs of a tile mean, for people who do not see them.
func Says(book *words.Book) func(video.Look) string {
	return func(l video.Look) string { return says(book, l) }
}

func says(book *words.Book, l video.Look) string {
	var all []string
	for _, sign := range []struct {
		shown bool
		key   string
	}{{l.Lost, "room.lost"}, {l.Muted, "room.microphone_muted"}, {l.Weak, "access.weak"}} {
		if sign.shown {
			all = append(all, book.T(sign.key))
		}
	}
	if l.Hand > 0 {
		all = append(all, book.T("access.hand", "n", book.Number(l.Hand)))
	}
	if l.Note != "" {
		all = append(all, l.Note)
	}
	return strings.Join(all, ", ")
}
