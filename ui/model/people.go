package model

import (
	"strings"
	"time"

	"foyer/engine/call"
)

// Person is somebody in the room.
type Person struct {
	ID          call.Identity
	SID         call.SID
	Name        string
	Self        bool
	Lost        bool
	MutedByHost bool      // by the host: they neither speak nor write
	Role        call.Role // empty if the server does not say
	Speaking    bool
	Level       float32
	Began       time.Time // when they began to speak, this time or the last one
	Silent      time.Time // when they stopped the last time
	Quality     call.Quality
	Tracks      map[call.SID]call.Track
	Slots       map[call.SID]*call.FrameSlot // of subscribed video tracks
}

func newPerson(p call.Participant, self bool) *Person {
	person := &Person{Self: self, Slots: map[call.SID]*call.FrameSlot{}}
	person.update(p)
	return person
}

// update takes over what is known of a participant and keeps the frames of
// the tracks that are still announced.
func (p *Person) update(from call.Participant) {
	p.ID, p.SID, p.Name, p.Lost, p.MutedByHost = from.Identity, from.SID, from.Name, from.Lost, from.Muted
	p.Role = from.Role
	p.Tracks = make(map[call.SID]call.Track, len(from.Tracks))
	for _, t := range from.Tracks {
		p.Tracks[t.SID] = t
	}
	for sid := range p.Slots {
		if _, announced := p.Tracks[sid]; !announced {
			delete(p.Slots, sid)
		}
	}
}

func (p *Person) track(s call.Source) (call.Track, bool) {
	for _, t := range p.Tracks {
		if t.Source == s {
			return t, true
		}
	}
	return call.Track{}, false
}

// DisplayName returns the name, or the ID if there is no name.
func (p *Person) DisplayName() string {
	if name := strings.TrimSpace(p.Name); name != "" {
		return name
	}
	return call.ShownID(p.ID)
}

// Tile is one rectangle of the room's grid: a person, or a screen that they share.
type Tile struct {
	ID       call.Identity
	Source   call.Source // camera or screen
	Name     string
	Self     bool
	Slot     *call.FrameSlot // nil: initials
	Track    call.SID        // remote video only
	MicMuted bool
	Speaking bool
	Lost     bool
	Quality  call.Quality
	Hand     int // place among the raised hands, from 1
	Reacting Reacting
}

// Key identifies a tile.
func (t Tile) Key() string { return t.Source.String() + " " + string(t.ID) }

// Tiles lists the grid: screens that others share first, then ourselves with a
// still for the screen that we share, then the others as they came.
func (s *State) Tiles() []Tile {
	var screens, faces []Tile
	for _, p := range s.People {
		faces = append(faces, s.face(p))
		if p.Self {
			if s.Local[call.SourceScreen].Published { // its frames would hold themselves
				faces = append(faces, Tile{ID: p.ID, Source: call.SourceScreen, Name: p.DisplayName(), Self: true})
			}
			continue
		}
		if t, ok := p.track(call.SourceScreen); ok && !t.Muted && p.Slots[t.SID] != nil {
			screens = append(screens, Tile{
				ID: p.ID, Source: call.SourceScreen, Name: p.DisplayName(), Slot: p.Slots[t.SID], Track: t.SID, Lost: p.Lost,
			})
		}
	}
	return append(screens, faces...)
}

// ComingScreens lists the shared screens that have no tile yet: it comes with
// their first frame.
func (s *State) ComingScreens() []call.SID {
	var coming []call.SID
	for _, p := range s.People {
		if t, ok := p.track(call.SourceScreen); ok && !p.Self && !t.Muted && p.Slots[t.SID] == nil {
			coming = append(coming, t.SID)
		}
	}
	return coming
}

// RemoteVideos has the video tracks that others have announced.
func (s *State) RemoteVideos() map[call.SID]bool {
	videos := map[call.SID]bool{}
	for _, p := range s.People {
		for sid, t := range p.Tracks {
			if !p.Self && t.Kind == call.KindVideo {
				videos[sid] = true
			}
		}
	}
	return videos
}

func (s *State) face(p *Person) Tile {
	tile := Tile{
		ID: p.ID, Source: call.SourceCamera, Name: p.DisplayName(), Self: p.Self,
		Speaking: p.Speaking && !p.Lost, Lost: p.Lost, Quality: p.Quality,
		Hand: s.Hands.Place(p.ID), Reacting: s.Reactions[p.ID],
	}
	if p.Self {
		tile.MicMuted = !s.Local[call.SourceMicrophone].On()
		if s.Local[call.SourceCamera].On() && s.Setup.Page != PageDevices { // which shows it in our place
			tile.Slot = s.Previews[call.SourceCamera].Slot
		}
		return tile
	}
	mic, ok := p.track(call.SourceMicrophone)
	tile.MicMuted = !ok || mic.Muted
	if t, ok := p.track(call.SourceCamera); ok {
		tile.Track = t.SID
		// Never a frozen face: lost and muted people show initials.
		if !t.Muted && !p.Lost {
			tile.Slot = p.Slots[t.SID]
		}
	}
	return tile
}

// Self is ourselves in the room, nil outside.
func (s *State) Self() *Person {
	for _, p := range s.People {
		if p.Self {
			return p
		}
	}
	return nil
}

func (s *State) person(id call.Identity) *Person {
	for _, p := range s.People {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (s *State) remove(id call.Identity) {
	delete(s.selected, id)
	kept := s.People[:0:0]
	for _, p := range s.People {
		if p.ID != id || p.Self {
			kept = append(kept, p)
		}
	}
	s.People = kept
}

// replaceRoster is Joined's and RoomUpdated's list. People who stay keep their places.
func (s *State) replaceRoster(self call.Participant, others []call.Participant) {
	before := s.People
	s.People = nil
	me := newPerson(self, true)
	s.People = append(s.People, me)
	in := make(map[call.Identity]call.Participant, len(others))
	for _, p := range others {
		if p.Identity != self.Identity {
			s.Room.firstOutside(p, newPerson(p, false).DisplayName())
			in[p.Identity] = p
		}
	}
	for _, old := range before {
		if p, ok := in[old.ID]; ok && !old.Self {
			if old.SID != p.SID {
				old = newPerson(p, false)
			}
			old.update(p)
			s.People = append(s.People, old)
			delete(in, p.Identity)
		}
	}
	for _, p := range others {
		if q, ok := in[p.Identity]; ok {
			s.People = append(s.People, newPerson(q, false))
			delete(in, p.Identity)
		}
	}
}
