package moderation_test

import (
	"errors"
	"slices"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// TestNobodyMakesAnEqual: a role is given to people below the caller, and is below
// the caller's own.
func TestNobodyMakesAnEqual(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleHost, "host")
	b.join(call.RoleCoHost, "other")
	b.join(call.RoleParticipant, "anna")
	give := func(role call.Role, ids ...call.Identity) doorapi.RoleRequest {
		return doorapi.RoleRequest{Room: "hall", IDs: ids, Role: role}
	}
	for _, role := range []call.Role{call.RoleHost, call.RoleCoHost} {
		if _, err := do[doorapi.PeopleAnswer](b, call.OpRole, cohost, give(role, "anna")); !errors.Is(err, call.ErrForbidden) {
			t.Errorf("a co-host makes a %s: %v", role, err)
		}
	}
	if _, err := do[doorapi.PeopleAnswer](b, call.OpRole, host, give("king", "anna")); !errors.Is(err, call.ErrBadArgument) {
		t.Errorf("a role that there is not: %v", err)
	}
	b.wants(call.OpRole, cohost, give(call.RoleListener, "host", "other", "anna", "nobody"),
		"host forbidden", "other forbidden", "anna done", "nobody unknown")
	if b.member("anna").Role != call.RoleListener || b.member("other").Role != call.RoleCoHost {
		t.Error("roles in the register")
	}
	if got := b.enforcedOnes(); !slices.Equal(got, []string{"anna told"}) {
		t.Errorf("a right that is taken: %v", got)
	}
	b.wants(call.OpRole, host, give(call.RoleCoHost, "anna"), "anna done")
	for _, n := range b.lk.Told() {
		if n.Notice.Kind != doorapi.NoticeRole || n.Notice.ID != "anna" || len(n.To) > 0 {
			t.Errorf("told: %+v", n)
		}
	}
}
