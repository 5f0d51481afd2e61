package moderation_test

import (
	"errors"
	"testing"

	"foyer/engine/call"
	"foyer/engine/host/moderation"
)

func TestMay(t *testing.T) {
	all := []moderation.Access{moderation.ForAdmin, moderation.ForHosts, moderation.ForModerators, moderation.ForMembers}
	for name, tt := range map[string]struct {
		who  moderation.Caller
		from moderation.Access // and all after it
	}{
		"tools":       {moderation.Caller{Admin: true}, moderation.ForAdmin},
		"host":        {moderation.Caller{Role: call.RoleHost}, moderation.ForHosts},
		"co-host":     {moderation.Caller{Role: call.RoleCoHost}, moderation.ForModerators},
		"participant": {moderation.Caller{Role: call.RoleParticipant}, moderation.ForMembers},
		"listener":    {moderation.Caller{Role: call.RoleListener}, moderation.ForMembers},
		"no role":     {moderation.Caller{}, moderation.ForMembers},
	} {
		for _, a := range all {
			if got, want := tt.who.May(a), a >= tt.from; got != want {
				t.Errorf("%s, %d: %v, want %v", name, a, got, want)
			}
		}
	}
}

// TestOperationsReadTheirRequests: a body that is no request is refused.
func TestOperationsReadTheirRequests(t *testing.T) {
	b := newBench(t)
	for _, o := range b.mod.Operations() {
		for _, body := range []string{``, `[]`, `"hall"`} {
			if _, err := o.Answer(t.Context(), admin, "hall", []byte(body)); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%s with %q: %v", o.Op, body, err)
			}
		}
	}
}
