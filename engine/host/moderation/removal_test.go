package moderation_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// TestK1_RemovalInOrder: the tokens die, the person hears who did it and why, the
// others hear that they are gone, and only then are they removed.
func TestK1_RemovalInOrder(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.join(call.RoleParticipant, "ben")
	b.wants(call.OpRemove, host, doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Text: "enough"}, "anna done")
	m := b.member("anna")
	if m.Generation != 2 || m.Presence != call.PresenceGone || m.Verdict.Reason != call.ReasonRemoved ||
		m.Verdict.By != "The host" || m.Verdict.Text != "enough" || !m.Verdict.At.Equal(b.clock) {
		t.Errorf("in the register: %+v", m)
	}
	if got := b.lk.Done(); len(got) != 3 || got[2] != "remove anna" {
		t.Errorf("done: %v", got)
	}
	for _, n := range b.lk.Told() {
		switch {
		case n.Asked && (!slices.Equal(n.To, []string{"anna"}) || n.Notice.By != "The host" || n.Notice.Text != "enough"):
			t.Errorf("anna hears %+v", n)
		case !n.Asked && (!slices.Equal(n.To, []string{"ben"}) || n.Notice.By != "" || n.Notice.Text != ""):
			t.Errorf("ben hears %+v", n)
		case n.Notice.Kind != doorapi.NoticePutOut || n.Notice.ID != "anna" || n.Notice.Reason != call.ReasonRemoved.String():
			t.Errorf("told: %+v", n)
		}
	}
	b.wants(call.OpRemove, host, people("anna"), "anna already_gone")
	if m := b.member("anna"); m.Generation != 3 {
		t.Errorf("a token of somebody who has gone: generation %d", m.Generation)
	}
}

// TestK9_TheRoomIsTold who did it and why only if that is wanted.
func TestK9_TheRoomIsTold(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.join(call.RoleParticipant, "ben")
	b.wants(call.OpBan, host, doorapi.PeopleRequest{
		Room: "hall", IDs: []call.Identity{"anna"}, Text: "enough", Tell: true, Minutes: 5,
	}, "anna done")
	until := b.clock.Add(5 * time.Minute).UnixMilli()
	for _, n := range b.lk.Told() {
		if n.Notice.By != "The host" || n.Notice.Text != "enough" || n.Notice.Until != until {
			t.Errorf("%v hear %+v", n.To, n.Notice)
		}
	}
	if len(b.lk.Told()) != 2 {
		t.Errorf("told: %+v", b.lk.Told())
	}
}

// TestK1_TheWholeInstallationGoes, whichever of its identities is named.
func TestK1_TheWholeInstallationGoes(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "bob", "bobby")
	b.join(call.RoleParticipant, "anna")
	b.wants(call.OpRemove, cohost, people("bob"), "bob done")
	if b.member("bob").Generation != 2 || b.member("bobby").Generation != 2 || b.member("anna").Generation != 1 {
		t.Error("tokens: bob, bobby and not anna should have lost theirs")
	}
	gone := slices.DeleteFunc(b.lk.Done(), func(s string) bool { return s != "remove bob" && s != "remove bobby" && s != "remove anna" })
	if slices.Sort(gone); !slices.Equal(gone, []string{"remove bob", "remove bobby"}) {
		t.Errorf("removed: %v", gone)
	}
}

// TestRemovalWithoutRegister: a database that does not answer keeps nobody in the
// room, and the answer says that it may not last.
func TestRemovalWithoutRegister(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.must(b.reg.Close())
	answer, err := do[doorapi.PeopleAnswer](b, call.OpRemove, admin, people("anna"))
	if err != nil || len(answer.Results) != 1 || answer.Results[0].Result != call.ResultNotStored {
		t.Errorf("%+v, %v", answer, err)
	}
	if got := b.lk.Done(); !slices.Contains(got, "remove anna") {
		t.Errorf("done: %v", got)
	}
}

