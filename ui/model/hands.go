package model

import (
	"slices"
	"time"

	"foyer/engine/call"
)

// CommandHand is the word of RaiseHand, by which its failure is known.
const CommandHand = "hand"

// Hands are the raised hands of the room, in everybody's order.
type Hands struct {
	All []call.Hand

	pending, want bool // ours: a command is under way
}

// Place is where somebody stands in the order, from 1; 0: no hand of theirs is up.
func (h Hands) Place(id call.Identity) int {
	return 1 + slices.IndexFunc(h.All, func(hand call.Hand) bool { return hand.ID == id })
}

// Gestures is what the state says of hands, of reactions, and of how loud people are
// for us.
type Gestures struct{ *State }

// HandUp reports whether our hand is up, or is being raised.
func (s Gestures) HandUp() bool {
	me := s.Self()
	switch {
	case me == nil:
		return false
	case s.Hands.pending:
		return s.Hands.want
	default:
		return s.Hands.Place(me.ID) > 0
	}
}

// AskHand records a command that will raise our hand or lower it.
func (s Gestures) AskHand(up bool) { s.Hands.pending, s.Hands.want = true, up }

// handsChanged takes over the hands. Those who moderate are told of a new one.
func (s Gestures) handsChanged(v call.HandsChanged, at time.Time) {
	me := s.Self()
	if !s.InRoom() || me == nil {
		return
	}
	before := s.Hands
	s.Hands.All = slices.Clone(v.Hands)
	if s.Hands.want == (s.Hands.Place(me.ID) > 0) {
		s.Hands.pending = false
	}
	others, fresh := 0, call.Identity("")
	for _, h := range v.Hands {
		if h.ID == me.ID {
			continue
		}
		others++
		if before.Place(h.ID) == 0 {
			fresh = h.ID
		}
	}
	switch {
	case !s.Standing.Role.Moderates():
	case fresh != "":
		s.Withdraw(NoticeHand) // one card, however many hands there are
		s.Notify(Notice{At: at, Kind: NoticeHand, Name: s.nameOf(fresh), Count: others})
	case others == 0:
		s.Withdraw(NoticeHand)
	}
}

// ReactionFor is how long a reaction is shown.
const ReactionFor = 3 * time.Second

// maxReactions is how often the same reaction of somebody counts.
const maxReactions = 99

// Reacting is a reaction that is shown at somebody.
type Reacting struct {
	Reaction call.Reaction
	Count    int // in a row
	At       time.Time
}

func (s Gestures) reacted(v call.Reacted, at time.Time) {
	if !s.InRoom() || s.person(v.ID) == nil {
		return
	}
	now := Reacting{Reaction: v.Reaction, Count: 1, At: at}
	if was, shown := s.Reactions[v.ID]; shown && was.Reaction == v.Reaction {
		now.Count = min(was.Count+1, maxReactions)
	}
	s.Reactions[v.ID] = now
}

// FadeReactions takes away reactions that have been shown for long enough, and
// reports whether there were any.
func (s Gestures) FadeReactions(now time.Time) (faded bool) {
	for id, r := range s.Reactions {
		if now.Sub(r.At) >= ReactionFor {
			delete(s.Reactions, id)
			faded = true
		}
	}
	return faded
}

// Tally is how many people show a reaction.
type Tally struct {
	Reaction call.Reaction
	People   int
}

// Tallies counts the reactions that are shown, in the order in which they are
// offered.
func (s Gestures) Tallies() []Tally {
	count := map[call.Reaction]int{}
	for _, r := range s.Reactions {
		count[r.Reaction]++
	}
	var all []Tally
	for _, r := range call.Reactions() {
		if count[r] > 0 {
			all = append(all, Tally{r, count[r]})
		}
	}
	return all
}

// Volume is how loud somebody is played, in percent of what they send.
func (s Gestures) Volume(id call.Identity) int {
	if percent, set := s.Volumes[id]; set {
		return percent
	}
	return 100
}

// volumeChanged keeps, for somebody who is silent now, how loud they were.
func (s Gestures) volumeChanged(v call.VolumeChanged) {
	if !s.InRoom() {
		return
	}
	if was := s.Volume(v.ID); v.Percent == 0 && was > 0 {
		s.louder[v.ID] = was
	}
	s.Volumes[v.ID] = v.Percent
}

// Louder is how loud somebody who is silent only for us was before.
func (s Gestures) Louder(id call.Identity) int {
	if percent, known := s.louder[id]; known {
		return percent
	}
	return 100
}

// reset is for a stay that begins or is over.
func (s Gestures) reset() {
	s.Hands = Hands{}
	s.Reactions = map[call.Identity]Reacting{}
	s.Volumes, s.louder = map[call.Identity]int{}, map[call.Identity]int{}
}
