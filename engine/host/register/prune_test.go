package register

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
)

// few are how many the tests let a room remember: SQLite is slow with the race
// detector.
const few = 20

// TestMembersAreBounded: a guest with an invitation can come under any number of names. Of
// those who have gone, the room remembers the newest, those who were inside longest, and
// for good those a moderator has decided about.
func TestMembersAreBounded(t *testing.T) { onEach(t, testMembersAreBounded) }

func testMembersAreBounded(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	r.maxGone = few
	mustInvite(t, r, "hall", "")
	const day = 24 * 3600
	decided := map[call.Identity]func(Member) error{
		"removed": func(m Member) error { _, _, err := r.Revoke(ctx, "hall", m.Identity, removed(1), 0); return err },
		"banned": func(m Member) error {
			_, err := r.Ban(ctx, Ban{Room: "hall", Identity: m.Identity, Since: at(1)})
			return err
		},
		"listener": func(m Member) error { return r.SetRole(ctx, "hall", m.Identity, call.RoleListener) },
		"muted":    func(m Member) error { return r.SetMuted(ctx, "hall", m.Identity, true) },
		"speaker":  func(m Member) error { return r.SetMuted(ctx, "hall", m.Identity, false) },
		"allowed":  func(m Member) error { return r.SetAllowed(ctx, "hall", m.Identity, true) },
		"online": func(m Member) error {
			m.Presence, m.PresenceSince = call.PresenceOnline, at(1)
			return r.SetPresence(ctx, m)
		},
		"offline": func(m Member) error {
			m.Presence, m.PresenceSince = call.PresenceOffline, at(1)
			return r.SetPresence(ctx, m)
		},
		"here last": func(m Member) error { // and gone at the same time as the crowd came
			m.Presence, m.PresenceSince, m.SID = call.PresenceGone, at(1), "PA_1"
			return r.SetPresence(ctx, m)
		},
	}
	for id, decide := range decided {
		must(t, decide(enter(t, r, id, newKey(t), "")))
	}
	enter(t, r, "host", newKey(t), call.RoleHost)
	key := newKey(t)
	count := func(want int) {
		t.Helper()
		var n int
		err := r.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM members WHERE room = 'hall' AND public_key = $1`, hex.EncodeToString(key)).Scan(&n)
		if err != nil || n != want {
			t.Errorf("%d of the crowd, %v; want %d", n, err, want)
		}
	}
	crowd(t, r, "first", key, few/2, at(1))
	crowd(t, r, "second", key, few, at(2))
	mustPrune(t, r, at(2).Add(freshFor))
	count(few/2 + few) // the tokens of the second may be good
	mustPrune(t, r, at(day))
	count(few - 1) // one was inside
	for id := range decided {
		if m := member(t, r, id); m.Key == nil {
			t.Errorf("%s: %+v", id, m)
		}
	}
	if m := member(t, r, "host"); m.Role != call.RoleHost {
		t.Errorf("%+v", m)
	}
	if _, err := r.Member(ctx, "hall", "first 0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the oldest: %v", err)
	}
	if _, err := r.Bind(ctx, Member{Room: "hall", Identity: "second 0", Key: newKey(t)}, at(day)); !errors.Is(err, ErrTaken) {
		t.Errorf("a newer one's name: %v", err)
	}
}

// crowd lets n members of a key come at the same time and go.
func crowd(t *testing.T, r *Register, name string, key ed25519.PublicKey, n int, at time.Time) {
	t.Helper()
	must(t, r.write(t.Context(), func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO members (room, identity, public_key, name, first_seen, last_seen)
			WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < CAST($1 AS BIGINT))
			SELECT 'hall', CAST($2 AS TEXT) || ' ' || i, CAST($3 AS TEXT), '', CAST($4 AS BIGINT), CAST($4 AS BIGINT) FROM numbers`,
			n, name, hex.EncodeToString(key), at.UnixMilli())
		return err
	}))
}

// mustPrune lets somebody come, the last before a look.
func mustPrune(t *testing.T, r *Register, now time.Time) {
	t.Helper()
	r.noted.Store(pruneEvery - 1)
	_, err := r.Bind(t.Context(), Member{Room: "hall", Identity: "somebody", Key: bytes.Repeat([]byte{1}, ed25519.PublicKeySize)}, now)
	must(t, err)
}

// TestDismissedAreBounded: a dismissal is no verdict on anybody. Members who were away
// hear it for a day, and those who were not there since do not hear the next.
func TestDismissedAreBounded(t *testing.T) { onEach(t, testDismissedAreBounded) }

