package register

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
)

// openSmall opens a database that cannot grow.
func openSmall(t *testing.T, path string) *Register {
	t.Helper()
	r, err := openSQLite(t.Context(), path, "max_page_count(1)") // as small as it is
	must(t, err)
	closeAfter(t, r)
	return r
}

func TestFileModes(t *testing.T) {
	path := sqlitePath(t)
	mustInvite(t, openTest(t, path), "hall", "")
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		want       error
	}{
		{"garbage", garbage, ErrCorrupt},
		{"broken inside", breakInside(t, filepath.Join(dir, "broken.db")), ErrCorrupt},
		{"a folder", dir, ErrUnavailable},
		{"no such folder", filepath.Join(dir, "no", "r.db"), ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Open(ctx, tt.path)
			if err == nil {
				_ = r.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// breakInside overwrites the middle of a database.
func breakInside(t *testing.T, path string) string {
	t.Helper()
	r, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		mustInvite(t, r, call.RoomID(fmt.Sprint("room", i)), strings.Repeat("t", 200))
	}
	if err := r.Close(); err != nil { // which empties the WAL into the file
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 4096; at+4096 <= len(raw); at += 4096 {
		copy(raw[at:], bytes.Repeat([]byte{0xff}, 512))
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFull: a database that cannot grow says so, loses nothing, and lets known
// members in.
func TestFull(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "r.db")
	roomy := openTest(t, path)
	mustInvite(t, roomy, "hall", "")
	key := newKey(t)
	anna := Member{Room: "hall", Identity: "anna", Key: key, Name: "Anna"}
	if _, err := roomy.Bind(ctx, anna, time.Now()); err != nil {
		t.Fatal(err)
	}
	r := openSmall(t, path)
	var err error
	added := 0
	for err == nil && added < 10_000 {
		room := call.RoomID(fmt.Sprint("room", added))
		err = r.AddInvitation(ctx, Invitation{SecretHash: sha256.Sum256([]byte(room)), Room: room}, strings.Repeat("t", 200), time.Now())
		added++
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("after %d: %v", added, err)
	}
	if _, err := r.Room(ctx, call.RoomID(fmt.Sprint("room", added-1))); !errors.Is(err, ErrNotFound) {
		t.Errorf("half an invitation was stored: %v", err)
	}
	if _, err := r.Bind(ctx, anna, time.Now()); err != nil {
		t.Errorf("a known member: %v", err)
	}
	for i := 0; err == nil || errors.Is(err, ErrFull); i++ { // until the pages are full for members, too
		_, err = r.Bind(ctx, Member{Room: "hall", Identity: call.Identity(fmt.Sprint("x", i)), Key: key, Name: strings.Repeat("n", 200)}, time.Now())
		if errors.Is(err, ErrFull) {
			break
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Errorf("new members: %v", err)
	}
	if _, err := r.Bind(ctx, Member{Room: "hall", Identity: "anna", Key: newKey(t), Name: strings.Repeat("n", 255)}, time.Now()); !errors.Is(err, ErrTaken) {
		t.Errorf("another key with a full disk: %v", err)
	}
}

// TestLocked: while another program has the database, calls end when they have
// to, known members are let in, and afterwards all is well.
func TestLocked(t *testing.T) {
	path := sqlitePath(t)
	r := openTest(t, path)
	mustInvite(t, r, "hall", "")
	key := newKey(t)
	enter(t, r, "anna", key, "")
	other, err := sql.Open("sqlite", source(path, nil))
	must(t, err)
	defer other.Close()
	lock, err := other.BeginTx(t.Context(), nil) // immediate: nobody else writes
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := r.AppendChat(ctx, []ChatLine{say("1", "x")}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("chat: %v", err)
	}
	if _, _, err := r.Revoke(ctx, "hall", "anna", removed(1), 0); !errors.Is(err, ErrUnavailable) {
		t.Errorf("revoke: %v", err)
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("it took %v", d)
	}
	if m, err := r.Bind(t.Context(), Member{Room: "hall", Identity: "anna", Key: key}, at(5)); err != nil || m.Generation != 1 {
		t.Errorf("a known member: %+v, %v", m, err)
	}
	later := make(chan error)
	go func() { _, _, err := r.Revoke(t.Context(), "hall", "anna", removed(2), 0); later <- err }()
	must(t, lock.Rollback())
	must(t, <-later)
	if m := member(t, r, "anna"); m.Generation != 2 {
		t.Errorf("generation %d", m.Generation)
	}
	if lines, _, err := r.Chat(t.Context(), "hall", "", "", 10); err != nil || len(lines) != 0 {
		t.Errorf("%v, %v", lines, err)
	}
}

// TestGone: what would be written into a file that nobody can find again is
// refused, until the file is back; what is known stays known.
func TestGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(dir, 0o700))
	path, away := filepath.Join(dir, "r.db"), dir+" away"
	r := openTest(t, path)
	mustInvite(t, r, "hall", "")
	enter(t, r, "anna", newKey(t), "")
	refused := func(t *testing.T) {
		t.Helper()
		if err := r.AppendChat(t.Context(), []ChatLine{say("lost", "x")}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("chat: %v", err)
		}
		if _, err := r.Ban(t.Context(), Ban{Room: "hall", Identity: "anna", Since: at(0)}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("ban: %v", err)
		}
		var reading sync.WaitGroup
		for range 2 * readers { // by every connection
			reading.Go(func() {
				if m, err := r.Member(t.Context(), "hall", "anna"); err != nil || m.Identity != "anna" {
					t.Errorf("anna is forgotten: %+v, %v", m, err)
				}
			})
		}
		reading.Wait()
	}
	must(t, os.Rename(dir, away))
	refused(t)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made in its place: %v", err)
	}
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.WriteFile(path, nil, 0o600)) // another one
	refused(t)
	must(t, os.RemoveAll(dir))
	must(t, os.Rename(away, dir))
	must(t, r.AppendChat(t.Context(), []ChatLine{say("1", "x")}))
	r = reopen(t, r, path)
	if bans, err := r.Bans(t.Context(), "hall", at(1)); err != nil || len(bans) != 0 {
		t.Errorf("a ban was half-written: %+v, %v", bans, err)
	}
	if lines, _, err := r.Chat(t.Context(), "hall", "", "", 10); err != nil || len(lines) != 1 || lines[0].ID != "1" {
		t.Errorf("%v, %v", lines, err)
	}
}
