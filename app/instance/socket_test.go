//go:build !windows

package instance

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestSocketIsTheUsersAlone(t *testing.T) {
	dir := folder(t)
	window(t, dir, func(context.Context, string) bool { return true })
	for _, name := range []string{lockName, socketName} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// What a crash leaves behind: a socket that nobody listens on, and its path.
func TestStaleSocketIsTakenOver(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, socketName)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if err := os.WriteFile(filepath.Join(dir, lockName), []byte(path), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	window(t, dir, func(_ context.Context, link string) bool {
		got <- link
		return true
	})
	if _, err := Claim(t.Context(), opened(t, dir), "foyer://a"); !errors.Is(err, ErrHandedOver) || <-got != "foyer://a" {
		t.Error(err)
	}
}