func testDismissedAreBounded(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	r.maxGone = few
	mustInvite(t, r, "hall", "")
	const day = 24 * 3600
	key := newKey(t)
	crowd(t, r, "old", key, 10, at(0))
	enter(t, r, "online", newKey(t), "")
	for n := range 3 {
		must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "online", Presence: call.PresenceOnline, PresenceSince: at(n * day)}))
		v := Verdict{Reason: call.ReasonDismissed, Text: fmt.Sprint("night ", n), At: at(n*day + 3600)}
		must(t, r.EndSession(ctx, "hall", call.SID(fmt.Sprint("RM_", n)), v))
	}
	if m := member(t, r, "old 0"); m.Generation != 2 || m.Verdict.Text != "night 0" {
		t.Errorf("who was not there again: %+v", m)
	}
	if m := member(t, r, "online"); m.Generation != 4 || m.Verdict.Text != "night 2" {
		t.Errorf("who was: %+v", m)
	}
	_, err := r.Bind(ctx, Member{Room: "hall", Identity: "old 0", Key: key}, at(3*day)) // and has a token
	must(t, err)
	must(t, r.EndSession(ctx, "hall", "RM_3", Verdict{Reason: call.ReasonDismissed, Text: "night 3", At: at(3*day + 1)}))
	if m := member(t, r, "old 0"); m.Generation != 3 || m.Verdict.Text != "night 3" {
		t.Errorf("who was about to be: %+v", m)
	}
	crowd(t, r, "new", newKey(t), few, at(3*day+2))
	mustPrune(t, r, at(3*day+3600))
	if all, err := r.MembersOf(ctx, "hall", key); err != nil || len(all) != 1 || all[0].Identity != "old 0" {
		t.Errorf("of the dismissed: %+v, %v", all, err)
	}
	mustPrune(t, r, at(5*day))
	if all, err := r.MembersOf(ctx, "hall", key); err != nil || len(all) != 0 {
		t.Errorf("two days later: %+v, %v", all, err)
	}
}

// TestMembersAreThoseThere lists nobody else.
func TestMembersAreThoseThere(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		mustInvite(t, r, "hall", "")
		key := newKey(t)
		for i, p := range []call.Presence{call.PresenceOnline, call.PresenceOffline, call.PresenceGone, call.PresenceGone} {
			id := call.Identity(fmt.Sprint(i))
			enter(t, r, id, key, "")
			must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: id, Presence: p, PresenceSince: at(i)}))
		}
		must(t, r.SetAllowed(ctx, "hall", "3", true))
		names := func(all []Member, err error) (ids []call.Identity) {
			must(t, err)
			for _, m := range all {
				ids = append(ids, m.Identity)
			}
			return ids
		}
		if got := names(r.Members(ctx, "hall")); !slices.Equal(got, []call.Identity{"0", "1", "3"}) {
			t.Errorf("members %v", got)
		}
		if got := names(r.MembersOf(ctx, "hall", key)); !slices.Equal(got, []call.Identity{"0", "1", "2", "3"}) {
			t.Errorf("of a key: %v", got)
		}
		if got := names(r.MembersOf(ctx, "hall", newKey(t))); len(got) != 0 {
			t.Errorf("of another key: %v", got)
		}
	})
}

// TestOldInvitationsGo: a month after they have expired.
func TestOldInvitationsGo(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		hash := func(name string) [sha256.Size]byte { return sha256.Sum256([]byte(name)) }
		add := func(name string, expires time.Time, now time.Time) {
			t.Helper()
			must(t, r.AddInvitation(ctx, Invitation{SecretHash: hash(name), Room: "hall", Expires: expires}, "", now))
		}
		add("short", at(1), at(0))
		add("for ever", time.Time{}, at(0))
		add("next", time.Time{}, at(0).Add(expiredFor))
		if inv, err := r.Invitation(ctx, hash("short")); err != nil || !inv.Expires.Equal(at(1)) {
			t.Errorf("%+v, %v", inv, err)
		}
		add("last", time.Time{}, at(2).Add(expiredFor))
		if _, err := r.Invitation(ctx, hash("short")); !errors.Is(err, ErrNotFound) {
			t.Errorf("an old one: %v", err)
		}
		if n, err := r.WithdrawInvitations(ctx, "hall"); err != nil || n != 3 {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := r.Invitation(ctx, hash("for ever")); !errors.Is(err, ErrNotFound) {
			t.Errorf("withdrawn: %v", err)
		}
	})
}
