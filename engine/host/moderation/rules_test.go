package moderation_test

import (
	"errors"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/moderation"
)

// TestRules: everybody in the room reads them, moderators change them, and the room
// and its keeper hear of a change.
func TestRules(t *testing.T) {
	b := newBench(t)
	guest := moderation.Caller{Room: "hall", Identity: "anna", Role: call.RoleParticipant}
	yes, limit := true, 12
	change := doorapi.RulesRequest{Room: "hall", Locked: &yes, MaxMembers: &limit}
	if _, err := do[call.RoomRules](b, call.OpRules, guest, change); !errors.Is(err, call.ErrForbidden) {
		t.Errorf("a guest changes the rules: %v", err)
	}
	want := call.RoomRules{Locked: true, MaxMembers: 12}
	if got, err := do[call.RoomRules](b, call.OpRules, cohost, change); err != nil || got != want {
		t.Errorf("changed: %+v, %v", got, err)
	}
	told := b.lk.Told()
	if len(told) != 1 || told[0].Notice.Kind != doorapi.NoticeRoom || *told[0].Notice.Room != want || b.refreshed != 1 {
		t.Errorf("told: %+v, the keeper looked %d times", told, b.refreshed)
	}
	if got, err := do[call.RoomRules](b, call.OpRules, guest, doorapi.RulesRequest{Room: "hall"}); err != nil || got != want {
		t.Errorf("read: %+v, %v", got, err)
	}
	if len(b.lk.Told()) != 1 {
		t.Error("reading is told")
	}
	for _, bad := range []int{-1, call.MaxRoomMembers + 1} {
		_, err := do[call.RoomRules](b, call.OpRules, host, doorapi.RulesRequest{Room: "hall", MaxMembers: &bad})
		if !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("%d members: %v", bad, err)
		}
	}
	for _, bad := range []int{-1, 1, int(call.MaxRealTime.Seconds()) + 1} {
		_, err := do[call.RoomRules](b, call.OpRules, host, doorapi.RulesRequest{Room: "hall", RealTime: &bad})
		if !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("%d seconds: %v", bad, err)
		}
	}
}
