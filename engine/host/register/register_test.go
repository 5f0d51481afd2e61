package register

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
)

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

func TestInvitations(t *testing.T) { onEach(t, testInvitations) }

func testInvitations(t *testing.T, where string) {
	ctx := context.Background()
	r := openTest(t, where)
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
}

func TestBind(t *testing.T) { onEach(t, testBind) }

func testBind(t *testing.T, where string) {
	ctx := context.Background()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	mustInvite(t, r, "Hall", "")
	first, other := newKey(t), newKey(t)
	start := at(0)
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
		if _, err := r.Bind(ctx, m, at(i)); !errors.Is(err, s.want) {
			t.Errorf("step %d: %v, want %v", i, err, s.want)
		}
	}
	m, err := r.Member(ctx, "hall", "anna")
	if err != nil || !m.Key.Equal(first) || m.Name != "name 1" || !m.FirstSeen.Equal(start) || !m.LastSeen.Equal(at(1)) {
		t.Errorf("member %+v, %v", m, err)
	}
	if _, err := r.Member(ctx, "hall", "ben"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown member: %v", err)
	}
}

// TestBindRace lets many keys claim one identity at once: one gets it.
func TestBindRace(t *testing.T) { onEach(t, testBindRace) }

func testBindRace(t *testing.T, where string) {
	ctx := context.Background()
	r := openTest(t, where)
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

func TestOpenAgain(t *testing.T) { onEach(t, testOpenAgain) }

func testOpenAgain(t *testing.T, where string) {
	r := openTest(t, where)
	mustInvite(t, r, "hall", "Title")
	second := openTest(t, where) // two servers may share a folder
	if room, err := second.Room(context.Background(), "hall"); err != nil || room.Title != "Title" {
		t.Errorf("%+v, %v", room, err)
	}
}
