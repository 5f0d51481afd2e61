package moderation_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
)

// TestO1_OfflineExit: who goes by the offline rule loses their tokens and is
// removed; who has come back with another token meanwhile stays.
func TestO1_OfflineExit(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	exit := keeper.Exit{Room: "hall", ID: "anna", Reason: call.ReasonOfflineRemoved, Generation: 1, At: b.clock}
	b.must(b.mod.Removed(t.Context(), exit))
	if m := b.member("anna"); m.Generation != 2 || m.Verdict.Reason != call.ReasonOfflineRemoved {
		t.Errorf("in the register: %+v", m)
	}
	if !slices.Contains(b.lk.Done(), "remove anna") {
		t.Errorf("done: %v", b.lk.Done())
	}
	before := len(b.lk.Done())
	b.join(call.RoleParticipant, "ben")
	b.wants(call.OpRemove, admin, people("ben"), "ben done")
	b.must(b.mod.Removed(t.Context(), exit)) // told twice
	b.must(b.mod.Removed(t.Context(), keeper.Exit{
		Room: "hall", ID: "ben", Reason: call.ReasonOfflineRemoved, Generation: 1, At: b.clock,
	}))
	if b.member("anna").Generation != 2 || b.member("ben").Generation != 2 {
		t.Errorf("a stale exit: %v", b.lk.Done()[before:])
	}
}

// TestO1_BackBeforeTheKeeperHears: somebody whose absence has been too long is in the
// room again, which the keeper is told a moment later: they stay. A participant
// who lingers in LiveKit with the lost connection goes.
func TestO1_BackBeforeTheKeeperHears(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.lk.Enter("hall", &livekit.ParticipantInfo{
		Identity: "anna", Sid: "PA_2", Attributes: map[string]string{doorapi.AttributeMember: "tag", doorapi.AttributeGeneration: "1"},
	})
	exit := keeper.Exit{Room: "hall", ID: "anna", SID: "PA_1", Reason: call.ReasonOfflineRemoved, Generation: 1, At: b.clock}
	if err := b.mod.Removed(t.Context(), exit); !errors.Is(err, keeper.ErrBack) {
		t.Errorf("removed: %v", err)
	}
	if m := b.member("anna"); m.Generation != 1 || !m.Verdict.At.IsZero() || slices.Contains(b.lk.Done(), "remove anna") {
		t.Errorf("in the register: %+v; done: %v", m, b.lk.Done())
	}
	exit.SID = "PA_2"
	b.must(b.mod.Removed(t.Context(), exit))
	if !slices.Contains(b.lk.Done(), "remove anna") {
		t.Errorf("done: %v", b.lk.Done())
	}
}

// TestRemovalByOthers: a removal that came past the door ends the tokens, once, and
// says nothing beside the words of the door's own.
func TestRemovalByOthers(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	b.must(b.mod.Removed(t.Context(), keeper.Exit{Room: "hall", ID: "anna", Reason: call.ReasonRemoved, Generation: 1, At: b.clock}))
	if m := b.member("anna"); m.Generation != 2 || m.Verdict.Reason != call.ReasonRemoved {
		t.Errorf("in the register: %+v", m)
	}
	web := keeper.Exit{Room: "hall", ID: "web", Reason: call.ReasonRemoved, At: b.clock}
	b.must(b.mod.Removed(t.Context(), web))
	cut, err := b.reg.Cutoff(t.Context(), "hall", "web")
	b.must(err)
	if !cut.At.Equal(b.clock) || cut.By != "" {
		t.Errorf("cutoff: %+v", cut)
	}
	own := register.Verdict{Reason: call.ReasonRemoved, By: "The host", Text: "enough", At: b.clock.Add(time.Second)}
	b.must(b.reg.SetCutoff(t.Context(), "hall", "web", own))
	web.At = own.At.Add(time.Second)
	b.must(b.mod.Removed(t.Context(), web))
	if cut, err = b.reg.Cutoff(t.Context(), "hall", "web"); err != nil || cut.By != "The host" {
		t.Errorf("the keeper sees the door's own doing: %+v, %v", cut, err)
	}
}

// TestEnforceMute: of somebody who has gone meanwhile nothing is heard.
func TestEnforceMute(t *testing.T) {
	b := newBench(t)
	b.must(b.mod.EnforceMute(t.Context(), "hall", "anna"))
	if got := b.enforcedOnes(); !slices.Equal(got, []string{"anna unheard"}) {
		t.Errorf("enforced: %v", got)
	}
	if err := b.mod.Dismissed(t.Context(), "hall", "RM_hall", b.clock); err != nil {
		t.Error(err)
	}
	if _, err := b.reg.Cutoff(t.Context(), "hall", ""); err != nil && !errors.Is(err, register.ErrNotFound) {
		t.Error(err)
	}
}
