package ui

import "time"

// bareAfter is how long nobody has moved before a full screen shows only the stage.
const bareAfter = 3 * time.Second

// fullScreen is the part of the window that fills the display.
type fullScreen struct{ *UI }

// moves is what the user did last, for the full screen.
type moves struct {
	at    time.Time
	rests bool // the pointer is on a control
}

// FullScreen implements view.StageActions.
func (a actions) FullScreen() {
	if a.state.InRoom() {
		fullScreen(a).set(!a.state.Stage.FullScreen)
		a.refresh()
	}
}

func (u fullScreen) set(on bool) {
	u.state.Stage.FullScreen, u.state.Stage.Bare = on, false
	u.moves = moves{at: u.cfg.Now()}
	u.win.SetFullScreen(on)
}

// Awake implements view.StageActions.
func (a actions) Awake(rests bool) {
	a.moves = moves{at: a.cfg.Now(), rests: rests}
	if a.state.Stage.Bare {
		a.state.Stage.Bare = false
		a.refresh()
	}
}

// settle leaves the full screen with the room.
func (u fullScreen) settle() {
	if u.state.Stage.FullScreen && !u.state.InRoom() {
		u.set(false)
	}
}

// rest lets a full screen show only the stage once nobody has moved for a while. It
// does not where the user is at something: a field, a menu, a question. It reports
// whether the window has to be shown anew.
func (u fullScreen) rest(now time.Time) bool {
	st := &u.state.Stage
	if !st.FullScreen || st.Bare {
		return false
	}
	c := u.win.Canvas()
	if u.moves.rests || c.Focused() != nil || c.Overlays().Top() != nil {
		u.moves.at = now
	}
	st.Bare = now.Sub(u.moves.at) >= bareAfter
	return st.Bare
}
