package register

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Connections to PostgreSQL. Several doors share its default of 100
// (postgresql.org/docs, max_connections).
const (
	connections    = 16
	connectTimeout = 3 * time.Second
	idleFor        = 5 * time.Minute
)

// Error codes of PostgreSQL (postgresql.org/docs, appendix A).
const (
	diskFull             = "53100"
	dataCorrupted        = "XX001"
	indexCorrupted       = "XX002"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
)

func postgresKind() kind {
	return kind{
		clock: `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
		// The number is arbitrary and the same in every version.
		lockSchema: `SELECT pg_advisory_xact_lock(4607182418800017408)`,
		lockName:   `SELECT pg_advisory_xact_lock($1)`,
		classify:   classifyPostgres,
		again:      againPostgres,
	}
}

func openPostgres(ctx context.Context, address string) (*Register, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The parser's error quotes the address, with what it took for no password.
		return nil, fmt.Errorf("%w: the address of the database cannot be read", ErrUnavailable)
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTimeout {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "foyer"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(idleFor)
	return start(ctx, db, postgresKind())
}

func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func classifyPostgres(err error) error {
	switch postgresCode(err) {
	case diskFull:
		return ErrFull
	case dataCorrupted, indexCorrupted:
		return ErrCorrupt
	default:
		return ErrUnavailable
	}
}

// againPostgres is true for what lost against another transaction, and for
// connections of the pool that a restart of the server has ended: the next one
// may be good, and if the server is gone, a [pgconn.ConnectError] says so.
func againPostgres(err error) bool {
	switch postgresCode(err) {
	case serializationFailure, deadlockDetected, adminShutdown, crashShutdown:
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
