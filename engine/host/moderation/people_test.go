package moderation_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/moderation"
)

// TestK8_BansAndRanks: a ban is listed and lifted, and nobody bans or lifts above
// their own rank.
func TestK8_BansAndRanks(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleHost, "host")
	b.join(call.RoleCoHost, "cohost")
	b.join(call.RoleParticipant, "anna")
	b.wants(call.OpBan, cohost, people("host", "cohost", "anna", "nobody"),
		"host forbidden", "cohost forbidden", "anna done", "nobody unknown")
	b.wants(call.OpBan, host, people("cohost"), "cohost done")
	b.wants(call.OpUnban, cohost, people("cohost", "host"), "cohost forbidden", "host not_banned")
	bans, err := do[doorapi.BansAnswer](b, call.OpBans, cohost, doorapi.RoomRequest{Room: "hall"})
	b.must(err)
	var ids []string
	for _, row := range bans.Bans {
		ids = append(ids, string(row.ID)+" by "+row.By)
	}
	if want := []string{"anna by The co-host", "cohost by The host"}; !slices.Equal(ids, want) {
		t.Errorf("bans: %v, want %v", ids, want)
	}
	b.wants(call.OpUnban, cohost, people("anna"), "anna done")
	b.wants(call.OpUnban, admin, people("cohost"), "cohost done")
}

// TestABanReachesNoHigherIdentity: somebody whose other identity is a host's is
// forbidden to a co-host.
func TestABanReachesNoHigherIdentity(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "self", "other")
	b.must(b.reg.SetRole(t.Context(), "hall", "other", call.RoleHost))
	b.wants(call.OpBan, cohost, people("self"), "self forbidden")
	if b.member("self").Generation != 1 {
		t.Error("removed all the same")
	}
}

// TestMembers lists who is online or offline, and whom LiveKit has beside that; who
// else is of the same installation only to moderators.
func TestMembers(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleCoHost, "cohost")
	b.join(call.RoleParticipant, "bob", "bobby")
	b.join(call.RoleParticipant, "gone")
	b.wants(call.OpRemove, admin, people("gone"), "gone done")
	b.lk.Enter("hall", &livekit.ParticipantInfo{Identity: "web", Name: "Web"})
	rows := func(who moderation.Caller) (ids []string, same []call.Identity) {
		answer, err := do[doorapi.MembersAnswer](b, call.OpMembers, who, doorapi.RoomRequest{Room: "hall"})
		b.must(err)
		for _, row := range answer.Members {
			ids = append(ids, string(row.ID)+" "+string(row.Presence))
			if row.ID == "bob" {
				same = row.SameInstallation
			}
		}
		slices.Sort(ids)
		return ids, same
	}
	want := []string{"bob online", "bobby online", "cohost online", "web online"}
	ids, same := rows(cohost)
	if !slices.Equal(ids, want) || !slices.Equal(same, []call.Identity{"bobby"}) {
		t.Errorf("members: %v, bob is also %v", ids, same)
	}
	if _, same := rows(moderation.Caller{Room: "hall", Identity: "web", Role: call.RoleParticipant}); len(same) > 0 {
		t.Errorf("a guest learns that bob is also %v", same)
	}
}

// TestBadRequests are refused before anything happens.
func TestBadRequests(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	many := make([]call.Identity, call.MaxPeople+1)
	for i := range many {
		many[i] = "anna"
	}
	for name, tt := range map[string]struct {
		op      call.Operation
		request any
	}{
		"nobody":          {call.OpRemove, people()},
		"too many":        {call.OpRemove, people(many...)},
		"minutes":         {call.OpRemove, doorapi.PeopleRequest{IDs: []call.Identity{"anna"}, Minutes: 5}},
		"negative":        {call.OpBan, doorapi.PeopleRequest{IDs: []call.Identity{"anna"}, Minutes: -1}},
		"mute whom":       {call.OpMute, doorapi.MuteRequest{}},
		"all and some":    {call.OpMute, doorapi.MuteRequest{All: true, IDs: []call.Identity{"anna"}}},
		"some and except": {call.OpMute, doorapi.MuteRequest{IDs: []call.Identity{"anna"}, Except: []call.Identity{"ben"}}},
	} {
		if _, err := do[doorapi.PeopleAnswer](b, tt.op, host, tt.request); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := do[doorapi.PeopleAnswer](b, call.OpRemove, host, people("")); !errors.Is(err, call.ErrEmpty) {
		t.Errorf("an empty identity: %v", err)
	}
	if done := b.lk.Done(); len(done) > 0 || b.member("anna").Generation != 1 {
		t.Errorf("done: %v", done)
	}
}

// TestAllow exempts members from the offline rule, and the keeper hears of it.
func TestAllow(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.wants(call.OpAllow, cohost, people("anna", "nobody"), "anna done", "nobody unknown")
	if !b.member("anna").Allowed || b.refreshed != 1 {
		t.Errorf("allowed: %v, the keeper looked %d times", b.member("anna").Allowed, b.refreshed)
	}
	b.wants(call.OpDisallow, cohost, people("anna"), "anna done")
	if b.member("anna").Allowed {
		t.Error("still allowed")
	}
}
