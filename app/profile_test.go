package app

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
)

func TestProfileKeepsItsKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "profile")
	first, err := openProfile(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openProfile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.key, second.key) {
		t.Error("the second start has another key")
	}
	if first.identity() != second.identity() {
		t.Errorf("identities %q and %q differ", first.identity(), second.identity())
	}
	if err := call.CheckIdentity(string(first.identity())); err != nil {
		t.Errorf("own identity: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("key has mode %o, want 600", mode)
	}
}

func TestProfilesAreDifferentPeople(t *testing.T) {
	a, errA := openProfile(t.TempDir())
	b, errB := openProfile(t.TempDir())
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a.identity() == b.identity() {
		t.Error("two profiles have one identity")
	}
}

func TestProfileMadeByManyProcessesAtOnceHasOneKey(t *testing.T) {
	dir := t.TempDir()
	ids := make([]call.Identity, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			p, err := openProfile(dir)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = p.identity()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("identities differ: %v", ids)
		}
	}
}

func TestDamagedKeyIsKeptAndNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openProfile(dir); err == nil || !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("error %v does not name the file", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "nonsense" {
		t.Error("the damaged key was overwritten")
	}
}

func TestStayFileTellsACrash(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	own := beginStay(p, call.Joined{Room: "r", Title: "Review"}, log)
	if got, _ := crashedStays(p); len(got) != 0 {
		t.Errorf("a running process counts as crashed: %v", got)
	}
	own.end()
	if err := os.WriteFile(p.path("stay-999999999.json"), []byte(`{"room":"r","title":"Review","pid":999999999,"since":"2026-01-02T03:04:05Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path("stay-7.json"), []byte(`{cut`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, forget := crashedStays(p)
	if len(got) != 1 || got[0].Title != "Review" || got[0].Since.Equal(time.Time{}) {
		t.Errorf("crashed stays %+v, want the one named Review", got)
	}
	if again, _ := crashedStays(p); len(again) != 1 {
		t.Errorf("a crash that nobody was told of is forgotten: %v", again)
	}
	forget()
	if got, _ := crashedStays(p); len(got) != 0 {
		t.Errorf("a crash is told twice: %v", got)
	}
}
