package roster

import (
	"cmp"
	"slices"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// maxRenamed is how many people of one name are told apart anew when one of them
// comes or goes. Past it those who are there keep what they are called.
const maxRenamed = 64

// noteName notes what the server says that somebody is called.
func (p *person) noteName() {
	p.given = p.Name
	p.key = lookalike.Key(cmp.Or(p.given, call.ShownID(p.Identity)))
}

// enlist gives somebody new a name that nobody else has, and reports who is
// called something else now. Everybody comes to the same names: first come, first
// served. A Foyer door has told people apart already, by names that stay; this is
// for servers without one, and for people who are renamed in the room.
func (r *Roster) enlist(p *person) []call.SessionEvent {
	r.lookAlikes[p.key] = append(r.lookAlikes[p.key], p)
	return r.tellApart(p.key, p)
}

// delist frees the name of somebody who has gone.
func (r *Roster) delist(p *person) []call.SessionEvent {
	left := slices.DeleteFunc(r.lookAlikes[p.key], func(o *person) bool { return o == p })
	if len(left) == 0 {
		delete(r.lookAlikes, p.key)
		return nil
	}
	r.lookAlikes[p.key] = left
	return r.tellApart(p.key, nil)
}

// tellApart names the people of a key in the order in which they joined. It returns
// updates for those whose name changed, except fresh, who is reported later.
func (r *Roster) tellApart(key string, fresh *person) (events []call.SessionEvent) {
	alike, taken := r.lookAlikes[key], map[string]bool{}
	if len(alike) > maxRenamed {
		if fresh == nil {
			return nil
		}
		for _, p := range alike {
			if p != fresh {
				taken[p.skeleton] = true
			}
		}
		fresh.name(taken)
		return nil
	}
	slices.SortFunc(alike, func(a, b *person) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.SID, b.SID))
	})
	for _, p := range alike {
		before := p.Name
		p.name(taken)
		taken[p.skeleton] = true
		switch {
		case p == r.me:
			r.self.Name = p.Name
		case p != fresh && p.Name != before:
			events = append(events, call.ParticipantUpdated{Participant: p.copy()})
		}
	}
	return events
}

// name makes p's name one that is not taken. Without a given name, the ID is shown; p
// stays without a name if the ID is visible and is nobody's name.
func (p *person) name(taken map[string]bool) {
	isTaken := func(skeleton string) bool { return taken[skeleton] }
	p.Name = lookalike.TellApart(cmp.Or(p.given, call.ShownID(p.Identity)), isTaken)
	p.skeleton = lookalike.Skeleton(p.Name)
	if p.given == "" && p.Name == string(p.Identity) {
		p.Name = ""
	}
}
