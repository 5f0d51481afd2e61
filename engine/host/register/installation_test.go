package register

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"testing"

	"foyer/engine/call"
)

// TestVerdictsHoldForTheInstallation: whatever was decided about one identity of a
// key is true of the others, before and after, and of nobody else.
func TestVerdictsHoldForTheInstallation(t *testing.T) { onEach(t, testInstallation) }

func testInstallation(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	mustInvite(t, r, "other", "")
	key, stranger := newKey(t), newKey(t)
	expect := func(step string, want string, ids ...call.Identity) {
		t.Helper()
		for _, id := range ids {
			m := member(t, r, id)
			if got := fmt.Sprintf("%s muted=%v exempt=%v", m.Role, m.Muted, m.Exempt); got != want {
				t.Errorf("%s: %s is %s, want %s", step, id, got, want)
			}
		}
	}
	enter(t, r, "bob", key, "")
	enter(t, r, "stranger", stranger, "")
	const free = "participant muted=false exempt=false"
	must(t, r.SetMuted(ctx, "hall", "bob", true))
	must(t, r.SetRole(ctx, "hall", "bob", call.RoleListener))
	if m := enter(t, r, "bobby", key, call.RoleCoHost); m.Role != call.RoleListener || !m.Muted {
		t.Errorf("another ID is told it is %+v", m)
	}
	expect("under another ID", "listener muted=true exempt=false", "bob", "bobby")
	expect("a stranger", free, "stranger")
	if m, err := r.Bind(ctx, Member{Room: "other", Identity: "bob", Key: key, Name: "Bob"}, at(0)); err != nil || m.Muted || m.Role != call.RoleParticipant {
		t.Errorf("in another room: %+v, %v", m, err)
	}

	must(t, r.SetRole(ctx, "hall", "bobby", call.RoleCoHost))
	must(t, r.SetMuted(ctx, "hall", "bobby", false))
	expect("lifted for one", "cohost muted=false exempt=true", "bob", "bobby")
	enter(t, r, "third", key, call.RoleListener)
	expect("and for who comes later", "cohost muted=false exempt=true", "third")
	expect("a stranger", free, "stranger")

	_, err := r.MuteAll(ctx, "hall", true, []call.Identity{"bobby"}, at(1))
	must(t, err)
	expect("an exception", "cohost muted=false exempt=true", "bob", "bobby", "third")
	expect("no exception", free, "stranger")
	must(t, r.SetMuted(ctx, "hall", "third", true))
	_, err = r.MuteAll(ctx, "hall", false, nil, at(1), call.RoleCoHost)
	must(t, err)
	expect("spared", "cohost muted=true exempt=false", "bob", "bobby", "third")

	// An invitation of a host's is one for this identity. What it does for the
	// others is nothing, nor is a mute lifted for all but the host's identity.
	enter(t, r, "boss", key, call.RoleHost)
	expect("a host", "host muted=true exempt=false", "boss")
	expect("beside a host", "cohost muted=true exempt=false", "bob")
	_, err = r.MuteAll(ctx, "hall", false, nil, at(1), call.RoleHost)
	must(t, err)
	expect("an installation is spared as a whole", "cohost muted=true exempt=false", "bob", "bobby")
	_, err = r.MuteAll(ctx, "hall", false, nil, at(1))
	must(t, err)
	expect("all lifted", "cohost muted=false exempt=false", "bob", "bobby", "third")

	// A member who had no key gets one.
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "api", Presence: call.PresenceOnline, PresenceSince: at(1)}))
	must(t, r.SetMuted(ctx, "hall", "bob", true))
	expect("without a key", free, "api")
	enter(t, r, "api", key, "")
	expect("with one", "cohost muted=true exempt=false", "api")
	if all, err := r.MembersOf(ctx, "hall", nil); err != nil || len(all) != 0 {
		t.Errorf("of nobody: %v, %v", all, err)
	}
}

