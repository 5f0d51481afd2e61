package register

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"foyer/engine/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openTest(t *testing.T, path string, pragmas ...string) *Register {
	t.Helper()
	r, err := openSQLite(context.Background(), path, pragmas...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func newKey(t *testing.T) ed25519.PublicKey {
	t.Helper()
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustInvite(t *testing.T, r *Register, room call.RoomID, title string) {
	t.Helper()
	if err := r.AddInvitation(context.Background(), Invitation{SecretHash: sha256.Sum256([]byte(room)), Room: room}, title, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestInvitations(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "strange name?&#%.db")
	r := openTest(t, path)
	now := time.UnixMilli(1_700_000_000_123)
	room := call.RoomID(`50%’<>\;--`)
	inv := Invitation{SecretHash: sha256.Sum256([]byte("s")), Room: room, Existing: true, Expires: now.Add(time.Hour), Role: call.RoleHost}
	if err := r.AddInvitation(ctx, inv, "Robert'); DROP TABLE rooms;--", now); err != nil {
		t.Fatal(err)
	}
	forever := Invitation{SecretHash: sha256.Sum256([]byte("t")), Room: room, Role: call.RoleParticipant}
	if err := r.AddInvitation(ctx, forever, "", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Invitation{inv, forever} {
		if got, err := r.Invitation(ctx, want.SecretHash); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	if got, err := r.Room(ctx, room); err != nil || got.Title != "Robert'); DROP TABLE rooms;--" || !got.Created.Equal(now) {
		t.Errorf("room %+v, %v", got, err)
	}
	if _, err := r.Invitation(ctx, sha256.Sum256([]byte("u"))); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown secret: %v", err)
	}
	if _, err := r.Room(ctx, "Hall"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown room: %v", err)
	}
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestBind(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "r.db")
	r := openTest(t, path)
	mustInvite(t, r, "hall", "")
	mustInvite(t, r, "Hall", "")
	first, other := newKey(t), newKey(t)
	at := time.UnixMilli(1_700_000_000_000)
	steps := []struct {
		room call.RoomID
		id   call.Identity
		key  ed25519.PublicKey
		want error
	}{
		{"hall", "anna", first, nil},
		{"hall", "anna", first, nil},      // another device, or back again
		{"hall", "anna", other, ErrTaken}, // somebody else
		{"hall", "Anna", other, nil},      // names are exact
		{"Hall", "anna", other, nil},      // and rooms are
	}
	for i, s := range steps {
		m := Member{Room: s.room, Identity: s.id, Key: s.key, Name: fmt.Sprint("name ", i)}
		if _, err := r.Bind(ctx, m, at.Add(time.Duration(i)*time.Second)); !errors.Is(err, s.want) {
			t.Errorf("step %d: %v, want %v", i, err, s.want)
		}
	}
	m, err := r.Member(ctx, "hall", "anna")
	if err != nil || !m.Key.Equal(first) || m.Name != "name 1" || !m.FirstSeen.Equal(at) || !m.LastSeen.Equal(at.Add(time.Second)) {
		t.Errorf("member %+v, %v", m, err)
	}
	if _, err := r.Member(ctx, "hall", "ben"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown member: %v", err)
	}
}

// TestBindRace lets many keys claim one identity at once: one gets it.
func TestBindRace(t *testing.T) {
	ctx := context.Background()
	r := openTest(t, filepath.Join(t.TempDir(), "r.db"))
	mustInvite(t, r, "hall", "")
	const claims = 20
	var wg sync.WaitGroup
	results := make(chan error, claims)
	for range claims {
		key := newKey(t)
		wg.Go(func() {
			_, err := r.Bind(ctx, Member{Room: "hall", Identity: "anna", Key: key}, time.Now())
			results <- err
		})
	}
	wg.Wait()
	won := 0
	for range claims {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, ErrTaken):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d keys have the identity", won)
	}
}

func TestOpenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	r := openTest(t, path)
	mustInvite(t, r, "hall", "Title")
	second := openTest(t, path) // two servers may share a folder
	if room, err := second.Room(context.Background(), "hall"); err != nil || room.Title != "Title" {
		t.Errorf("%+v, %v", room, err)
	}
}

func TestOpenErrors(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	r := openTest(t, newer)
	if _, err := r.db.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, 1000); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		want       error
	}{
		{"garbage", garbage, ErrCorrupt},
		{"broken inside", breakInside(t, filepath.Join(dir, "broken.db")), ErrCorrupt},
		{"newer", newer, ErrNewer},
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
	r := openTest(t, path, "max_page_count(1)") // as small as it is
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
