package register

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// Members are told apart by the door, once: while somebody is there or away for a
// moment, nobody else is called the same, and whoever was told apart stays so.
func TestNamesAreToldApart(t *testing.T) { onEach(t, testNames) }

func testNames(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	keys := map[call.Identity]Member{}
	bind := func(id call.Identity, name string, seconds int) string {
		t.Helper()
		m, known := keys[id]
		if !known {
			m = Member{Room: "hall", Identity: id, Key: newKey(t)}
			keys[id] = m
		}
		m.Name = name
		bound, err := r.Bind(ctx, m, at(seconds))
		must(t, err)
		return bound.Name
	}
	move := func(id call.Identity, to call.Presence, seconds int) {
		t.Helper()
		must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: id, Presence: to, PresenceSince: at(seconds)}))
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("called %q, want %q", got, want)
		}
	}
	check(bind("a", "Paul", 0), "Paul")
	check(bind("b", "paul", 1), "paul (2)") // a is on the way
	move("a", call.PresenceOnline, 2)
	move("b", call.PresenceOnline, 2)
	check(bind("c", "Рaul", 1000), "Рaul (3)")
	check(bind("b", "paul", 1001), "paul (2)") // joins anew
	move("a", call.PresenceOffline, 1002)
	check(bind("d", "Paul", 2000), "Paul (3)") // c never came
	move("a", call.PresenceGone, 2001)
	check(bind("e", "Paul", 2002), "Paul")
	check(bind("a", "Paul", 2003), "Paul (4)") // the name is somebody else's now
	check(bind("a", "Paula", 2004), "Paula")
	check(bind("f", "b", 2005), "b")
	if name, err := r.ToldApart(ctx, Member{Room: "hall", Identity: "g", Name: "PAUL"}, at(2006)); err != nil || name != "PAUL (4)" {
		t.Errorf("with a token of others' making: %q, %v", name, err)
	}
	if name, err := r.ToldApart(ctx, Member{Room: "elsewhere", Identity: "g", Name: "Paul"}, at(2006)); err != nil || name != "Paul" {
		t.Errorf("in another room: %q, %v", name, err)
	}
	if arrives < time.Minute {
		t.Error("who is on the way loses the name")
	}
}
