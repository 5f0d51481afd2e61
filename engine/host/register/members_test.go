package register

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"foyer/engine/call"
)

// enter lets somebody into the hall.
func enter(t testing.TB, r *Register, id call.Identity, key ed25519.PublicKey, role call.Role) Member {
	t.Helper()
	m, err := r.Bind(context.Background(), Member{Room: "hall", Identity: id, Key: key, Name: "name of " + string(id), Role: role}, at(0))
	must(t, err)
	return m
}

func member(t testing.TB, r *Register, id call.Identity) Member {
	t.Helper()
	m, err := r.Member(context.Background(), "hall", id)
	must(t, err)
	return m
}

func removed(seconds int) Verdict {
	return Verdict{Reason: call.ReasonRemoved, By: `Bo"b'); DROP TABLE members;--`, Text: "<b>enough\x00\xff", At: at(seconds)}
}

// TestK1_Revoke: told once or twice, the register revokes once, and a restart
// forgets nothing.
func TestK1_Revoke(t *testing.T) { onEach(t, testRevoke) }

func testRevoke(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	key := newKey(t)
	if m := enter(t, r, "anna", key, ""); m.Generation != 1 || m.Role != call.RoleParticipant || m.Verdict != (Verdict{}) {
		t.Fatalf("new member %+v", m)
	}
	enter(t, r, "ben", newKey(t), "")
	steps := []struct {
		at         int
		upTo, want int64
		ended      bool
	}{
		{1, 1, 2, true},  // the door, or whoever is first
		{2, 1, 2, false}, // the keeper sees them go
		{3, 0, 3, true},  // again, whatever it is
		{4, 2, 3, false},
		{5, 7, 8, true}, // a register restored from an old copy: later tokens die, too
	}
	for i, s := range steps {
		if got, ended, err := r.Revoke(ctx, "hall", "anna", removed(s.at), s.upTo); err != nil || got != s.want || ended != s.ended {
			t.Errorf("step %d: generation %d, %v, %v; want %d", i, got, ended, err, s.want)
		}
	}
	r = reopen(t, r, where)
	want := Verdict{Reason: call.ReasonRemoved, By: removed(0).By, Text: "<b>enough��", At: at(5)}
	m := member(t, r, "anna")
	if m.Generation != 8 || m.Verdict != want || m.Presence != call.PresenceGone || !m.PresenceSince.Equal(at(5)) {
		t.Errorf("%+v", m)
	}
	if again := enter(t, r, "anna", key, ""); again.Generation != 8 || again.Verdict != want {
		t.Errorf("a fresh join: %+v", again)
	}
	if b := member(t, r, "ben"); b.Generation != 1 {
		t.Errorf("somebody else: %+v", b)
	}
	if _, _, err := r.Revoke(ctx, "hall", "nobody", removed(1), 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := r.Cutoff(ctx, "hall", "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("cutoff of nobody: %v", err)
	}
}

func TestCutoff(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		expect := func(id call.Identity, seconds int, reason call.LeaveReason) {
			t.Helper()
			if v, err := r.Cutoff(ctx, "hall", id); err != nil || !v.At.Equal(at(seconds)) || v.Reason != reason {
				t.Errorf("%s: %+v, %v; want second %d, %v", id, v, err, seconds, reason)
			}
		}
		must(t, r.SetCutoff(ctx, "hall", "anna", Verdict{Reason: call.ReasonRemoved, At: at(5)}))
		must(t, r.SetCutoff(ctx, "hall", "anna", Verdict{Reason: call.ReasonBanned, At: at(3)})) // late news
		expect("anna", 5, call.ReasonRemoved)
		must(t, r.EndSession(ctx, "hall", "RM_1", Verdict{Reason: call.ReasonDismissed, At: at(7)}))
		expect("anna", 7, call.ReasonDismissed)
		expect("ben", 7, call.ReasonDismissed)
		must(t, r.SetCutoff(ctx, "hall", "anna", Verdict{Reason: call.ReasonRemoved, At: at(9)}))
		expect("anna", 9, call.ReasonRemoved)
		if _, err := r.Cutoff(ctx, "Hall", "anna"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another room: %v", err)
		}
	})
}

