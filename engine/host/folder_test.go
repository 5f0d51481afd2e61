package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"foyer/engine/doorapi"
)

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := loadFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(first.file(adminKeyFile), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := loadFolder(dir, nil)
	if err != nil || second.admin != first.admin || second.api != first.api || second.fingerprint != first.fingerprint {
		t.Fatalf("first %+v, second %+v, %v", first, second, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	// A new certificate: the admin key stays and pins the new one.
	if err := os.Remove(first.file(certificateFile)); err != nil {
		t.Fatal(err)
	}
	third, err := loadFolder(dir, nil)
	if err != nil || third.admin.Key != first.admin.Key || third.fingerprint == first.fingerprint {
		t.Fatalf("third %+v, %v", third, err)
	}
	sum := sha256.Sum256(third.certificate.Certificate[0])
	raw, err := os.ReadFile(third.file(adminKeyFile))
	var stored doorapi.AdminKey
	if err == nil {
		err = json.Unmarshal(raw, &stored)
	}
	if want := (doorapi.AdminKey{Key: first.admin.Key, Fingerprint: hex.EncodeToString(sum[:])}); err != nil || stored != want || third.admin != want {
		t.Errorf("admin key file: %v", err)
	}
}

func TestLastPort(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]uint16{"": 0, "x": 0, "70000": 0, "-1": 0, "443\n": 443} {
		if err := os.WriteFile(f.file(portFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := f.lastPort(); got != want {
			t.Errorf("%q: %d", content, got)
		}
	}
}
