// Package roster is the list of the people in a room, as its engine keeps it.
package roster

import (
	"slices"

	"foyer/engine/call"
)

// Roster is everybody in the room except ourselves, in the order of their
// coming. Its participants are never changed in place: events carry them. One
// goroutine uses a Roster.
type Roster struct {
	people []call.Participant
	at     map[call.Identity]int // where somebody is in people
}

// List returns all of them, for events.
func (r *Roster) List() []call.Participant { return slices.Clone(r.people) }

// Len is how many they are.
func (r *Roster) Len() int { return len(r.people) }

// Has reports whether somebody is one of them.
func (r *Roster) Has(id call.Identity) bool { return r.index(id) >= 0 }

func (r *Roster) index(id call.Identity) int {
	if i, known := r.at[id]; known {
		return i
	}
	return -1
}

// Get returns one of them.
func (r *Roster) Get(id call.Identity) (call.Participant, bool) {
	if i := r.index(id); i >= 0 {
		return r.people[i], true
	}
	return call.Participant{}, false
}

// Replace makes the roster exactly what the server listed; of an identity that
// is listed twice the last counts.
func (r *Roster) Replace(people []call.Participant) {
	r.people, r.at = nil, nil
	for _, p := range people {
		r.Put(p)
	}
}

// Put adds p or replaces who has its identity. before is who was replaced.
func (r *Roster) Put(p call.Participant) (before call.Participant, replaced bool) {
	p.Tracks = slices.Clone(p.Tracks)
	i := r.index(p.Identity)
	if i < 0 {
		if r.at == nil {
			r.at = make(map[call.Identity]int)
		}
		r.at[p.Identity] = len(r.people)
		r.people = append(r.people, p)
		return call.Participant{}, false
	}
	before, r.people[i] = r.people[i], p
	return before, true
}

// Remove takes p out, unless the identity is in the room with another SID by
// now: then the leaving is an earlier join's (contract K3).
func (r *Roster) Remove(p call.Participant) bool {
	i := r.index(p.Identity)
	if i < 0 || p.SID != "" && r.people[i].SID != p.SID {
		return false
	}
	r.people = slices.Delete(r.people, i, i+1)
	delete(r.at, p.Identity)
	for ; i < len(r.people); i++ {
		r.at[r.people[i].Identity] = i
	}
	return true
}

// Track puts or takes away an announced track.
func (r *Roster) Track(id call.Identity, t call.Track, there bool) bool {
	i := r.index(id)
	if i < 0 {
		return false
	}
	tracks := slices.DeleteFunc(slices.Clone(r.people[i].Tracks), func(o call.Track) bool { return o.SID == t.SID })
	if there {
		tracks = append(tracks, t)
	}
	r.people[i].Tracks = tracks
	return true
}

// HasTrack reports whether somebody has announced a track.
func (r *Roster) HasTrack(sid call.SID) bool {
	return slices.ContainsFunc(r.people, func(p call.Participant) bool {
		return slices.ContainsFunc(p.Tracks, func(t call.Track) bool { return t.SID == sid })
	})
}
