package register

import (
	"testing"

	"foyer/engine/call"
)

// Whom a host has let in comes back by the same key, as long as the session lasts and
// nobody removes them.
func TestLetIn(t *testing.T) { onEach(t, testLetIn) }

func testLetIn(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	bind := func(id call.Identity, key []byte) {
		t.Helper()
		_, err := r.Bind(ctx, Member{Room: "hall", Identity: id, Key: key, Name: string(id)}, at(1))
		must(t, err)
	}
	must(t, r.AddInvitation(ctx, Invitation{Room: "hall"}, "The hall", at(0)))
	anna, ben, carl, dora := newKey(t), newKey(t), newKey(t), newKey(t)
	bind("anna", anna)
	bind("ben", ben)
	bind("carl", carl)
	is := func(what string, session call.SID, key []byte, want bool) {
		t.Helper()
		if got, err := r.IsLetIn(ctx, "hall", session, key); err != nil || got != want {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	is("at first", "RM_1", anna, false)
	must(t, r.LetIn(ctx, "hall", "", at(3), dora))
	must(t, r.LetIn(ctx, "hall", "RM_1", at(2), anna, ben))
	is("let in", "RM_1", anna, true)
	is("in another session", "RM_2", anna, false)
	is("another key", "RM_1", carl, false)
	is("let in before the room was open", "RM_7", dora, true)

	// A removal takes it back; what else ends a token does not.
	for _, v := range []struct {
		verdict Verdict
		upTo    int64
		want    bool
	}{
		{Verdict{Reason: call.ReasonOfflineRemoved, At: at(4)}, 0, true},
		{Verdict{Reason: call.ReasonRemoved, At: at(5)}, 9, true}, // a connection that was cut
		{Verdict{Reason: call.ReasonRemoved, At: at(6)}, 0, false},
	} {
		_, _, err := r.Revoke(ctx, "hall", "anna", v.verdict, v.upTo)
		must(t, err)
		is(v.verdict.Reason.String(), "RM_1", anna, v.want)
	}
	_, err := r.Ban(ctx, Ban{Room: "hall", Identity: "ben", Since: at(7)})
	must(t, err)
	is("banned", "RM_1", ben, false)

	// Who is there when the rule begins is let in, and a restart changes nothing.
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "carl", SID: "PA_1", Presence: call.PresenceOnline, PresenceSince: at(8)}))
	must(t, r.LetInPresent(ctx, "hall", "RM_2", at(9)))
	is("inside", "RM_2", carl, true)
	is("outside", "RM_2", anna, false)
	r = reopen(t, r, where)
	must(t, r.CarryLetIn(ctx, "hall", "RM_3"))
	is("after a restart", "RM_3", carl, true)
	must(t, r.EndSession(ctx, "hall", "RM_3", Verdict{Reason: call.ReasonDismissed, At: at(10)}))
	is("after a dismissal", "RM_3", carl, false)
	is("after a dismissal", "RM_8", dora, false)
}
