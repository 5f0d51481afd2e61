package register

import (
	"context"
	"database/sql"
	"sync"
)

// statements are what is asked again and again, prepared once: SQLite takes
// longer to read such a query than to answer it.
type statements struct{ ready sync.Map } // of *sql.Stmt, by query

func (s *statements) get(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	if known, ok := s.ready.Load(query); ok {
		return known.(*sql.Stmt), nil
	}
	stmt, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, lost := s.ready.LoadOrStore(query, stmt); lost {
		return first.(*sql.Stmt), stmt.Close() //nolint:sqlclosecheck // the one that is kept ends with the database
	}
	return stmt, nil
}

// reader asks outside of transactions. The queries must be constants.
type reader struct{ r *Register }

// QueryContext is that of [sql.DB] with a statement that is kept.
func (d reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := d.r.statements.get(ctx, d.r.db, query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// one reads a row with a statement that is kept.
func (r *Register) one(ctx context.Context, query string, args ...any) row {
	stmt, err := r.statements.get(ctx, r.db, query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return noRow{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

// noRow is the row of a query that could not be prepared.
type noRow struct{ err error }

func (n noRow) Scan(...any) error { return n.err }

// transaction is a [sql.Tx] that keeps its statements, too. The queries must be
// of a small number: whatever is put together from input goes to the Tx itself.
type transaction struct {
	*sql.Tx
	r *Register
}

// kept is a statement that was prepared before, or nil. PostgreSQL's driver keeps
// its own, and to prepare one here would take a second connection while this one
// is held, for which all transactions could wait at once. SQLite has one writer.
func (t *transaction) kept(ctx context.Context, query string) (*sql.Stmt, error) {
	if t.r.kind.turn == nil {
		return nil, nil
	}
	stmt, err := t.r.statements.get(ctx, t.r.db, query)
	if err != nil {
		return nil, err
	}
	return t.StmtContext(ctx, stmt), nil
}

// ExecContext is that of [sql.Tx].
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := t.kept(ctx, query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.Tx.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext is that of [sql.Tx].
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := t.kept(ctx, query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.Tx.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext is that of [sql.Tx].
func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) row {
	stmt, err := t.kept(ctx, query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return noRow{err}
	}
	if stmt == nil {
		return t.Tx.QueryRowContext(ctx, query, args...)
	}
	return stmt.QueryRowContext(ctx, args...)
}
