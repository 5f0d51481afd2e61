package moderation_test

import (
	"slices"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
)

// kinds lists the notices by kind and person.
func kinds(told []hosttest.Told) (list []string) {
	for _, n := range told {
		list = append(list, string(n.Notice.Kind)+" "+string(n.Notice.ID))
	}
	slices.Sort(list)
	return list
}

// TestK10_ToldBeforeMutedAndAfterUnmuted: what somebody may not do any more they
// hear before it is taken, what they may do again once they can.
func TestK10_ToldBeforeMutedAndAfterUnmuted(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.wants(call.OpMute, host, doorapi.MuteRequest{IDs: []call.Identity{"anna"}}, "anna done")
	if got := b.enforcedOnes(); !slices.Equal(got, []string{"anna told"}) {
		t.Errorf("muted: %v", got)
	}
	if !b.member("anna").Muted {
		t.Error("not stored")
	}
	if told := b.lk.Told(); len(told) != 1 || !slices.Equal(told[0].To, []string{"anna"}) {
		t.Errorf("told: %+v", told)
	}

	b = newBench(t)
	b.join(call.RoleParticipant, "ben")
	b.must(b.reg.SetMuted(t.Context(), "hall", "ben", true))
	b.wants(call.OpUnmute, host, doorapi.MuteRequest{IDs: []call.Identity{"ben"}}, "ben done")
	if got := b.enforcedOnes(); !slices.Equal(got, []string{"ben unheard"}) {
		t.Errorf("unmuted: %v", got)
	}
	if got := kinds(b.lk.Told()); !slices.Equal(got, []string{"unmuted ben"}) {
		t.Errorf("told: %v", got)
	}
}

// TestK10_MuteAll: but moderators and exceptions; it is lifted for all whom the
// caller outranks.
func TestK10_MuteAll(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleCoHost, "cohost")
	b.join(call.RoleParticipant, "anna")
	b.join(call.RoleParticipant, "ben")
	b.join(call.RoleParticipant, "speaker")
	b.wants(call.OpMute, host, doorapi.MuteRequest{All: true, Except: []call.Identity{"speaker"}}, "anna done", "ben done")
	if got := kinds(b.lk.Told()); !slices.Equal(got, []string{"muted anna", "muted ben", "room "}) {
		t.Errorf("told: %v", got)
	}
	rules, err := b.reg.Rules(t.Context(), "hall")
	b.must(err)
	for id, want := range map[call.Identity]bool{"cohost": false, "anna": true, "ben": true, "speaker": false} {
		if got := b.member(id).MutedUnder(rules); got != want {
			t.Errorf("%s is muted: %v", id, got)
		}
	}
	b.must(b.reg.SetMuted(t.Context(), "hall", "cohost", true))
	answer, err := do[doorapi.PeopleAnswer](b, call.OpUnmute, cohost, doorapi.MuteRequest{All: true})
	b.must(err)
	for _, r := range answer.Results {
		if r.ID == "cohost" {
			t.Errorf("the caller's own mute: %+v", r)
		}
	}
	if !b.member("cohost").Muted || b.member("anna").Muted {
		t.Error("a co-host lifts the mutes of guests, and not their own")
	}
}

// TestMuteOfSomebodyAway is stored for when they come back.
func TestMuteOfSomebodyAway(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.wants(call.OpRemove, host, people("anna"), "anna done")
	b.wants(call.OpMute, host, doorapi.MuteRequest{IDs: []call.Identity{"anna", "nobody"}}, "anna done", "nobody unknown")
	if !b.member("anna").Muted || len(b.enforcedOnes()) > 0 {
		t.Errorf("muted: %v, enforced: %v", b.member("anna").Muted, b.enforcedOnes())
	}
}
