//go:build linux

// Package e2e tests the whole program as people use it: real processes of the
// built binary, a real room server, Chromium with LiveKit's own client, real
// audio and screens, and looks at everything from outside the process.
package e2e

import (
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"foyer/internal/testenv"
)

func TestMain(m *testing.M) {
	// Under nohup the processes of the tests would ignore it, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	status := m.Run()
	testenv.RemoveFoyer()
	os.Exit(status)
}

// turns are for so many at a time.
type turns chan struct{}

// windows is for tests that open a window and hold nobody to a time: two of them wait
// as long as they draw, and more would only draw more slowly.
var windows = make(turns, 2)

// takes runs the test beside others, once it has a turn.
func (w turns) takes(t *testing.T) {
	t.Helper()
	t.Parallel()
	w <- struct{}{}
	t.Cleanup(func() { <-w }) // the last thing, after what the test has started
}

// artifact is where a test leaves something to look at. FOYER_ARTIFACTS names
// the folder; without it the file vanishes with the test.
func artifact(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("FOYER_ARTIFACTS")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}
