package register

import (
	"context"
	"errors"
	"fmt"
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
)

func postgresKind() kind {
	return kind{
		clock: `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
		// The number is arbitrary and the same in every version.
		lockSchema: `SELECT pg_advisory_xact_lock(4607182418800017408)`,
		classify:   classifyPostgres,
		again: func(err error) bool {
			code := postgresCode(err)
			return code == serializationFailure || code == deadlockDetected
		},
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
	var e *pgconn.PgError
	if errors.As(err, &e) {
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

