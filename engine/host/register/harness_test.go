package register

import (
	"path/filepath"
	"testing"
	"time"
)

func sqlitePath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "strange name?&#%.db")
}

// backends makes an empty database of each kind.
func backends() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"sqlite": sqlitePath, "postgres": postgresAddress}
}

// onEach runs a test over every kind of database.
func onEach(t *testing.T, test func(t *testing.T, where string)) {
	for name, where := range backends() {
		t.Run(name, func(t *testing.T) { test(t, where(t)) })
	}
}

func openTest(t testing.TB, where string) *Register {
	t.Helper()
	r, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, r)
	return r
}

func closeAfter(t testing.TB, r *Register) {
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// reopen is what a restart of the server does.
func reopen(t *testing.T, r *Register, where string) *Register {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return openTest(t, where)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is a time that the database keeps exactly.
func at(seconds int) time.Time { return time.UnixMilli(1_700_000_000_123 + 1000*int64(seconds)) }

func msec(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
