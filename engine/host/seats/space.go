package seats

import (
	"foyer/engine/call"
	"foyer/engine/host/register"
)

// MaxSelves is how many identities of one installation are in a room at a time:
// somebody may try a room with a few windows, and fills it with no more.
const MaxSelves = 5

// Entrant is somebody who wants to be in a room.
type Entrant struct {
	Identity call.Identity
	Key      []byte // of the installation; nil: none
	Name     string
	Member   register.Member // as far as known
	LetIn    bool            // by a host, or does not have to wait
	Again    bool            // joins anew by itself, after its connection was lost
}

// Check decides whether somebody may have a place: here is who is in the room, if
// anybody looked, others are the members of the same installation.
func Check(
	rules register.Rules, e Entrant, others []register.Member, here map[call.Identity]bool, now Occupancy,
) error {
	if err := checkSpace(rules, e, here, now.Open); err != nil {
		return err
	}
	return checkSelves(e, others, here, now)
}

// checkSelves limits how many identities of an installation are in a room.
func checkSelves(e Entrant, others []register.Member, here map[call.Identity]bool, now Occupancy) error {
	if here[e.Identity] || now.Open[e.Identity] > 0 {
		return nil
	}
	n := len(now.Mine)
	for _, m := range others {
		if here[m.Identity] && now.Mine[m.Identity] == 0 {
			n++
		}
	}
	if n >= MaxSelves {
		return call.ErrManyIdentities
	}
	return nil
}

// checkSpace decides whether there is room for somebody. Hosts and co-hosts come
// into a room that they have locked.
func checkSpace(rules register.Rules, e Entrant, here map[call.Identity]bool, open map[call.Identity]int) error {
	inside := here[e.Identity] || open[e.Identity] > 0
	// Without a key, a returning member proves nothing: anybody could claim to be them.
	back := e.Again && e.Member.Key != nil &&
		(e.Member.Presence == call.PresenceOffline || e.Member.Presence == call.PresenceOnline)
	if rules.Locked && !inside && !back && !e.Member.Role.Moderates() {
		return call.ErrRoomLocked
	}
	if rules.RefuseNewcomer && here[e.Identity] && open[e.Identity] > 0 && !e.Again {
		return call.ErrAlreadyHere
	}
	if rules.MaxMembers != 0 && !inside && count(here, open) >= rules.MaxMembers {
		return call.ErrRoomFull
	}
	// People inside were let in. A removal ends that before the connection goes.
	if rules.Waiting && !back && !e.LetIn && !e.Member.Role.Moderates() {
		return call.ErrWaiting
	}
	return nil
}

// count is how many people are in a room, or on the way into it.
func count(here map[call.Identity]bool, open map[call.Identity]int) int {
	people := len(here)
	for identity := range open {
		if !here[identity] {
			people++
		}
	}
	return people
}
