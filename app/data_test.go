package app

import (
	"path/filepath"
	"testing"
)

// The recipe of docs/scaling.md mounts this folder.
func TestDataFolderIsInXDGDataHome(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/data")
	got, err := dataFolder()
	if want := filepath.Join("/data", "foyer", "server"); err != nil || got != want {
		t.Errorf("dataFolder() = %q, %v; want %q", got, err, want)
	}
}
