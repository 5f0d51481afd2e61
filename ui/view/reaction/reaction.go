// Package reaction shows reactions: their icons, and how many show which.
//
// Everything belongs to Fyne's main goroutine.
package reaction

import (
	"strconv"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
)

// Icon is the icon of a reaction, empty for none.
func Icon(r call.Reaction) string {
	switch r {
	case call.ReactionYes:
		return "react-yes"
	case call.ReactionClap:
		return "react-clap"
	case call.ReactionHeart:
		return "react-heart"
	case call.ReactionLaugh:
		return "react-laugh"
	case call.ReactionWow:
		return "react-wow"
	case call.ReactionParty:
		return "react-party"
	default:
		return ""
	}
}

// manyReact is from how many people on reactions are counted over the stage, too.
const manyReact = 3

// Tally counts reactions when many people react, or somebody whose tile is not
// shown.
type Tally struct {
	Content *fyne.Container
	row     *fyne.Container
	shown   string
}

// NewTally returns a tally that shows nothing.
func NewTally() *Tally {
	t := &Tally{row: kit.Row(12)}
	t.Content = kit.On(kit.NewPanel(theme.Toast, theme.RadiusCard).WithStroke(theme.Border), kit.Pad(t.row, 8, 14, 8, 14))
	t.Content.Hide()
	return t
}

// Update counts them. seen reports whether somebody's tile is shown.
func (t *Tally) Update(s *model.State, seen func(call.Identity) bool) {
	needed := len(s.Reactions) >= manyReact
	for id := range s.Reactions {
		needed = needed || !seen(id)
	}
	says := ""
	var all []model.Tally
	if needed {
		all = s.Gestures.Tallies()
	}
	for _, one := range all {
		says += string(one.Reaction) + strconv.Itoa(one.People)
	}
	if says == t.shown {
		return
	}
	t.shown = says
	t.row.Objects = nil
	for _, one := range all {
		count := kit.NewText(strconv.Itoa(one.People))
		count.Bold = true
		t.row.Add(kit.Row(6, kit.NewIcon(Icon(one.Reaction), theme.Foreground, 24), count))
	}
	kit.SetVisible(t.Content, says != "")
	t.Content.Refresh()
}
