package ui

import (
	"errors"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/view/reaction"
)

// ToggleHand raises our hand, or lowers it.
func (a actions) ToggleHand() {
	if !a.state.InRoom() || a.state.Engine == call.StateLeaving {
		return
	}
	up := !a.state.Gestures.HandUp()
	if a.do(engine.RaiseHand{Up: up}, call.SourceUnknown) {
		a.state.Gestures.AskHand(up)
	}
	a.refresh()
}

// reactMenuHeight is that of its lines, so that it lies above the button.
const reactMenuHeight = 242

// ReactMenu shows the reactions.
func (a actions) ReactMenu(at fyne.Position) {
	if !a.state.InRoom() || a.state.Engine == call.StateLeaving {
		return
	}
	var items []kit.MenuItem
	for _, r := range call.Reactions() {
		items = append(items, kit.MenuItem{
			Text: a.book.Reaction(r), Icon: reaction.Icon(r), OnTapped: func() { react(a, r) },
		})
	}
	a.sheets.react.Close()
	a.sheets.react = kit.ShowMenu(a.win.Canvas(), at.SubtractXY(0, reactMenuHeight), items)
}

// pressReact is the key of the reactions.
func pressReact(a actions) { a.ReactMenu(a.root.ReactAt()) }

// react shows a reaction to everybody. More than a few a second are no mistake that
// has to be told.
func react(a actions, r call.Reaction) {
	if err := a.cfg.Do(engine.React{Reaction: r}); err != nil && !errors.Is(err, call.ErrChatTooFast) {
		a.state.Refuse(engine.React{}.Word(), call.SourceUnknown, err, a.cfg.Now())
	}
	a.refresh()
}

// SetVolume makes somebody louder or quieter for us alone.
func (a actions) SetVolume(id call.Identity, percent int) {
	a.do(engine.SetVolume{ID: id, Percent: percent}, call.SourceUnknown)
	a.refresh()
}

// settleGestures takes the menu of reactions away when the stay is over or ending.
func settleGestures(a actions) {
	if !a.state.InRoom() || a.state.Engine == call.StateLeaving {
		a.sheets.react.Close()
	}
}
