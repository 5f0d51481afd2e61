package model

import (
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
)

func moderating(role call.Role, others ...call.Participant) *State {
	s := joined(others...)
	apply(s, call.RulesChanged{Standing: call.Standing{Role: role}})
	return s
}

func listed(s *State) string {
	var ids []string
	for _, p := range s.Listed() {
		ids = append(ids, string(p.ID))
	}
	return strings.Join(ids, " ")
}

func TestListed(t *testing.T) {
	s := moderating(call.RoleHost, person("zoe", "1"), person("bob", "2"), person("ann", "3"), person("cyd", "4"))
	if got := listed(s); got != "me ann bob cyd zoe" {
		t.Error(got)
	}
	apply(s, call.Moderated{Op: call.OpMembers, Members: []call.MemberRow{{ID: "cyd", Role: call.RoleCoHost}, {ID: "zoe", Role: call.RoleHost}}})
	if got := listed(s); got != "me zoe cyd ann bob" {
		t.Error(got)
	}
	s.Search = " B"
	if got := listed(s); got != "bob" {
		t.Errorf("searched: %q", got)
	}
	s.Search = "nobody"
	if got := listed(s); got != "" {
		t.Errorf("searched: %q", got)
	}
}

func TestRights(t *testing.T) {
	rights := func(mine, theirs call.Role) string {
		s := moderating(mine, person("ann", "1"))
		if theirs != "" {
			apply(s, call.Moderated{Op: call.OpMembers, Members: []call.MemberRow{{ID: "ann", Role: theirs}}})
		}
		r := s.Rights(s.Person("ann"))
		var all []string
		if r.Mute {
			all = append(all, "mute")
		}
		for _, role := range r.Roles {
			all = append(all, string(role))
		}
		if r.Remove {
			all = append(all, "remove")
		}
		if r.None() != (len(all) == 0) {
			t.Errorf("None is %v of %v", r.None(), all)
		}
		return strings.Join(all, " ")
	}
	for _, tt := range []struct {
		mine, theirs call.Role
		want         string
	}{
		{call.RoleHost, call.RoleParticipant, "mute cohost listener remove"},
		{call.RoleHost, call.RoleCoHost, "mute participant listener remove"},
		{call.RoleHost, "", "mute cohost participant listener remove"}, // not told yet
		{call.RoleHost, call.RoleHost, ""},
		{call.RoleCoHost, call.RoleHost, ""},
		{call.RoleCoHost, call.RoleCoHost, ""},
		{call.RoleCoHost, call.RoleListener, "mute participant remove"},
		{call.RoleParticipant, "", ""},
		{call.RoleListener, "", ""},
		{"", "", ""}, // a server without a door
	} {
		if got := rights(tt.mine, tt.theirs); got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.mine, tt.theirs, got, tt.want)
		}
	}
	s := moderating(call.RoleHost)
	if !s.Rights(s.Self()).None() {
		t.Error("we may moderate ourselves")
	}
}

// What the door does not tell is said in the panel, and is taken back when it
// tells.
func TestPanelErrors(t *testing.T) {
	s := moderating(call.RoleHost)
	s.Open(PanelBans)
	apply(s, call.CommandFailed{Command: "bans", Err: call.ErrUnreachable})
	if s.PanelErr.Err == nil || len(s.Notices) != 0 {
		t.Errorf("%+v, and %d notices", s.PanelErr, len(s.Notices))
	}
	apply(s, call.Moderated{Op: call.OpBans, Bans: []call.BanRow{{ID: "eve"}}})
	if s.PanelErr.Err != nil || !s.BansKnown || len(s.Bans) != 1 {
		t.Errorf("%+v", s.PanelErr)
	}
	apply(s, call.CommandFailed{Command: "remove", Err: call.ErrAlreadyGone})
	if len(s.Notices) != 1 {
		t.Error("a failure is not told")
	}
}

func TestPanels(t *testing.T) {
	s := New()
	if s.Open(PanelChat); s.Panel != PanelNone {
		t.Error("a panel without a room")
	}
	s = moderating(call.RoleParticipant)
	if s.Open(PanelBans); s.Panel != PanelPeople {
		t.Errorf("who may not moderate sees panel %d", s.Panel)
	}
	muted := person("ann", "1")
	muted.Muted = true
	apply(s, call.ParticipantJoined{Participant: muted})
	if !s.IsMutedByHost(s.Person("ann")) || !s.MicMuted(s.Person("ann")) {
		t.Error("who was muted does not look so")
	}
	apply(s, call.Left{Reason: call.ReasonLeft})
	if s.Panel != PanelNone || s.Members != nil || slices.Contains([]bool{s.BansKnown}, true) {
		t.Error("the panel outlives the stay")
	}
}
