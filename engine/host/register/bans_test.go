package register

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"foyer/engine/call"
)

// TestK8_Ban: a ban holds for identity and key, until its end or until it is
// lifted, and over a restart.
func TestK8_Ban(t *testing.T) { onEach(t, testBan) }

func testBan(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	anna, other := newKey(t), newKey(t)
	enter(t, r, "anna", anna, "")
	b := Ban{Room: "hall", Identity: "anna", By: "Ho'st", ByRole: call.RoleCoHost, Text: `<i>spam"</i>`, Since: at(0), Until: at(600)}
	if g, err := r.Ban(ctx, b); err != nil || g != 2 {
		t.Fatalf("generation %d, %v", g, err)
	}
	if m := member(t, r, "anna"); m.Verdict != (Verdict{call.ReasonBanned, b.By, b.Text, b.Since}) || m.Presence != call.PresenceGone {
		t.Errorf("%+v", m)
	}
	r = reopen(t, r, where)
	b.Key, b.Name = anna, "name of anna"
	tests := []struct {
		room    call.RoomID
		id      call.Identity
		key     []byte
		seconds int
		banned  bool
	}{
		{"hall", "anna", anna, 1, true},
		{"hall", "anna", nil, 1, true}, // a token that the door did not make
		{"hall", "anna", other, 1, true},
		{"hall", "new name", anna, 599, true},
		{"hall", "anna", anna, 600, false},
		{"hall", "new name", other, 1, false},
		{"hall", "new name", nil, 1, false},
		{"hall", "Anna", other, 1, false},
		{"Hall", "anna", anna, 1, false},
		{"hall", "' OR '1'='1", other, 1, false},
	}
	for _, tt := range tests {
		got, err := r.Banned(ctx, tt.room, tt.id, tt.key, at(tt.seconds))
		if tt.banned != (err == nil) || !tt.banned && !errors.Is(err, ErrNotFound) {
			t.Errorf("%+v: %v", tt, err)
		}
		if tt.banned && fmt.Sprint(got) != fmt.Sprint(b) {
			t.Errorf("%+v, want %+v", got, b)
		}
	}
	if list, err := r.Bans(ctx, "hall", at(599)); err != nil || len(list) != 1 || fmt.Sprint(list[0]) != fmt.Sprint(b) {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := r.Bans(ctx, "hall", at(600)); err != nil || len(list) != 0 {
		t.Errorf("after the end: %v, %v", list, err)
	}
	if err := r.Unban(ctx, "hall", "anna", call.RoleHost, at(600)); !errors.Is(err, ErrNotFound) {
		t.Errorf("unban after the end: %v", err)
	}
}

// TestK8_Unban: bans that overlap, replace each other and are lifted.
func TestK8_Unban(t *testing.T) { onEach(t, testUnban) }

func testUnban(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	key := newKey(t)
	enter(t, r, "anna", key, "")
	enter(t, r, "second", key, "")
	ban := func(id call.Identity, since int, until time.Time) {
		t.Helper()
		_, err := r.Ban(ctx, Ban{Room: "hall", Identity: id, Since: at(since), Until: until})
		must(t, err)
	}
	expect := func(step string, until time.Time) {
		t.Helper()
		b, err := r.Banned(ctx, "hall", "anna", key, at(10))
		if err != nil || !b.Until.Equal(until) {
			t.Errorf("%s: %+v, %v", step, b, err)
		}
	}
	ban("anna", 0, at(100))
	ban("second", 1, at(200))
	expect("the longer one, of the same key", at(200))
	ban("anna", 2, time.Time{})
	expect("until lifted", time.Time{})
	ban("anna", 3, at(50))
	expect("made shorter", at(200))
	must(t, r.Unban(ctx, "hall", "second", call.RoleHost, at(10)))
	expect("one lifted", at(50))
	must(t, r.Unban(ctx, "hall", "anna", call.RoleHost, at(10)))
	if _, err := r.Banned(ctx, "hall", "anna", key, at(10)); !errors.Is(err, ErrNotFound) {
		t.Errorf("all lifted: %v", err)
	}
	if err := r.Unban(ctx, "hall", "anna", call.RoleHost, at(10)); !errors.Is(err, ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	if m := member(t, r, "anna"); m.Generation != 4 {
		t.Errorf("generation %d", m.Generation)
	}
	// Nobody has used this identity yet.
	if g, err := r.Ban(ctx, Ban{Room: "hall", Identity: "ghost", Name: "Ghost", Since: at(4)}); err != nil || g != 0 {
		t.Errorf("%d, %v", g, err)
	}
	if b, err := r.Banned(ctx, "hall", "ghost", nil, at(1_000_000)); err != nil || b.Key != nil || b.Name != "Ghost" {
		t.Errorf("%+v, %v", b, err)
	}
	if v, err := r.Cutoff(ctx, "hall", "ghost"); err != nil || v.Reason != call.ReasonBanned {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestK8_BansOfHigherRoles: what somebody has banned, nobody below them lifts or
// replaces.
func TestK8_BansOfHigherRoles(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		mustInvite(t, r, "hall", "")
		enter(t, r, "anna", newKey(t), "")
		ban := func(by call.Role, until time.Time) error {
			_, err := r.Ban(ctx, Ban{Room: "hall", Identity: "anna", ByRole: by, Since: at(0), Until: until})
			return err
		}
		must(t, ban("", time.Time{})) // the host's tools
		before := member(t, r, "anna")
		if err := ban(call.RoleCoHost, at(60)); !errors.Is(err, ErrOutranked) {
			t.Errorf("made shorter: %v", err)
		}
		if m := member(t, r, "anna"); m.Generation != before.Generation {
			t.Errorf("%+v", m)
		}
		if err := r.Unban(ctx, "hall", "anna", call.RoleCoHost, at(1)); !errors.Is(err, ErrOutranked) {
			t.Errorf("lifted by a co-host: %v", err)
		}
		if b, err := r.Banned(ctx, "hall", "anna", nil, at(1)); err != nil || !b.Until.IsZero() || b.ByRole != call.RoleHost {
			t.Errorf("%+v, %v", b, err)
		}
		must(t, r.Unban(ctx, "hall", "anna", call.RoleHost, at(1)))
		must(t, ban(call.RoleCoHost, at(60)))
		must(t, ban(call.RoleHost, at(50)))
		if err := ban(call.RoleCoHost, at(70)); !errors.Is(err, ErrOutranked) {
			t.Errorf("made longer: %v", err)
		}
		_, err := r.Ban(ctx, Ban{Room: "hall", Identity: "anna", ByRole: call.RoleCoHost, Since: at(50)})
		must(t, err) // the host's is over
		must(t, r.Unban(ctx, "hall", "anna", call.RoleCoHost, at(51)))
	})
}
