package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is there already is not lost, and a stay does not begin without the
// trace that was asked for.
func TestTraceThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(file, []byte("dear Bob"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"join", goodLink, "--name", "Ada", "--profile", filepath.Join(dir, "profile"), "--trace", file},
		{"join", goodLink, "--name", "Ada", "--profile", filepath.Join(dir, "profile"), "--trace", dir},
		{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--trace", file},
		{"--profile", filepath.Join(dir, "profile"), "--trace", file},
	} {
		status, _, errs := run(args...)
		if status != exitUsage || !strings.Contains(errs, "new file") || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: status %d, %q", args, status, errs)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "dear Bob" {
		t.Errorf("the file was lost: %q, %v", text, err)
	}
}
