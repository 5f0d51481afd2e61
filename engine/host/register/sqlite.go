package register

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"modernc.org/sqlite" // the driver, and its errors
	sqlite3 "modernc.org/sqlite/lib"

	"foyer/engine/private"
)

// readers is how many connections work beside the one writer that SQLite
// allows.
const readers = 4

// busyTimeout is how long SQLite waits for the lock of another program before it
// reports that. It is short because no context ends this wait; [Register.insist]
// goes on waiting.
const busyTimeout = 100 * time.Millisecond

func sqliteKind() kind {
	return kind{
		clock:    `CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)`,
		classify: classifySQLite,
		again:    func(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY },
		check:    checkSQLite,
		// Within the program writers queue here, in turn and as long as their
		// context allows; SQLite's own waiting is a lottery.
		turn: make(chan struct{}, 1),
	}
}

func openSQLite(ctx context.Context, path string, pragmas ...string) (*Register, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := makePrivate(absolute); err != nil {
		return nil, err
	}
	there, err := thereStill(absolute)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(sameFile{source(absolute, pragmas), there})
	db.SetMaxOpenConns(readers + 1)
	db.SetMaxIdleConns(readers + 1)
	k := sqliteKind()
	k.there = there
	k.backUp = func(ctx context.Context, db *sql.DB) error { return backUp(ctx, db, absolute) }
	r, err := start(ctx, db, k)
	if err == nil {
		openAll(ctx, db)
	}
	return r, err
}

// openAll opens all connections up front, as far as it can. If the file is moved later,
// they can still read it, and new ones could not.
func openAll(ctx context.Context, db *sql.DB) {
	var all []*sql.Conn
	for range db.Stats().MaxOpenConnections {
		conn, err := db.Conn(ctx)
		if err != nil {
			break
		}
		all = append(all, conn)
	}
	for _, conn := range all {
		_ = conn.Close() // gives it back
	}
}

// sameFile opens connections to one file, and to none that stands in its place.
type sameFile struct {
	source string
	there  func() error
}

// Driver implements driver.Connector.
func (s sameFile) Driver() driver.Driver { return &sqlite.Driver{} }

// Connect implements driver.Connector.
func (s sameFile) Connect(context.Context) (driver.Conn, error) {
	if err := s.there(); err != nil {
		return nil, err
	}
	conn, err := s.Driver().Open(s.source)
	if err != nil {
		return nil, err
	}
	if err := s.there(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// thereStill makes a check that the file has neither gone nor been replaced:
// SQLite would go on writing, without an error, into what nobody can find again
// (sqlite.org/howtocorrupt.html, 4.4).
func thereStill(path string) (func() error, error) {
	first, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return func() error {
		now, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("%w: its file is gone: %w", ErrUnavailable, err)
		case !os.SameFile(first, now):
			return fmt.Errorf("%w: its file is another one since the start", ErrUnavailable)
		}
		return nil
	}, nil
}

// makePrivate makes the file only for its owner; SQLite would use the umask, and
// follow links. The files beside it get the same mode (sqlite.org/src,
// findCreateFileMode).
func makePrivate(path string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil { // the folder is not ours to make
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	dir, err := private.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	name := filepath.Base(path)
	f, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE)
	if err == nil {
		err = f.Close()
	}
	for _, end := range []string{"-wal", "-shm", "-journal"} {
		err = errors.Join(err, dir.Check(name+end))
	}
	if err = errors.Join(err, dir.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// source is the data source name. WAL lets readers go on while one writes;
// NORMAL is safe against a crash of the program (sqlite.org/wal.html).
func source(path string, pragmas []string) string {
	q := url.Values{"_txlock": {"immediate"}}
	timeout := fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())
	always := []string{timeout, "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}
	for _, p := range append(always, pragmas...) {
		q.Add("_pragma", p)
	}
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" {
		path = "/" + path // file:///C:/...
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func checkSQLite(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, verdict)
	}
	return nil
}

// sqliteCode is the primary code of an error: its low byte
// (sqlite.org/rescode.html). 0: not one of SQLite's.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func classifySQLite(err error) error {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	case sqlite3.SQLITE_FULL:
		return ErrFull
	default:
		return ErrUnavailable
	}
}