// TestVerdictsMeetWhoComes mutes an installation while it comes under one ID after
// another: none of them gets through in between.
func TestVerdictsMeetWhoComes(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		r := openTest(t, where)
		mustInvite(t, r, "hall", "")
		for round := range 30 {
			key := newKey(t)
			first := call.Identity(fmt.Sprint("first", round))
			enter(t, r, first, key, "")
			var both sync.WaitGroup
			for n := range 3 {
				both.Go(func() { bind(t, r, fmt.Sprint("id", round, "-", n), key) })
			}
			both.Go(func() {
				if err := r.SetMuted(context.Background(), "hall", first, true); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			all, err := r.MembersOf(t.Context(), "hall", key)
			must(t, err)
			if len(all) != 4 || slices.ContainsFunc(all, func(m Member) bool { return !m.Muted }) {
				t.Fatalf("round %d: %+v", round, all)
			}
		}
	})
}

func bind(t testing.TB, r *Register, id string, key ed25519.PublicKey) {
	if _, err := r.Bind(context.Background(), Member{Room: "hall", Identity: call.Identity(id), Key: key, Name: id}, at(0)); err != nil {
		t.Error(err)
	}
}

// TestPruneOfAnInstallation: who is muted cannot fill the register with new IDs,
// and stays muted when these are forgotten.
func TestPruneOfAnInstallation(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		r := openTest(t, where)
		r.maxGone = 10
		mustInvite(t, r, "hall", "")
		key := newKey(t)
		enter(t, r, "bob", key, "")
		must(t, r.SetMuted(t.Context(), "hall", "bob", true))
		for n := range 200 {
			_, err := r.Bind(t.Context(), Member{Room: "hall", Identity: call.Identity(fmt.Sprint("id", n)), Key: key, Name: "x"}, at(2*n*int(freshFor.Seconds())))
			must(t, err)
		}
		all, err := r.MembersOf(t.Context(), "hall", key)
		must(t, err)
		if len(all) > 10+pruneEvery || slices.ContainsFunc(all, func(m Member) bool { return !m.Muted }) {
			t.Errorf("%d remembered", len(all))
		}
		if m := enter(t, r, "again", key, ""); !m.Muted {
			t.Error("forgotten")
		}
	})
}

// TestMigrationOfVerdicts: what an older version decided about one identity holds
// for the others of its key.
func TestMigrationOfVerdicts(t *testing.T) { onEach(t, testMigrationOfVerdicts) }

func testMigrationOfVerdicts(t *testing.T, where string) {
	ctx := t.Context()
	db := openRaw(t, where)
	key, other := hex.EncodeToString(newKey(t)), hex.EncodeToString(newKey(t))
	steps := append(slices.Clone(migrations()[:3]),
		`CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (3)`,
		`INSERT INTO rooms VALUES ('hall', '', 1)`)
	for _, row := range []struct {
		id, key, role    string
		set, muted, free int
	}{
		{"bob", key, "participant", 1, 1, 0}, {"bobby", key, "cohost", 0, 0, 1}, {"boss", key, "host", 0, 0, 0},
		{"ann", other, "listener", 1, 0, 1}, {"anna", other, "participant", 0, 0, 0}, {"api", "", "participant", 0, 0, 0}, {"bot", "", "listener", 1, 1, 0},
	} {
		steps = append(steps, fmt.Sprintf(`INSERT INTO members (room, identity, public_key, name, first_seen, last_seen, role, role_set, muted, exempt)
			VALUES ('hall', '%s', '%s', '', 1, 1, '%s', %d, %d, %d)`, row.id, row.key, row.role, row.set, row.muted, row.free))
	}
	for _, step := range steps {
		_, err := db.ExecContext(ctx, step)
		must(t, err)
	}
	must(t, db.Close())
	r := openTest(t, where)
	for id, want := range map[call.Identity]string{
		"bob": "participant muted=true exempt=false", "bobby": "participant muted=true exempt=false", "boss": "host muted=true exempt=false",
		"ann": "listener muted=false exempt=true", "anna": "listener muted=false exempt=true",
		"api": "participant muted=false exempt=false", "bot": "listener muted=true exempt=false",
	} {
		m := member(t, r, id)
		if got := fmt.Sprintf("%s muted=%v exempt=%v", m.Role, m.Muted, m.Exempt); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}
