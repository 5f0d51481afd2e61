package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/model"
)

// talking is the window for the key that lets us speak while it is held. It
// implements talk.Window.
type talking struct{ *UI }

func (u talking) State() *model.State { return u.state }
func (u talking) Canvas() fyne.Canvas { return u.win.Canvas() }
func (u talking) Now() time.Time      { return u.cfg.Now() }
func (u talking) Away() bool          { return u.outside.away() }
func (u talking) Closed() bool        { return u.closed }
func (u talking) Refresh()            { u.refresh() }
func (u talking) Dispatch(f func())   { u.cfg.Dispatch(f) }
func (u talking) ToggleMic()          { u.previews.ToggleInRoom(call.SourceMicrophone) }
func (u talking) Mute()               { _ = u.cfg.Do(engine.Mute{Source: call.SourceMicrophone}) }

// bind listens to the key. That the window goes to the background, it learns from
// what is outside.
func (u talking) bind() {
	if c, ok := u.win.Canvas().(desktop.Canvas); ok { // the test driver's is none
		c.SetOnKeyDown(u.keyDown)
		c.SetOnKeyUp(u.keyUp)
	}
}

func (u talking) keyDown(k *fyne.KeyEvent) {
	actions(u).Awake(false)
	u.speech.Down(k.Name)
}

func (u talking) keyUp(k *fyne.KeyEvent) { u.speech.Up(k.Name) }

// settle asks for the key where it is of use, and ends what it does where it is not.
func (u talking) settle() (changed bool) {
	u.speech.Ask(u.cfg.Desktop, u.set.TalkKey, u.book.T("talk.desktop"))
	return u.speech.Settle()
}

// Talk says that the key of every window is down, or up. Any goroutine may call it.
func (u *UI) Talk(down bool) { u.speech.Everywhere(down) }

// Reached says where that key works. Any goroutine may call it.
func (u *UI) Reached(r desk.Reach) { u.cfg.Dispatch(func() { u.speech.Reached(r) }) }

// ChooseTalkKey implements settings.Actions: the next key that is pressed is taken.
func (a settingUp) ChooseTalkKey(on bool) {
	a.state.Setup.Choosing, a.state.Setup.Unfit = on, ""
	a.refresh()
}

// choose takes a pressed key, if one is being chosen. Escape keeps the one before.
func (u talking) choose(name fyne.KeyName) (taken bool) {
	if !u.state.Setup.Choosing {
		return false
	}
	if name == fyne.KeyEscape {
		settingUp{u.presses, u.around}.ChooseTalkKey(false)
		return true
	}
	if chosen, ok := u.speech.Choose(name); ok {
		u.set.TalkKey = chosen
		u.save()
	}
	u.refresh()
	return true
}