// TestRoles: invitations raise a role, and what a moderator decides holds, except against
// the host's link.
func TestRoles(t *testing.T) {
	const host, co, part, listen = call.RoleHost, call.RoleCoHost, call.RoleParticipant, call.RoleListener
	steps := []struct {
		set, join, want call.Role
	}{
		{"", listen, listen},
		{"", part, part},
		{"", listen, part},
		{"", "", part},
		{"", co, co},
		{"", part, co},
		{listen, "", listen},
		{"", co, listen},
		{part, listen, part},
		{"", host, host},
		{"", listen, host},
	}
	onEach(t, func(t *testing.T, where string) {
		r := openTest(t, where)
		mustInvite(t, r, "hall", "")
		key := newKey(t)
		for i, s := range steps {
			if s.set != "" {
				must(t, r.SetRole(t.Context(), "hall", "anna", s.set))
			}
			if m := enter(t, r, "anna", key, s.join); m.Role != s.want {
				t.Errorf("step %d: %s, want %s", i, m.Role, s.want)
			}
		}
		if err := r.SetRole(t.Context(), "hall", "nobody", co); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestK10_Mute is the matrix of mutes by name, for all, and exceptions.
func TestK10_Mute(t *testing.T) { onEach(t, testMute) }

func testMute(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	enter(t, r, "host", newKey(t), call.RoleHost)
	for _, id := range []call.Identity{"anna", "ben"} {
		enter(t, r, id, newKey(t), "")
	}
	expect := func(step string, muted ...call.Identity) {
		t.Helper()
		rules, err := r.Rules(ctx, "hall")
		must(t, err)
		want := map[call.Identity]bool{}
		for _, id := range muted {
			want[id] = true
		}
		for _, id := range []call.Identity{"host", "anna", "ben", "late", "carl", "cohost"} {
			m, err := r.Member(ctx, "hall", id)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			must(t, err)
			if m.MutedUnder(rules) != want[m.Identity] {
				t.Errorf("%s: %s is muted: %v", step, m.Identity, !want[m.Identity])
			}
		}
	}
	muteAll := func(muted bool, except ...call.Identity) {
		t.Helper()
		rules, err := r.MuteAll(ctx, "hall", muted, except, at(1))
		if err != nil || rules.MutedAll != muted {
			t.Fatal(rules, err)
		}
	}
	expect("at first")
	must(t, r.SetMuted(ctx, "hall", "anna", true))
	expect("by name", "anna")
	muteAll(true, "ben", "late")
	expect("all but ben", "anna")
	enter(t, r, "late", newKey(t), "")
	enter(t, r, "carl", newKey(t), "")
	r = reopen(t, r, where)
	expect("who comes later", "anna", "carl")
	must(t, r.SetMuted(ctx, "hall", "carl", false))
	expect("one may speak", "anna")
	muteAll(true)
	expect("all, without exceptions", "anna", "ben", "carl", "late")
	muteAll(false)
	expect("all may speak")
	enter(t, r, "cohost", newKey(t), call.RoleCoHost)
	must(t, r.SetMuted(ctx, "hall", "cohost", true))
	must(t, r.SetMuted(ctx, "hall", "anna", true))
	_, err := r.MuteAll(ctx, "hall", false, nil, at(1), call.RoleHost, call.RoleCoHost)
	must(t, err)
	expect("all below a co-host may speak", "cohost")
	if err := r.SetMuted(ctx, "hall", "nobody", true); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// TestPresence: where members are, also those without a key, whose identity a
// key may take later.
func TestPresence(t *testing.T) { onEach(t, testPresence) }

func testPresence(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "Title")
	enter(t, r, "anna", newKey(t), "")
	must(t, r.SetAllowed(ctx, "hall", "anna", true))
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "anna", Name: "forged", Presence: call.PresenceOffline, PresenceSince: at(4), SID: "PA_1"}))
	must(t, r.SetPresence(ctx, Member{Room: "attic", Identity: "web", Name: "Web", Presence: call.PresenceOnline, PresenceSince: at(5), SID: "PA_2"}))
	r = reopen(t, r, where)
	m := member(t, r, "anna")
	if m.Presence != call.PresenceOffline || !m.PresenceSince.Equal(at(4)) || m.SID != "PA_1" || m.Name != "name of anna" || !m.Allowed {
		t.Errorf("%+v", m)
	}
	web, err := r.Member(ctx, "attic", "web")
	if err != nil || web.Key != nil || web.Name != "Web" || web.Presence != call.PresenceOnline || web.Generation != 1 {
		t.Errorf("%+v, %v", web, err)
	}
	if room, err := r.Room(ctx, "attic"); err != nil || room.Title != "" {
		t.Errorf("%+v, %v", room, err)
	}
	if g, _, err := r.Revoke(ctx, "attic", "web", removed(6), 0); err != nil || g != 2 {
		t.Errorf("generation %d, %v", g, err)
	}
	if v, err := r.Cutoff(ctx, "attic", "web"); err != nil || !v.At.Equal(at(6)) {
		t.Errorf("%+v, %v", v, err)
	}
	key := newKey(t)
	if m, err := r.Bind(ctx, Member{Room: "attic", Identity: "web", Key: key}, at(7)); err != nil || m.Generation != 2 || !m.Key.Equal(key) {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := r.Bind(ctx, Member{Room: "attic", Identity: "web", Key: newKey(t)}, at(8)); !errors.Is(err, ErrTaken) {
		t.Errorf("a second key: %v", err)
	}
}

func TestRules(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		if rules, err := r.Rules(ctx, "hall"); err != nil || rules != (Rules{}) {
			t.Errorf("%+v, %v", rules, err)
		}
		want := Rules{Locked: true, MaxMembers: 10000, RefuseNewcomer: true, RealTime: 300, KeepHistory: true, MutedAll: true}
		if got, err := r.SetRules(ctx, "hall", func(c *Rules) { *c = want }); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		want.Locked = false
		if _, err := r.SetRules(ctx, "hall", func(c *Rules) { c.Locked = false }); err != nil {
			t.Error(err)
		}
		r = reopen(t, r, where)
		if got, err := r.Rules(ctx, "hall"); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestK2_EndSession: everybody is out, once, whoever tells it how often; a new
// session is a new one (N8).
func TestK2_EndSession(t *testing.T) { onEach(t, testEndSession) }

func testEndSession(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	enter(t, r, "anna", newKey(t), "")
	enter(t, r, "ben", newKey(t), "")
	must(t, r.AppendChat(ctx, []ChatLine{say("1", "one"), say("2", "two")}))
	v := Verdict{Reason: call.ReasonDismissed, By: "Host", Text: "good night", At: at(9)}
	for range 3 {
		must(t, r.EndSession(ctx, "hall", "RM_1", v))
	}
	if m := member(t, r, "ben"); m.Generation != 2 || m.Verdict != v || m.Presence != call.PresenceGone {
		t.Errorf("%+v", m)
	}
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || len(lines) != 0 {
		t.Errorf("history %v, %v", lines, err)
	}
	_, err := r.SetRules(ctx, "hall", func(c *Rules) { c.KeepHistory = true })
	must(t, err)
	must(t, r.AppendChat(ctx, []ChatLine{say("3", "three")}))
	v.At = v.At.Add(endedFor + time.Hour) // the first end is forgotten by then
	must(t, r.EndSession(ctx, "hall", "RM_2", v))
	if m := member(t, r, "anna"); m.Generation != 3 || m.Verdict != v {
		t.Errorf("%+v", m)
	}
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || len(lines) != 1 || lines[0].Seq != 3 {
		t.Errorf("kept history %v, %v", lines, err)
	}
}
