package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"foyer/engine/private"
)

// backUp copies a SQLite database of an older schema beside itself, before it is
// brought up to date: the program of before, which refuses the newer one, can go on
// with the copy. A copy of the same schema from an earlier time is replaced.
func backUp(ctx context.Context, db *sql.DB, path string) error {
	var tables, version int
	err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'`).Scan(&tables)
	if err != nil || tables == 0 { // new
		return err
	}
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&version); err != nil {
		return err
	}
	if version == 0 || version >= len(migrations()) {
		return nil
	}
	dir, err := private.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.schema%d", filepath.Base(path), version)
	return errors.Join(copyInto(ctx, db, dir, name), dir.Close())
}

// copyInto copies a database into a file of the folder, which is on the disk before it
// has its name. VACUUM INTO takes an empty file, and keeps its mode.
func copyInto(ctx context.Context, db *sql.DB, dir *private.Dir, name string) error {
	unfinished := name + ".new"
	f, err := dir.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	if _, err = db.ExecContext(ctx, `VACUUM INTO ?`, dir.Path(unfinished)); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		return dir.Rename(unfinished, name)
	}
	return errors.Join(err, dir.Remove(unfinished))
}
