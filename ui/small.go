package ui

import (
	"time"

	"foyer/ui/small"
)

// newSmall returns the small window for the time when this one is minimized.
func newSmall(u *UI) *small.Window {
	return small.NewWindow(small.Config{
		App: u.cfg.App, Actions: leaving{actions{u}}, Frame: u.cfg.Frame, Now: u.cfg.Now, Tick: u.outside.tickSmall,
		Back: u.outside.raise, Closed: u.refresh,
	})
}

// leaving is what can be done at the small window. The farewell is in the large one.
type leaving struct{ actions }

// Leave implements small.Actions.
func (a leaving) Leave() {
	a.actions.Leave()
	a.outside.raise()
}

// settleSmall shows the small window, or takes it away.
func (o *outside) settleSmall() {
	main := small.Main{Frame: o.frame, Title: o.title(), Hidden: o.hidden, Closed: o.closed}
	o.small.Settle(o.state, o.book, main, o.set.Small)
}

// tickSmall is the clock of a window that is minimized while the small one is there.
func (o *outside) tickSmall(now time.Time) {
	o.flushViews(now)
	moved, said := o.state.Screens.Settle(now), talking{o.UI}.settle()
	if moved || said {
		o.refresh()
	}
}

// Small implements view.StageActions: the window makes room for the small one.
func (p presses) Small() { makeSmall(p.actions) }

func makeSmall(a actions) {
	if a.state.InRoom() && a.outside.frame != nil {
		a.small.Ask()
		a.outside.frame.Minimize()
	}
}