// TestK2_DismissInOrder: tokens die, everybody hears it, and then the room closes.
func TestK2_DismissInOrder(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.join(call.RoleParticipant, "ben")
	if _, err := do[struct{}](b, call.OpDismiss, host, doorapi.DismissRequest{Room: "hall", Text: "good night"}); err != nil {
		t.Fatal(err)
	}
	if m := b.member("ben"); m.Generation != 2 || m.Verdict.Reason != call.ReasonDismissed || m.Verdict.By != "The host" {
		t.Errorf("in the register: %+v", m)
	}
	done := b.lk.Done()
	if len(done) != 4 || done[3] != "close hall" {
		t.Errorf("done: %v", done)
	}
	asked := 0
	for _, n := range b.lk.Told() {
		if n.Notice.Kind != doorapi.NoticeDismissed || n.Notice.Text != "good night" {
			t.Errorf("told: %+v", n)
		}
		if n.Asked {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("%d were asked for a confirmation", asked)
	}
	if _, err := do[struct{}](b, call.OpDismiss, host, doorapi.DismissRequest{Room: "hall"}); !errors.Is(err, call.ErrNoSuchRoom) {
		t.Errorf("once more: %v", err)
	}
}

// TestBeginRemoval: LiveKit's own API removes with the same effects as a host.
func TestBeginRemoval(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	remove, err := b.mod.BeginRemoval(t.Context(), "hall", "anna")
	b.must(err)
	if b.member("anna").Generation != 2 || len(b.lk.Told()) == 0 {
		t.Error("LiveKit's part comes last, and the rest before it")
	}
	if slices.Contains(b.lk.Done(), "remove anna") {
		t.Error("removed already")
	}
	b.must(remove(t.Context()))
	if !slices.Contains(b.lk.Done(), "remove anna") {
		t.Errorf("done: %v", b.lk.Done())
	}
	for name, who := range map[call.RoomID]call.Identity{"hall": "nobody", "attic": "anna"} {
		if remove, err := b.mod.BeginRemoval(t.Context(), name, who); err != nil || remove != nil {
			t.Errorf("%s in %s: %v", who, name, err)
		}
	}
}

// TestForeignersStayOut: LiveKit may have given a fresh token, until they were gone,
// to somebody with a token that the door did not make.
func TestForeignersStayOut(t *testing.T) {
	b := newBench(t)
	b.lk.Enter("hall", &livekit.ParticipantInfo{Identity: "web", Name: "Web"})
	b.wants(call.OpRemove, admin, people("web", "nobody"), "web done", "nobody unknown")
	cut, err := b.reg.Cutoff(t.Context(), "hall", "web")
	if err != nil || cut.Reason != call.ReasonRemoved || !cut.At.Equal(b.clock) {
		t.Errorf("tokens up to now: %+v, %v", cut, err)
	}
	if _, err := b.reg.Cutoff(t.Context(), "hall", "nobody"); !errors.Is(err, register.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// TestExpulsion: who is cut off for what they sent is removed, and whoever came back
// meanwhile with a new token stays.
func TestExpulsion(t *testing.T) {
	foreign := map[string]string{}
	generation := func(n string) map[string]string {
		return map[string]string{doorapi.AttributeMember: "tag", doorapi.AttributeGeneration: n}
	}
	for _, tt := range []struct {
		name  string
		token int64 // of the connection that is cut
		here  map[string]string
		stays bool
	}{
		{"who misbehaved", 1, generation("1"), false},
		{"back with a new token", 1, generation("2"), true},
		{"with a token of another maker", 0, foreign, false},
		{"gone already", 1, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.join(call.RoleParticipant, "anna")
			_, err := b.lk.RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: "hall", Identity: "anna"})
			b.must(err)
			before := len(b.lk.Done())
			who := roomservice.Place{Room: "hall", Identity: "anna"}
			remove := b.mod.BeginExpulsion(t.Context(), who, tt.token, "too many requests")
			if tt.token != 0 {
				if m := b.member("anna"); m.Generation != 2 || m.Verdict.Text != "too many requests" {
					t.Errorf("before the connection has ended: %+v", m)
				}
			} else if cut, err := b.reg.Cutoff(t.Context(), "hall", "anna"); err != nil || cut.Text != "too many requests" {
				t.Errorf("older tokens: %+v, %v", cut, err)
			}
			if tt.here != nil {
				b.lk.Enter("hall", &livekit.ParticipantInfo{Identity: "anna", Attributes: tt.here})
			}
			b.must(remove(t.Context()))
			if removed := slices.Contains(b.lk.Done()[before:], "remove anna"); removed == tt.stays {
				t.Errorf("done: %v", b.lk.Done())
			}
		})
	}
}
