package register

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What an older program left is kept as it was, and that program can go on with it.
func TestMigrationKeepsTheDatabaseOfBefore(t *testing.T) {
	ctx := t.Context()
	where := filepath.Join(t.TempDir(), "rooms.db")
	db := openRaw(t, where)
	for _, step := range []string{
		migrations()[0],
		`CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (1)`,
		`INSERT INTO rooms VALUES ('hall', 'The hall', 1)`,
	} {
		_, err := db.ExecContext(ctx, step)
		must(t, err)
	}
	must(t, db.Close())
	must(t, os.Chmod(filepath.Dir(where), 0o700))
	// An interrupted attempt is no obstacle.
	must(t, os.WriteFile(where+".schema1.new", []byte("half"), 0o600))
	r, err := Open(ctx, where)
	must(t, err)
	must(t, r.Close())

	kept := where + ".schema1"
	info, err := os.Stat(kept)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v", info.Mode())
	}
	old := openRaw(t, kept)
	var title string
	var version int
	must(t, old.QueryRowContext(ctx, `SELECT title FROM rooms`).Scan(&title))
	must(t, old.QueryRowContext(ctx, `SELECT MAX(version) FROM schema_version`).Scan(&version))
	if title != "The hall" || version != 1 {
		t.Errorf("the copy has %q, schema %d", title, version)
	}

	must(t, old.Close())

	// Nothing is copied where nothing changes, or where the program is the older one.
	must(t, os.Remove(kept))
	r, err = Open(ctx, where)
	must(t, err)
	_, err = r.db.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, 1000)
	must(t, err)
	must(t, r.Close())
	if _, err := Open(ctx, where); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer database: %v", err)
	}
	if found, _ := filepath.Glob(where + ".schema*"); len(found) > 0 {
		t.Errorf("there are copies: %v", found)
	}
}
