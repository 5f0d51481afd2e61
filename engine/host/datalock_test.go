package host

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/private"
	"foyer/internal/testenv"
)

// ownable is a server of a data folder, and the folder.
func ownable(t *testing.T, path string, change func(*Config)) (*Server, *folder) {
	t.Helper()
	log, _ := testenv.NewLog()
	conf := Config{Listen: "127.0.0.1:0", Data: path, Log: log}
	if change != nil {
		change(&conf)
	}
	s, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	data, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.dir.Close() })
	return s, data
}

func own(t *testing.T, s *Server, data *folder) *private.Lock {
	t.Helper()
	lock, err := s.own(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

// TestADataFolderHasOneServer: the second one is told which process the first is.
func TestADataFolderHasOneServer(t *testing.T) {
	path := t.TempDir()
	one, ones := ownable(t, path, nil)
	lock := own(t, one, ones)
	two, twos := ownable(t, path, nil)
	_, err := two.own(t.Context(), twos)
	used, ok := errors.AsType[*call.DataInUseError](err)
	if !ok || used.PID != os.Getpid() || !strings.HasPrefix(used.Path, "/") || !errors.Is(err, call.ErrDataInUse) {
		t.Errorf("got %v", err)
	}
	if err := run(t, Config{Listen: "127.0.0.1:0", Data: path}); !errors.Is(err, call.ErrDataInUse) {
		t.Errorf("serving it: %v", err)
	}
	// Nothing of the first's was touched.
	if note, err := twos.dir.Note(lockFile); err != nil || strings.TrimSpace(note) != strconv.Itoa(os.Getpid()) {
		t.Errorf("the lock says %q, %v", note, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := own(t, two, twos).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDoorsOfADatabaseShareAFolder: they share rooms, and the keys may be the
// same.
func TestDoorsOfADatabaseShareAFolder(t *testing.T) {
	path := t.TempDir()
	for range 2 {
		s, data := ownable(t, path, func(c *Config) { c.Database = "postgres://foyer@127.0.0.1:1/foyer" })
		if err := own(t, s, data).Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAPatientServerWaitsForOneThatStops: that of a window which was closed and
// opened again at once.
func TestAPatientServerWaitsForOneThatStops(t *testing.T) {
	path := t.TempDir()
	one, ones := ownable(t, path, nil)
	lock := own(t, one, ones)
	two, twos := ownable(t, path, func(c *Config) { c.Patient = true })
	got := make(chan error, 1)
	go func() {
		second, err := two.own(context.Background(), twos)
		got <- errors.Join(err, second.Close())
	}()
	select {
	case err := <-got:
		t.Errorf("it does not wait: %v", err)
	case <-time.After(5 * folderRetry):
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	third := own(t, one, ones)
	defer third.Close()
	cancel()
	if _, err := two.own(ctx, twos); !errors.Is(err, context.Canceled) {
		t.Errorf("it is told to end: %v", err)
	}
}

// TestALockThatSaysNothing names no process.
func TestALockThatSaysNothing(t *testing.T) {
	_, data := ownable(t, t.TempDir(), nil)
	for content, want := range map[string]int{"": 0, "x": 0, "17\n": 17} {
		if err := data.dir.Write(lockFile, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got := data.user(); got != want {
			t.Errorf("%q: %d", content, got)
		}
	}
}
