package register

import (
	"context"
	"database/sql"
	"sync"
)

// statements are what every join asks for, prepared once: SQLite takes longer to
// read such a query than to answer it.
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
