// Package register keeps what a room server has to remember: rooms, invitations,
// who uses which identity and may come in, what is said, and which door keeps
// which room. It is one SQLite or PostgreSQL database; all SQL of the server
// stands here, and both understand it. A [Register] may be used from any
// goroutine.
//
// Secrets are never stored, only their SHA-256: they are random, so a plain
// hash is enough, and a copy of the database opens no door.
package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// Errors of the register. Every error wraps one of them.
var (
	ErrNotFound    = errors.New("not in the register")
	ErrTaken       = errors.New("identity belongs to another key")
	ErrOutranked   = errors.New("somebody of a higher role has decided that")
	ErrCorrupt     = errors.New("database is damaged")
	ErrFull        = errors.New("no space left for the database")
	ErrNewer       = errors.New("database was written by a newer version")
	ErrUnavailable = errors.New("database cannot be used")
)

// Limits on what a call may take.
const (
	patience = 5 * time.Second // one read or write, waiting for others included
	opening  = 3 * patience    // one step of opening, which may have to rewrite tables
	copying  = 120 * patience  // the copy before that, of a large database on a slow disk
	tries    = 50              // of what failed for nothing that we did; more than there are connections
)

// Register is an open database.
type Register struct {
	db         *sql.DB
	kind       kind
	statements statements
	patience   time.Duration // for a read or write
	maxGone    int           // see prune
	noted      atomic.Int64  // members, likewise
	looks      looks         // of names
}

// kind is what the databases do not share.
type kind struct {
	clock      string                               // SQL: its time in unix milliseconds
	lockSchema string                               // SQL before a migration; empty: a transaction has the lock anyway
	lockName   string                               // SQL: holds the number $1 until the transaction ends; likewise
	classify   func(error) error                    // the sentinel that an error of the driver means
	again      func(error) bool                     // it lost against another transaction
	check      func(context.Context, *sql.DB) error // of its health, before anything else; nil: none
	backUp     func(context.Context, *sql.DB) error // of an older schema; nil: the administrator does it
	there      func() error                         // fails if what is written would be lost; nil: the database sees to it
	turn       chan struct{}                        // holds a token while somebody writes; nil: the database sees to it
}

// Open opens or creates the database and brings its schema up to date. where is
// the path of a file for SQLite, or an address that begins with postgres:// or
// postgresql://, whose database has to exist. Errors wrap those of this package
// and never hold a password.
func Open(ctx context.Context, where string) (*Register, error) {
	if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		return openPostgres(ctx, where)
	}
	return openSQLite(ctx, where)
}

// start makes a register of an open database, which it closes if that fails.
func start(ctx context.Context, db *sql.DB, k kind) (*Register, error) {
	r := &Register{db: db, kind: k, maxGone: maxGone, patience: opening}
	if err := r.prepare(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the register: %w", err)
	}
	r.patience = patience
	return r, nil
}

func (r *Register) prepare(ctx context.Context) error {
	if check := r.kind.check; check != nil {
		if err := r.read(ctx, func(ctx context.Context) error { return check(ctx, r.db) }); err != nil {
			return err
		}
	}
	if backUp := r.kind.backUp; backUp != nil {
		r.patience = copying
		err := r.read(ctx, func(ctx context.Context) error { return backUp(ctx, r.db) })
		if r.patience = opening; err != nil {
			return err
		}
	}
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if lock := r.kind.lockSchema; lock != "" {
			if _, err := tx.ExecContext(ctx, lock); err != nil {
				return err
			}
		}
		return migrate(ctx, tx.Tx)
	})
}

// Close closes the database.
func (r *Register) Close() error { return r.explain(r.db.Close()) }

// read runs f for a bounded time. f may run again.
func (r *Register) read(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	return r.insist(ctx, f)
}

// insist runs f until it has lost against nobody, or time is up. What may have
// happened is not done again.
func (r *Register) insist(ctx context.Context, f func(context.Context) error) error {
	var err error
	for range tries {
		err = f(ctx)
		if _, doubt := errors.AsType[doubtError](err); err == nil || doubt || !r.kind.again(err) || ctx.Err() != nil {
			break
		}
	}
	return r.explain(err)
}

// list reads all rows of a query, which must be a constant.
func list[T any](ctx context.Context, r *Register, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := r.read(ctx, func(ctx context.Context) error {
		all = nil
		rows, err := reader{r}.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scan(rows)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return rows.Err()
	})
	return all, err
}

// write runs f in a transaction, all or nothing, for a bounded time. f may run
// again.
func (r *Register) write(ctx context.Context, f func(context.Context, *transaction) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	if turn := r.kind.turn; turn != nil {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return r.explain(ctx.Err())
		}
	}
	return r.insist(ctx, func(ctx context.Context) error { return r.try(ctx, f) })
}

// doubtError is the error of a commit, which may have happened all the same.
type doubtError struct{ error }

func (e doubtError) Unwrap() error { return e.error }

func (r *Register) try(ctx context.Context, f func(context.Context, *transaction) error) error {
	if there := r.kind.there; there != nil {
		if err := there(); err != nil {
			return err
		}
	}
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(ctx, &transaction{tx, r}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return doubtError{err}
	}
	return nil
}

// change writes with one statement. It fails with [ErrNotFound] if that changes
// nothing.
func (r *Register) change(ctx context.Context, query string, args ...any) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrNotFound
	})
}

// explain turns the errors of drivers into those of this package.
func (r *Register) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	}
	for _, known := range []error{ErrNotFound, ErrTaken, ErrOutranked, ErrCorrupt, ErrFull, ErrNewer, ErrUnavailable} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", r.kind.classify(err), err)
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// clean makes text storable: PostgreSQL refuses what is not UTF-8, and NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
