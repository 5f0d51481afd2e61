//go:build unix

package register

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
)

// TestPostgresGone kills the server in the middle and starts it again.
func TestPostgresGone(t *testing.T) {
	ctx := t.Context()
	server, err := drive.StartPostgres(ctx)
	must(t, err)
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	where, err := server.Database(ctx, "foyer")
	must(t, err)
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	enter(t, r, "anna", newKey(t), "")
	_, err = r.Ban(ctx, Ban{Room: "hall", Identity: "anna", Since: at(0)})
	must(t, err)

	server.Kill()
	began := time.Now()
	if err := r.AppendChat(ctx, []ChatLine{say("1", "x")}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("chat: %v", err)
	}
	if _, err := r.Banned(ctx, "hall", "anna", nil, at(1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ban: %v", err)
	}
	if d := time.Since(began); d > 2*patience {
		t.Errorf("it took %v", d)
	}
	_, err = Open(ctx, where)
	hidesPassword(t, where, err)

	must(t, server.Start(ctx))
	if b, err := r.Banned(ctx, "hall", "anna", nil, at(1)); err != nil || b.Identity != "anna" {
		t.Errorf("after the restart: %+v, %v", b, err)
	}
	must(t, r.AppendChat(ctx, []ChatLine{say("1", "x")}))
}

// hidesPassword looks for the password of an address in an error.
func hidesPassword(t *testing.T, address string, err error) {
	t.Helper()
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want %v", err, ErrUnavailable)
		return
	}
	password := "geheim"
	if u, parseErr := url.Parse(address); parseErr == nil && u.User != nil {
		password, _ = u.User.Password()
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("the password stands in %q", err)
	}
}

// TestPostgresAddresses: whatever is wrong with an address, its password stays
// secret.
func TestPostgresAddresses(t *testing.T) {
	for _, address := range []string{
		strings.Replace(postgresAddress(t), "foyer:", "foyer:not-", 1), // a wrong password
		strings.Replace(postgresAddress(t), "/test", "/none", 1),       // no such database
		"postgres://foyer:geheim@127.0.0.1:1/foyer",                    // nobody there
		"postgres://foyer:geheim@127.0.0.1:99999/foyer",
		"postgresql://foyer:geheim@[::1/foyer",
		"postgres://foyer:ge%heim@127.0.0.1/geheim?sslmode=geheim",
		"postgres://u:geheim@127.0.0.1/x?sslmode=verify-full&sslrootcert=/geheim",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		r, err := Open(ctx, address)
		cancel()
		if err == nil {
			_ = r.Close()
		}
		hidesPassword(t, address, err)
	}
}

// TestPostgresFull: the server's own word for a full disk, in the middle of
// what belongs together, leaves nothing half-written.
func TestPostgresFull(t *testing.T) {
	ctx := t.Context()
	r := openTest(t, postgresAddress(t))
	mustInvite(t, r, "hall", "")
	key := newKey(t)
	enter(t, r, "anna", key, "")
	_, err := r.db.ExecContext(ctx, `CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER full_bans AFTER INSERT ON bans EXECUTE FUNCTION full();
		CREATE TRIGGER full_cutoffs AFTER INSERT ON cutoffs FOR EACH ROW WHEN (NEW.identity = '') EXECUTE FUNCTION full();
		CREATE TRIGGER full_chat AFTER INSERT ON chat FOR EACH ROW WHEN (NEW.id = 'last') EXECUTE FUNCTION full();
		CREATE TRIGGER full_members AFTER INSERT OR UPDATE ON members FOR EACH ROW WHEN (NEW.name = 'full') EXECUTE FUNCTION full()`)
	must(t, err)
	if _, err := r.Ban(ctx, Ban{Room: "hall", Identity: "anna", Since: at(0)}); !errors.Is(err, ErrFull) {
		t.Errorf("ban: %v", err)
	}
	if err := r.EndSession(ctx, "hall", "RM_1", removed(1)); !errors.Is(err, ErrFull) {
		t.Errorf("end: %v", err)
	}
	if err := r.AppendChat(ctx, []ChatLine{say("1", "x"), say("last", "x")}); !errors.Is(err, ErrFull) {
		t.Errorf("chat: %v", err)
	}
	if m, err := r.Bind(ctx, Member{Room: "hall", Identity: "anna", Key: key, Name: "full"}, at(1)); err != nil || m.Generation != 1 {
		t.Errorf("a known member: %+v, %v", m, err)
	}
	if _, err := r.Bind(ctx, Member{Room: "hall", Identity: "ben", Key: key, Name: "full"}, at(1)); !errors.Is(err, ErrFull) {
		t.Errorf("a new member: %v", err)
	}
	if _, err := r.Cutoff(ctx, "hall", "anna"); !errors.Is(err, ErrNotFound) {
		t.Errorf("cutoff: %v", err)
	}
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || len(lines) != 0 {
		t.Errorf("%v, %v", lines, err)
	}
}

// TestPostgresLocked: a table that somebody else has locked ends the wait of a
// call, not the register.
func TestPostgresLocked(t *testing.T) {
	where := postgresAddress(t)
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	enter(t, r, "anna", newKey(t), "")
	lock, err := openRaw(t, where).BeginTx(t.Context(), nil)
	must(t, err)
	_, err = lock.ExecContext(t.Context(), `LOCK TABLE members`)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := r.Member(ctx, "hall", "anna"); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	began := time.Now()
	if _, _, err := r.Revoke(t.Context(), "hall", "anna", removed(1), 0); !errors.Is(err, ErrUnavailable) {
		t.Errorf("write: %v", err)
	}
	if d := time.Since(began); d > 2*patience {
		t.Errorf("it took %v", d)
	}
	must(t, lock.Rollback())
	if g, _, err := r.Revoke(t.Context(), "hall", "anna", removed(1), 1); err != nil || g != 2 {
		t.Errorf("%d, %v", g, err)
	}
}
