package ui

import (
	"time"

	"foyer/ui/model"
	"foyer/ui/words"
)

// doubleClick is how soon after a press another one counts as its second half.
const doubleClick = 300 * time.Millisecond

// page is what a press can be meant for: Join and Cancel share a screen.
type page struct {
	screen model.Screen
	busy   bool
	share  bool // a screen is being chosen
	setup  bool // the settings are open
}

// presses passes on what is pressed, but not the second half of a double click
// whose first half has brought another page: nobody has seen yet what lies under
// the pointer there.
type presses struct {
	actions
	at *time.Time // of the last press
	on *page
}

func newPresses(u *UI) presses {
	return presses{actions: actions{u}, at: new(time.Time), on: new(page)}
}

// meant reports whether a press is meant for what it hits.
func (p presses) meant() bool {
	now, on := p.cfg.Now(), page{p.state.Screen, p.state.Busy(), p.state.Share != nil, p.state.Setup.Open()}
	stray := now.Sub(*p.at) < doubleClick && on != *p.on
	if !stray {
		*p.at, *p.on = now, on
	}
	return !stray
}

// pass does what is pressed, if it is meant.
func (p presses) pass(do func()) {
	if p.meant() {
		do()
	}
}

// Start implements view.Actions.
func (p presses) Start() { p.pass(p.actions.Start) }

// Join implements view.Actions.
func (p presses) Join() { p.pass(p.actions.Join) }

// OpenRecent implements view.Actions.
func (p presses) OpenRecent(i int) { p.pass(func() { p.actions.OpenRecent(i) }) }

// Cancel implements view.Actions.
func (p presses) Cancel() { p.pass(p.actions.Cancel) }

// Leave implements view.Actions.
func (p presses) Leave() { p.pass(p.actions.Leave) }

// Share implements view.ShareActions.
func (p presses) Share() { p.pass(p.actions.Share) }

// PickScreen implements view.ShareActions.
func (p presses) PickScreen(id string) { p.pass(func() { p.actions.PickScreen(id) }) }

// CancelShare implements view.ShareActions.
func (p presses) CancelShare() { p.pass(p.actions.CancelShare) }

// OpenSettings implements view.Actions.
func (p presses) OpenSettings(page model.Page) { p.pass(func() { p.actions.OpenSettings(page) }) }

// Preview implements view.Actions.
func (p presses) Preview() { p.pass(p.actions.Preview) }

// Act implements view.Actions.
func (p presses) Act(a words.Action) { p.pass(func() { p.actions.Act(a) }) }
