package roster

import (
	"fmt"
	"slices"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// who is somebody who came at a time and calls themselves something.
func who(id, name string, joined int64) *livekit.ParticipantInfo {
	return &livekit.ParticipantInfo{Identity: id, Sid: "PA_" + id, Name: name, JoinedAt: joined, JoinedAtMs: joined * 1000, Version: 1}
}

func (r *Roster) calledAll() map[call.Identity]string {
	all := map[call.Identity]string{r.self.Identity: r.self.Name}
	for id, p := range r.people {
		all[id] = p.Name
	}
	return all
}

// Everybody in the room, in whatever order the news reaches them, comes to the
// same names, and no two of them look alike.
func TestLookAlikesAreToldApartTheSameEverywhere(t *testing.T) {
	room := []*livekit.ParticipantInfo{
		who("a", "Paul", 1), who("b", "paul\u200b", 2), who("c", "Рaul", 3), who("d", "Paul (2)", 4), who("e", "", 5), who("f", "e", 6), who("g", "\u3164", 7), who("h\u2060", "", 8),
	}
	want := map[call.Identity]string{"a": "Paul", "b": "paul (2)", "c": "Рaul (3)", "d": "Paul (4)", "e": "", "f": "e (2)", "g": "", "h\u2060": "hU+2060"}
	for self := range room {
		var others []*livekit.ParticipantInfo
		for i := range room {
			if at := (i*5 + self) % len(room); at != self {
				others = append(others, room[at])
			}
		}
		r := New(&livekit.JoinResponse{Participant: room[self], OtherParticipants: others[:3]}, false, false)
		for _, p := range others[3:] {
			r.Apply(p)
		}
		if got := r.calledAll(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s sees %v, want %v", room[self].GetIdentity(), got, want)
		}
	}
}

func TestLookAlikesComeAndGo(t *testing.T) {
	r := New(&livekit.JoinResponse{Participant: who("me", "Me", 1)}, false, false)
	told := func(events []call.SessionEvent) (all []string) {
		for _, e := range events {
			switch e := e.(type) {
			case call.ParticipantJoined:
				all = append(all, "joined "+e.Participant.Name)
			case call.ParticipantUpdated:
				all = append(all, "updated "+e.Participant.Name)
			case call.ParticipantLeft:
				all = append(all, "left "+e.Participant.Name)
			}
		}
		return all
	}
	gone := func(id, name string, joined int64) *livekit.ParticipantInfo {
		p := who(id, name, joined)
		p.State = livekit.ParticipantInfo_DISCONNECTED
		return p
	}
	renamed := func(id, name string, joined int64) *livekit.ParticipantInfo {
		p := who(id, name, joined)
		p.Version = 2
		return p
	}
	for i, step := range []struct {
		news *livekit.ParticipantInfo
		want []string
	}{
		{who("b", "Ann", 3), []string{"joined Ann"}},
		{who("c", "ann", 4), []string{"joined ann (2)"}},
		{who("a", "Ann", 2), []string{"joined Ann", "updated Ann (2)", "updated ann (3)"}}, // the server is late with its news
		{renamed("c", "Me", 4), []string{"updated Me (2)"}},
		{gone("a", "Ann", 2), []string{"left Ann", "updated Ann"}},
		{renamed("b", "ANN", 3), []string{"updated ANN"}},
		{gone("c", "Me", 4), []string{"left Me (2)"}},
	} {
		if got := told(r.Apply(step.news)); !slices.Equal(got, step.want) {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	if len(r.lookAlikes) != 2 {
		t.Errorf("names that nobody has are kept: %v", r.lookAlikes)
	}
}

// A crowd of one name costs no more than it must, and is told apart.
func TestCrowdOfOneName(t *testing.T) {
	r := New(&livekit.JoinResponse{Participant: who("me", "x", 0)}, false, false)
	const crowd = 300
	for i := range crowd {
		r.Apply(who(fmt.Sprint(i), "x", int64(i+1)))
	}
	seen := map[string]bool{}
	for id, name := range r.calledAll() {
		if seen[lookalike.Skeleton(name)] {
			t.Fatalf("%s is called %q as somebody else is", id, name)
		}
		seen[lookalike.Skeleton(name)] = true
	}
}
