package register

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// An admitted guest comes back by the same key, as long as the session lasts and nobody
// removes them.
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
	names := map[string]string{string(anna): "anna", string(ben): "ben", string(carl): "carl", string(dora): "dora"}
	is := func(what string, session call.SID, key []byte, want bool) {
		t.Helper()
		who := LetIn{Key: key, Name: names[string(key)]}
		if got, err := r.IsLetIn(ctx, "hall", session, who, at(20)); err != nil || got != want {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	is("at first", "RM_1", anna, false)
	must(t, r.LetIn(ctx, "hall", "", at(3), LetIn{dora, "dora"}))
	is("let in before the room was open", "", dora, true)
	must(t, r.LetIn(ctx, "hall", "RM_1", at(4), LetIn{anna, "anna"}, LetIn{ben, "ben"}))
	is("let in", "RM_1", anna, true)
	is("in another session", "RM_2", anna, false)
	is("another key", "RM_1", carl, false)
	is("let in before the room was open", "RM_1", dora, true)
	is("let in for the session before", "RM_2", dora, false)
	for name, want := range map[string]bool{"anna (2)": true, "Ada": false, "anna 2": false, "": false} {
		if got, err := r.IsLetIn(ctx, "hall", "RM_1", LetIn{anna, name}, at(20)); err != nil || got != want {
			t.Errorf("by the name %q: %v, %v", name, got, err)
		}
	}

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

	// People who are there when the rule begins are let in, and a restart changes nothing.
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "carl", SID: "PA_1", Presence: call.PresenceOnline, PresenceSince: at(8)}))
	must(t, r.LetInPresent(ctx, "hall", "RM_2", at(9)))
	is("inside", "RM_2", carl, true)
	is("outside", "RM_2", anna, false)
	r = reopen(t, r, where)
	must(t, r.CarryLetIn(ctx, "hall", "RM_3"))
	is("after a restart", "RM_3", carl, true)
	must(t, r.EndSession(ctx, "hall", "RM_3", Verdict{Reason: call.ReasonDismissed, At: at(10)}))
	is("after a dismissal", "RM_3", carl, false)
	is("after a dismissal", "RM_3", dora, false)
}

// A let-in is for the session that began after it, at once or lately, and no later one,
// whatever else happens to the room.
func TestLetInEndsWithItsSession(t *testing.T) { onEach(t, testLetInEndsWithItsSession) }

func testLetInEndsWithItsSession(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	must(t, r.AddInvitation(ctx, Invitation{Room: "hall"}, "The hall", at(0)))
	early, late, inside := LetIn{newKey(t), "early"}, LetIn{newKey(t), "late"}, LetIn{newKey(t), "inside"}
	is := func(what string, session call.SID, who LetIn, now time.Time, want bool) {
		t.Helper()
		if got, err := r.IsLetIn(ctx, "hall", session, who, now); err != nil || got != want {
			t.Errorf("%s: %s: %v, %v", what, who.Name, got, err)
		}
	}
	soon := at(1).Add(letInBefore + time.Second)
	must(t, r.LetIn(ctx, "hall", "", at(1), early))
	is("for a while", "", early, at(2), true)
	is("not for ever", "", early, soon, false)
	must(t, r.LetIn(ctx, "hall", "", soon, late))
	must(t, r.BeginLetIn(ctx, "hall", "RM_1", soon))
	must(t, r.BeginLetIn(ctx, "hall", "RM_1", soon))
	is("let in long before", "RM_1", early, soon, false)
	is("let in just before", "RM_1", late, soon.Add(2*letInBefore), true)
	must(t, r.LetIn(ctx, "hall", "RM_1", soon, inside))
	must(t, r.BeginLetIn(ctx, "hall", "RM_2", soon))
	for _, who := range []LetIn{late, inside} {
		is("of the session before", "RM_2", who, soon, false)
	}
	must(t, r.CarryLetIn(ctx, "hall", "RM_3")) // the server died, and the room goes on
	for _, who := range []LetIn{early, late, inside} {
		is("of a session before the one that goes on", "RM_3", who, soon, false)
	}
	must(t, r.LetIn(ctx, "hall", "RM_3", soon, inside))
	must(t, r.CarryLetIn(ctx, "hall", "RM_4"))
	is("the room goes on", "RM_4", inside, soon, true)
}
