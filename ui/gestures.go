package ui

import (
	"errors"

	"foyer/engine"
	"foyer/engine/call"
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

// react shows a reaction to everybody. More than a few a second are no mistake that
// has to be told.
func react(a actions, r call.Reaction) {
	if err := a.cfg.Do(engine.React{Reaction: r}); err != nil && !errors.Is(err, call.ErrChatTooFast) {
		a.state.Refuse(engine.React{}.Word(), call.SourceUnknown, err, a.cfg.Now())
	}
	a.refresh()
}

// SetVolume makes somebody louder or quieter only for us.
func (a actions) SetVolume(id call.Identity, percent int) {
	a.do(engine.SetVolume{ID: id, Percent: percent}, call.SourceUnknown)
	a.refresh()
}
