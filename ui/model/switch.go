package model

import (
	"errors"
	"time"

	"foyer/engine/call"
)

// commandSwitch is the word of the command that goes to another room.
const commandSwitch = "switch"

// Switching is what the state says of going from room to room.
type Switching struct{ *State }

// BeginSwitch records an accepted SwitchRoom: the other room's door is asked, and
// until it has answered the stay goes on.
func (s Switching) BeginSwitch(a Attempt) { s.Switch = &a }

// Between reports whether we have left one room and are not in the next one yet.
func (s Switching) Between() bool { return s.InRoom() && s.Attempt.Active && s.Attempt.Back != nil }

// Revocable reports whether another room's door is asked, which can be taken back.
func (s Switching) Revocable() bool { return s.InRoom() && s.Switch != nil && s.Switch.Room != "" }

// Going is the room that we are on the way to, nil if to none.
func (s Switching) Going() *Attempt {
	switch {
	case s.Switch != nil:
		return s.Switch
	case s.Between():
		return &s.Attempt
	default:
		return nil
	}
}

// switchFailed records that the other door has not let us in, or that we have taken it
// back: we are where we were.
func (s Switching) switchFailed(v call.CommandFailed, at time.Time) bool {
	if v.Command != commandSwitch || s.Switch == nil {
		return false
	}
	s.Switch = nil
	if !errors.Is(v.Err, call.ErrCancelled) {
		s.Notify(Notice{At: at, Kind: NoticeFailed, Err: v.Err, Command: v.Command})
	}
	return true
}

// switched goes on to the other room. Ourselves, and what we show and play, come
// along; a screen does not: it was shown to the people of the room before.
func (s Switching) switched() {
	from := s.Attempt
	from.Back, from.Active = nil, false
	s.Attempt, s.Switch = *s.Switch, nil
	s.Attempt.Active, s.Attempt.Back = true, &from
	me := s.Self()
	s.People = nil
	if me != nil {
		me.Speaking, me.Level, me.Quality = false, 0, call.QualityUnknown
		s.People = []*Person{me}
	}
	s.Room, s.Standing = Room{ID: s.Attempt.Room, Title: s.Attempt.Title}, call.Standing{}
	delete(s.Local, call.SourceScreen)
	s.Notices = stickyServerNotices(s.Notices)
}

// carried is how a source of ours begins in the room that we have gone to.
func (s Switching) carried(source call.Source) Local {
	on := s.Local[source].On()
	for _, n := range s.Attempt.Failed {
		on = on && n.Source != source
	}
	return Local{Pending: on, Want: on}
}
