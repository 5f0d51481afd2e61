package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"foyer/engine/call"
)

// openRaw opens a database without looking at its schema.
func openRaw(t *testing.T, where string) *sql.DB {
	t.Helper()
	driver, name := "sqlite", where
	if strings.HasPrefix(where, "postgres:") {
		driver = "pgx"
	} else {
		name = source(where, nil)
	}
	db, err := sql.Open(driver, name)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestMigration brings a database of the first version up to date, with what
// was in it.
func TestMigration(t *testing.T) { onEach(t, testMigration) }

func testMigration(t *testing.T, where string) {
	ctx := t.Context()
	key, hash := newKey(t), sha256.Sum256([]byte("secret"))
	db := openRaw(t, where)
	for _, step := range []string{
		migrations()[0],
		`CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (1)`,
		`INSERT INTO rooms VALUES ('hall', 'The hall', 1)`,
		`INSERT INTO invitations VALUES ('` + hex.EncodeToString(hash[:]) + `', 'hall', 1, 2, 0)`,
		`INSERT INTO members VALUES ('hall', 'anna', '` + hex.EncodeToString(key) + `', 'Anna', 3, 4)`,
	} {
		_, err := db.ExecContext(ctx, step)
		must(t, err)
	}
	must(t, db.Close())
	r := openTest(t, where)
	if room, err := r.Room(ctx, "hall"); err != nil || room.Title != "The hall" {
		t.Errorf("%+v, %v", room, err)
	}
	want := Invitation{SecretHash: hash, Room: "hall", Existing: true, Role: call.RoleParticipant}
	if inv, err := r.Invitation(ctx, hash); err != nil || inv != want {
		t.Errorf("%+v, %v", inv, err)
	}
	m := member(t, r, "anna")
	if !m.Key.Equal(key) || m.Name != "Anna" || m.LastSeen.UnixMilli() != 4 || m.Generation != 1 || m.Role != call.RoleParticipant ||
		m.Presence != call.PresenceGone || m.Verdict != (Verdict{}) || m.Muted || m.Exempt || m.Allowed {
		t.Errorf("%+v", m)
	}
	r = reopen(t, r, where) // and nothing is done twice
	if _, _, err := r.Revoke(ctx, "hall", "anna", removed(1), 0); err != nil {
		t.Error(err)
	}
}

// TestMigrationOfChat brings a database of the second version up to date.
func TestMigrationOfChat(t *testing.T) { onEach(t, testMigrationOfChat) }

func testMigrationOfChat(t *testing.T, where string) {
	ctx := t.Context()
	db := openRaw(t, where)
	for _, step := range []string{
		migrations()[0], migrations()[1],
		`CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (2)`,
		`INSERT INTO chat_seq VALUES ('hall', 7)`,
		`INSERT INTO chat VALUES ('hall', 'm1', 6, 'RM_1', 'anna', 'Anna', 'one', 1)`,
		`INSERT INTO chat VALUES ('hall', 'm2', 7, 'RM_1', 'ben', 'Ben', 'two', 2)`,
		`INSERT INTO bans VALUES ('hall', 'anna', '', 'Anna', 'Host', 'spam', 1, 0)`,
	} {
		_, err := db.ExecContext(ctx, step)
		must(t, err)
	}
	must(t, db.Close())
	r := openTest(t, where)
	must(t, r.AppendChat(ctx, []ChatLine{say("m2", "three")}))
	lines, _, err := r.Chat(ctx, "hall", "RM_1", "", 10)
	if err != nil || !slices.Equal(ids(lines), []string{"m1", "m2", "m2"}) || lines[0].Text != "one" || lines[1].From != "ben" || lines[2].Seq != 8 {
		t.Errorf("%+v, %v", lines, err)
	}
	if b, err := r.Banned(ctx, "hall", "anna", nil, at(1)); err != nil || b.ByRole != call.RoleHost || b.By != "Host" {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestOpenTogether lets several doors open a new database at once.
func TestOpenTogether(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				r, err := Open(t.Context(), where)
				if err != nil {
					t.Error(err)
					return
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestNewer(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		r := openTest(t, where)
		_, err := r.db.ExecContext(t.Context(), `INSERT INTO schema_version (version) VALUES ($1)`, 1000)
		must(t, err)
		if second, err := Open(context.Background(), where); !errors.Is(err, ErrNewer) {
			t.Errorf("%v, %v", second, err)
		}
	})
}
