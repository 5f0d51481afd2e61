package model

import (
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// crowded is a room with us and some others, in which we have a role.
func crowded(role call.Role, others ...string) *State {
	s := New()
	var people []call.Participant
	for _, id := range others {
		people = append(people, call.Participant{Identity: call.Identity(id), SID: call.SID("PA_" + id), Name: id})
	}
	play(s, call.StateChanged{State: call.StateJoined}, call.Joined{
		Room: "r", Self: call.Participant{Identity: "me", SID: "PA_me", Name: "Me"}, Participants: people,
		Standing: call.Standing{Role: role},
	})
	s.Notices = nil
	return s
}

func play(s *State, events ...call.Event) {
	for _, e := range events {
		s.Apply(eventqueue.Stamped{At: time.Unix(1000, 0), Event: e})
	}
}

func up(ids ...call.Identity) (v call.HandsChanged) {
	for i, id := range ids {
		v.Hands = append(v.Hands, call.Hand{ID: id, At: int64(i + 1)})
	}
	return v
}

func listedNames(people []*Person) (all []string) {
	for _, p := range people {
		all = append(all, p.Name)
	}
	return all
}

// Hands come first in the list, in their order; tiles have the place; a host is told
// once, whatever comes, and not any more when all hands are down.
func TestHandsOfTheRoom(t *testing.T) {
	s := crowded(call.RoleHost, "anna", "ben", "cyd")
	play(s, up("cyd", "me", "anna"))
	if got := listedNames(s.Listed()); !slices.Equal(got, []string{"cyd", "Me", "anna", "ben"}) {
		t.Errorf("listed %v", got)
	}
	for _, tile := range s.Tiles() {
		if want := map[call.Identity]int{"cyd": 1, "me": 2, "anna": 3}[tile.ID]; tile.Hand != want {
			t.Errorf("the tile of %s has place %d", tile.ID, tile.Hand)
		}
	}
	if len(s.Notices) != 1 || s.Notices[0].Kind != NoticeHand || s.Notices[0].Name != "anna" || s.Notices[0].Count != 2 {
		t.Errorf("notices %+v", s.Notices)
	}
	play(s, up("cyd", "me", "anna", "ben"))
	if len(s.Notices) != 1 || s.Notices[0].Name != "ben" || s.Notices[0].Count != 3 {
		t.Errorf("another one: %+v", s.Notices)
	}
	play(s, up("me"))
	if len(s.Notices) != 0 || !s.Gestures.HandUp() {
		t.Errorf("all but ours are down: %+v", s.Notices)
	}
	guest := crowded(call.RoleParticipant, "anna")
	play(guest, up("anna"))
	if len(guest.Notices) != 0 {
		t.Errorf("a guest is told: %+v", guest.Notices)
	}
}

// Our hand is as we have asked for, until it is known.
func TestOurHandIsShownAtOnce(t *testing.T) {
	s := crowded(call.RoleParticipant, "anna")
	s.Gestures.AskHand(true)
	play(s, up("anna"))
	if !s.Gestures.HandUp() {
		t.Error("another one's hand takes ours back")
	}
	play(s, up("anna", "me"), up("anna"), call.HandLowered{})
	if s.Gestures.HandUp() || len(s.Notices) != 1 || s.Notices[0].Kind != NoticeHandLowered {
		t.Errorf("lowered by a host: %v, %+v", s.Gestures.HandUp(), s.Notices)
	}
	s.Gestures.AskHand(true)
	play(s, call.CommandFailed{Command: CommandHand, Err: call.ErrTooManyTries})
	if s.Gestures.HandUp() {
		t.Error("it is up though it was refused")
	}
	play(s, up("me"), call.Left{Reason: call.ReasonLeft})
	if s.Hands.All != nil || s.Gestures.HandUp() {
		t.Error("a hand outlives the stay")
	}
}

// Reactions count in a row, pass after three seconds, and are of people who are
// there.
func TestReactionsPass(t *testing.T) {
	s := crowded(call.RoleParticipant, "anna", "ben")
	for range 200 {
		play(s, call.Reacted{ID: "anna", Reaction: call.ReactionClap})
	}
	play(s, call.Reacted{ID: "ben", Reaction: call.ReactionHeart}, call.Reacted{ID: "ben", Reaction: call.ReactionClap},
		call.Reacted{ID: "nobody", Reaction: call.ReactionClap})
	if r := s.Reactions["anna"]; r.Count != 99 || r.Reaction != call.ReactionClap {
		t.Errorf("anna %+v", r)
	}
	if got := s.Gestures.Tallies(); !slices.Equal(got, []Tally{{call.ReactionClap, 2}}) {
		t.Errorf("tallies %v", got)
	}
	if s.Gestures.FadeReactions(time.Unix(1002, 0)) || !s.Gestures.FadeReactions(time.Unix(1003, 0)) || len(s.Reactions) != 0 {
		t.Errorf("after three seconds: %v", s.Reactions)
	}
	play(s, call.VolumeChanged{ID: "anna", Percent: 140}, call.VolumeChanged{ID: "anna", Percent: 0})
	if s.Gestures.Volume("anna") != 0 || s.Gestures.Louder("anna") != 140 || s.Gestures.Volume("ben") != 100 {
		t.Errorf("volumes %v", s.Volumes)
	}
}

// Only those whom we may moderate are selected; who goes is selected no more.
func TestSelection(t *testing.T) {
	s := crowded(call.RoleCoHost, "anna", "ben", "boss")
	play(s, call.ParticipantUpdated{Participant: call.Participant{Identity: "boss", SID: "PA_boss", Name: "boss", Role: call.RoleHost}})
	s.Selection.Set([]call.Identity{"ben", "me", "boss", "nobody", "anna"}, true)
	if got := s.Selection.People(); !slices.Equal(got, []call.Identity{"anna", "ben"}) {
		t.Errorf("selected %v", got)
	}
	play(s, call.ParticipantLeft{Participant: call.Participant{Identity: "ben"}, Reason: call.ReasonLeft},
		call.ParticipantJoined{Participant: call.Participant{Identity: "ben", SID: "PA_2", Name: "ben"}})
	if got := s.Selection.People(); !slices.Equal(got, []call.Identity{"anna"}) {
		t.Errorf("after one has left and come back: %v", got)
	}
	play(s, call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
	if got := s.Selection.People(); len(got) != 0 {
		t.Errorf("we may not moderate any more: %v", got)
	}
}

// What was done is told for each person, with the way back where there is one; also
// of those who are gone by then, and when it worked for nobody.
func TestOutcomes(t *testing.T) {
	s := crowded(call.RoleHost, "anna", "ben")
	s.Selection.Remember([]call.Identity{"anna", "ben"})
	play(s, call.ParticipantLeft{Participant: call.Participant{Identity: "anna"}, Reason: call.ReasonBanned},
		call.Moderated{Op: call.OpBan, Results: []call.PersonResult{{ID: "anna", Result: call.ResultDone}, {ID: "ben", Result: call.ResultForbidden}}})
	n := s.Notices[len(s.Notices)-1]
	if n.Kind != NoticeModerated || n.Undo != call.OpUnban || len(n.Done) != 1 || n.Done[0].Name != "anna" || len(n.Undone) != 1 || n.Undone[0].Name != "ben" {
		t.Fatalf("%+v", n)
	}
	if got := s.Selection.Undoable(n.At.Add(9 * time.Second)); got == nil || got.ID != n.ID {
		t.Errorf("undoable %+v", got)
	}
	if got := s.Selection.Undoable(n.At.Add(11 * time.Second)); got != nil {
		t.Errorf("what is not shown any more is taken back: %+v", got)
	}
	play(s, call.CommandFailed{Command: "mute_participant", Err: call.ErrForbidden, Results: []call.PersonResult{
		{ID: "anna", Result: call.ResultAlreadyGone}, {ID: "ben", Result: call.ResultForbidden},
	}})
	n = s.Notices[len(s.Notices)-1]
	if n.Kind != NoticeModerated || n.Command != "mute" || n.Undo != "" || len(n.Undone) != 2 {
		t.Errorf("for nobody: %+v", n)
	}
	play(s, call.Moderated{Op: call.OpRemove, Results: []call.PersonResult{{ID: "ben", Result: call.ResultDone}}})
	if n = s.Notices[len(s.Notices)-1]; n.Undo != "" {
		t.Error("a removal can be taken back")
	}
}

// A rule that is refused is said in the room menu, and nowhere else.
func TestRulesAreRefusedInPlace(t *testing.T) {
	s := crowded(call.RoleHost, "anna")
	s.Ruling.Ask("rules")
	play(s, call.CommandFailed{Command: "rules", Err: call.ErrForbidden})
	if s.RulesErr == nil || s.RulesAsked != "" || len(s.Notices) != 0 {
		t.Errorf("%v, %+v", s.RulesErr, s.Notices)
	}
	s.Ruling.Ask("rules")
	play(s, call.Moderated{Op: call.OpRules, Rules: &call.RoomRules{Locked: true}})
	if s.RulesErr != nil || s.RulesAsked != "" || !s.Standing.Rules.Locked {
		t.Errorf("%v %q %+v", s.RulesErr, s.RulesAsked, s.Standing)
	}
}
