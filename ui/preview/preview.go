// Package preview decides what of ours is open beside what a room gets: previews, before
// a stay and while one is being begun, and a camera that is off and looked at in the
// settings. It also turns camera and microphone on and off, wherever we are: what was
// chosen last is what the next stay begins with, whether or not it is being begun
// already.
//
// Everything belongs to Fyne's main goroutine.
package preview

import (
	"errors"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/saved"
)

// Window is what is needed of the window.
type Window interface {
	State() *model.State
	Settings() *saved.Settings
	Seen() bool // it has been drawn, and is not minimized

	Command(c engine.Command) error                        // gives it to the engine
	Refuse(c engine.Command, about call.Source, err error) // says that it was refused
}

// Previews are ours.
type Previews struct {
	w      Window
	before bool // no stay has begun yet
	tried  bool // the settings have opened a camera that is off in the room
}

// New returns previews of which none is open.
func New(w Window) *Previews { return &Previews{w: w} }

// Settle opens what the user wants to see and hear before a stay, where the screen
// shows it, and closes what it does not show. It is called whenever the screen is: no
// other place opens or closes a preview for the sake of a screen. While a stay is being
// begun nothing else is open, and in one the devices are the engine's. Until the user
// has asked once, and until the window has been drawn, nothing is opened; nor while it
// is minimized, since no page is shown then.
func (p *Previews) Settle() {
	s, set := p.w.State(), p.w.Settings()
	if s.InRoom() {
		p.handOver()
		p.SettleTry()
		return
	}
	p.before, p.tried = true, false // a stay's end has closed it
	shown := p.w.Seen() && s.Setup.ShowsPreview(s.Screen)
	p.settle(call.SourceCamera, shown && (set.Asked && set.CameraOn || s.Setup.Try))
	p.settle(call.SourceMicrophone, shown && set.Asked && !set.MicOff)
}

// handOver closes what the stay that has begun does not show. The stay has closed that
// itself, unless it had begun when the screen, which did not know, asked for it.
func (p *Previews) handOver() {
	if !p.before {
		return
	}
	p.before = false
	for _, source := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		if !p.w.State().Local[source].On() {
			p.Stop(source)
		}
	}
}

// SettleTry does the same for a camera that is off in a room, and that the user
// looks at in the settings.
func (p *Previews) SettleTry() {
	s := p.w.State()
	inside := s.Engine == call.StateJoined || s.Engine == call.StateReconnecting
	between := s.Engine == call.StateJoining || s.Engine == call.StateWaiting
	looks := s.Setup.Try && p.w.Seen() && s.Trouble[call.SourceCamera] == nil
	switch {
	case inside && s.Local[call.SourceCamera].On():
		p.tried = false // the room sees it: the engine has made it the stay's
	case inside && looks:
		p.Start(call.SourceCamera, p.w.Settings().Camera)
		p.tried = true
	case (inside || between) && p.tried && !looks:
		p.tried = false
		p.Stop(call.SourceCamera)
	}
}

func (p *Previews) settle(source call.Source, wanted bool) {
	s := p.w.State()
	switch {
	case !wanted:
		p.Stop(source)
	case s.Trouble[source] != nil: // the user decides whether to try again
	case opens(s):
		p.Start(source, p.w.Settings().Device(source))
	}
}

// opens reports whether a preview may open: not while a stay ends, as the next page may
// show none, nor when one has begun whose page is about to be shown.
func opens(s *model.State) bool {
	if s.Busy() {
		return s.Engine == call.StateJoining || s.Engine == call.StateWaiting
	}
	return s.Engine == call.StateIdle
}

// Start opens a preview, if it is not open.
func (p *Previews) Start(source call.Source, device string) {
	s := p.w.State()
	if _, open := s.Previews[source]; open || s.Opening[source] || device == call.DeviceNone {
		return
	}
	c := engine.StartPreview{Source: source, Device: device}
	switch err := p.w.Command(c); {
	case err == nil:
		s.AskPreview(source)
	case errors.Is(err, call.ErrBadArgument) && !s.InRoom():
		// The stay has begun, or ends: we are about to be told.
	default:
		p.w.Refuse(c, source, err)
	}
}

// Stop closes a preview, if it is open. What a stay shows remains open.
func (p *Previews) Stop(source call.Source) {
	s := p.w.State()
	if _, open := s.Previews[source]; !open && !s.Opening[source] {
		return
	}
	c := engine.StopPreview{Source: source}
	err := p.w.Command(c)
	if errors.Is(err, call.ErrBadArgument) {
		return
	}
	delete(s.Opening, source)
	delete(s.Previews, source) // what is off shows nothing any more
	if err != nil {
		p.w.Refuse(c, source, err)
	}
}
