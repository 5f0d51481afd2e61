package private

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder is a new one. That it goes is not tested: Wine 8 cannot remove a file as Go does it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "private-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Files are written as a whole, also over older ones, in folders with any name.
func TestFilesOnWindows(t *testing.T) {
	for _, name := range []string{"plain", "Ada 50% 里", strings.Repeat(`long\`, 60)} {
		dir, err := Open(filepath.Join(folder(t), name))
		if err != nil {
			t.Fatalf("%.20q: %v", name, err)
		}
		for _, text := range []string{"one", "two", ""} {
			if err := dir.Write("key", []byte(text)); err != nil {
				t.Errorf("%.20q: %v", name, err)
			}
			if got, err := dir.Read("key", 10); err != nil || string(got) != text {
				t.Errorf("%.20q: read %q, %v", name, got, err)
			}
		}
		left, err := dir.Match("*")
		if err != nil || len(left) != 1 {
			t.Errorf("%.20q: there are %q, %v", name, left, err)
		}
		_ = dir.Close()
	}
}

// One holder at a time; what it says can be read meanwhile.
func TestLockOnWindows(t *testing.T) {
	dir, err := Open(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	first, err := dir.Lock("lock")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Say("here"); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Lock("lock"); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if note, err := dir.Note("lock"); err != nil || note != "here" {
		t.Errorf("note %q, %v", note, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := dir.Lock("lock")
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
}

// A file stands in the place of the folder.
func TestWhatIsNoFolderOnWindows(t *testing.T) {
	path := filepath.Join(folder(t), "taken")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if dir, err := Open(path); err == nil {
		_ = dir.Close()
		t.Error("a file was opened as a folder")
	}
}
