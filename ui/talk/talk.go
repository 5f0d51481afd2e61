// Package talk lets the user speak while a key is held: Space or a chosen key in
// Foyer's window, and the chosen key in every window, where the desktop gives it.
//
// Except for Everywhere, everything belongs to Fyne's main goroutine.
package talk

import (
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/model"
	"foyer/ui/video"
)

// Space is the key that speaks in Foyer's window whatever was chosen.
const Space = fyne.KeySpace

// Window is what the key needs of the window.
type Window interface {
	State() *model.State
	Canvas() fyne.Canvas
	Now() time.Time
	Away() bool   // nobody looks at the window
	Closed() bool // the window is
	ToggleMic()   // in the room
	Refresh()

	Dispatch(f func()) // to the main goroutine; any goroutine may call it
	Mute()             // gives the engine the command; any goroutine may call it
}

// Key is what is known of the key.
type Key struct {
	w    Window
	asks desk.TalkKey // what the desktop was asked for

	by       holder       // who holds it; what the user sees is in the state
	room     call.RoomID  // in which it was pressed
	name     fyne.KeyName // of the key that is held in Foyer's window
	repeats  bool         // the keyboard repeats the key
	repeated time.Time    // when it did last

	open atomic.Bool // the microphone is, by the key of every window
}

// holder is where a key is held from.
type holder int

const (
	here       holder = iota // Foyer's window
	everywhere               // whatever window
)

// New returns a key that nobody holds.
func New(w Window) *Key { return &Key{w: w} }

// How long a key that repeats may be silent before it counts as released. A window
// manager that takes the keyboard, for Alt and Tab, takes the release too, and may
// give the window nothing that says so.
const (
	repeatGap     = 1500 * time.Millisecond
	repeatSoonest = 100 * time.Millisecond // after the press
)

// Down is a press in Foyer's window.
func (k *Key) Down(name fyne.KeyName) {
	if k.is(name) && k.hold(here) {
		k.name = name
	}
}

// Up is a release there. The key that is held may be none to speak with any more.
func (k *Key) Up(name fyne.KeyName) {
	if k.by == here && name == k.name {
		k.Release()
	}
}

// is reports whether the window gets a key to speak with: the chosen one, as long as
// the desktop does not give it to us everywhere.
func (k *Key) is(name fyne.KeyName) bool {
	return name == Space || name == k.asks.Name && name != "" && k.w.State().Talk.Reach.Stage != desk.ReachEverywhere
}

// hung is how long the window may take for a release of the key.
const hung = time.Second

// Everywhere is a press of the key of every window, or its release. A window that
// hangs keeps no microphone open. Any goroutine may call it.
func (k *Key) Everywhere(down bool) {
	taken := make(chan struct{})
	k.w.Dispatch(func() {
		defer close(taken)
		switch {
		case down && k.asks.Name != "":
			k.hold(everywhere)
		case !down && k.by == everywhere:
			k.Release()
		}
	})
	if down {
		return
	}
	late := time.NewTimer(hung)
	defer late.Stop()
	select {
	case <-taken:
	case <-late.C:
		if k.open.Load() {
			k.w.Mute()
		}
	}
}

// hold turns the microphone on if we have muted it, for as long as the key is held.
// It reports whether the key is held now.
func (k *Key) hold(by holder) bool {
	s := k.w.State()
	if k.w.Closed() || s.Talk.Held || !k.may(by) || !model.MutedByUs(s) {
		return false
	}
	k.w.ToggleMic()
	s.Talk.Held = k.micOn()
	k.open.Store(s.Talk.Held && by == everywhere)
	k.by, k.room, k.repeats, k.repeated = by, s.Room.ID, false, k.w.Now()
	k.w.Refresh()
	return s.Talk.Held
}

// Release ends that, whatever the reason.
func (k *Key) Release() {
	if k.end() {
		k.w.Refresh()
	}
}

func (k *Key) end() bool {
	s := k.w.State()
	if k.w.Closed() || !s.Talk.Held {
		return false
	}
	s.Talk.Held = false
	k.open.Store(false)
	if s.InRoom() && k.micOn() {
		k.w.ToggleMic()
	}
	return true
}

func (k *Key) micOn() bool { return k.w.State().Local[call.SourceMicrophone].On() }

// stays reports whether we stay in a room. While another one is asked to let us in,
// which may take long, we do.
func (k *Key) stays() bool {
	s := k.w.State()
	return s.InRoom() && !s.Switching.Between() &&
		(s.Engine == call.StateJoined || s.Engine == call.StateReconnecting)
}

// may reports whether the key can be held. One of Foyer's window has to be the
// window's: no field, menu or question has the keyboard.
func (k *Key) may(by holder) bool {
	if !k.stays() || by == everywhere {
		return k.stays()
	}
	c := k.w.Canvas()
	_, tile := c.Focused().(*video.StageTile)
	return !k.w.Away() && c.Overlays().Top() == nil && (c.Focused() == nil || tile)
}

// Repeat records that the keyboard repeats the key that is held in Foyer's window.
func (k *Key) Repeat(name fyne.KeyName) {
	if k.w.State().Talk.Held && k.by == here && name == k.name {
		// The press itself comes as a typed key, too.
		now := k.w.Now()
		k.repeats = k.repeats || now.Sub(k.repeated) > repeatSoonest
		k.repeated = now
	}
}

// Settle ends what the key does where it cannot go on, and listens whether we
// talk while we are muted. It reports whether the window has to be shown anew.
func (k *Key) Settle() (changed bool) {
	s, now := k.w.State(), k.w.Now()
	lost := k.by == here && k.repeats && now.Sub(k.repeated) > repeatGap
	if s.Talk.Held && (lost || !k.may(k.by) || !k.micOn() || k.room != s.Room.ID) {
		changed = k.end()
	}
	if !s.Talk.Held { // the end of a stay forgets it
		k.open.Store(false)
	}
	level := s.Previews[call.SourceMicrophone].Level
	if level == nil || !model.MutedByUs(s) || s.Engine != call.StateJoined {
		return s.Talk.Quiet() || changed
	}
	return s.Talk.Hear(s.Previews[call.SourceMicrophone].Spoken(), now) || changed
}
