package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/video"
)

// talkKey lets us speak while it is held.
const talkKey = fyne.KeySpace

// talking is the part of the window that lets us speak while a key is held.
type talking struct{ *UI }

// talk is what is known of the key that lets us speak while it is held.
type talk struct {
	repeats  bool      // the keyboard repeats the key
	repeated time.Time // when it did last
}

// repeatGap is how long a key that repeats may be silent before it counts as
// released. A window manager that takes the keyboard, for Alt and Tab, takes the
// release too, and may give the window nothing that says so.
const (
	repeatGap     = 1500 * time.Millisecond
	repeatSoonest = 100 * time.Millisecond // after the press
)

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
	if k.Name == talkKey {
		u.hold()
	}
}

func (u talking) keyUp(k *fyne.KeyEvent) {
	if k.Name == talkKey {
		u.release()
	}
}

// hold turns the microphone on if we have muted it, for as long as the key is held.
func (u talking) hold() {
	if u.closed || u.state.Talk.Held || !u.mayTalk() || !model.MutedByUs(u.state) {
		return
	}
	u.toggleInRoom(call.SourceMicrophone, u.set.Microphone)
	u.state.Talk.Held = u.micOn()
	u.talk = talk{repeated: u.cfg.Now()}
	u.refresh()
}

// release ends that, whatever the reason.
func (u talking) release() {
	if u.end() {
		u.refresh()
	}
}

func (u talking) end() bool {
	if u.closed || !u.state.Talk.Held {
		return false
	}
	u.state.Talk.Held = false
	if u.state.InRoom() && u.micOn() {
		u.toggleInRoom(call.SourceMicrophone, u.set.Microphone)
	}
	return true
}

func (u talking) micOn() bool { return u.state.Local[call.SourceMicrophone].On() }

// mayTalk reports whether the key is the window's: no field, menu or question has the
// keyboard, and we stay in the room.
func (u talking) mayTalk() bool {
	s, c := u.state, u.win.Canvas()
	if u.outside.away() || !s.InRoom() || s.Switch != nil || s.Switching.Between() || c.Overlays().Top() != nil {
		return false
	}
	if s.Engine != call.StateJoined && s.Engine != call.StateReconnecting {
		return false
	}
	_, tile := c.Focused().(*video.StageTile)
	return c.Focused() == nil || tile
}

// repeat records that the keyboard repeats the key.
func (u talking) repeat(now time.Time) {
	if u.state.Talk.Held {
		// The press itself comes as a typed key, too.
		u.talk.repeats = u.talk.repeats || now.Sub(u.talk.repeated) > repeatSoonest
		u.talk.repeated = now
	}
}

// settle ends what the key does where it cannot go on, and listens whether we
// talk while we are muted. It reports whether the window has to be shown anew.
func (u talking) settle(now time.Time) (changed bool) {
	lost := u.talk.repeats && now.Sub(u.talk.repeated) > repeatGap
	if u.state.Talk.Held && (lost || !u.mayTalk() || !u.micOn()) {
		changed = u.end()
	}
	level := u.state.Previews[call.SourceMicrophone].Level
	if level == nil || !model.MutedByUs(u.state) || u.state.Engine != call.StateJoined {
		return u.state.Talk.Quiet() || changed
	}
	return u.state.Talk.Hear(level(), now) || changed
}
