package register

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations is every change of the schema, oldest first: the version of a
// database is how many of them it has had. The SQL keeps to what SQLite and
// PostgreSQL share: TEXT and BIGINT columns, $1 parameters, ON CONFLICT. Keys
// and hashes are hexadecimal, times are unix milliseconds, flags 0 or 1.
func migrations() []string {
	return []string{
		`CREATE TABLE rooms (
			id      TEXT PRIMARY KEY,
			title   TEXT NOT NULL,
			created BIGINT NOT NULL
		);
		CREATE TABLE invitations (
			secret_hash TEXT PRIMARY KEY,
			room        TEXT NOT NULL REFERENCES rooms (id),
			existing    BIGINT NOT NULL,
			created     BIGINT NOT NULL,
			expires     BIGINT NOT NULL
		);
		CREATE INDEX invitations_room ON invitations (room);
		CREATE TABLE members (
			room       TEXT NOT NULL REFERENCES rooms (id),
			identity   TEXT NOT NULL,
			public_key TEXT NOT NULL,
			name       TEXT NOT NULL,
			first_seen BIGINT NOT NULL,
			last_seen  BIGINT NOT NULL,
			PRIMARY KEY (room, identity)
		);`,
	}
}

// migrate brings the database to the newest schema, all or nothing.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)`); err != nil {
		return err
	}
	version, steps := 0, migrations()
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&version); err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, version, len(steps))
	}
	for i, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("schema %d: %w", version+i+1, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version+i+1); err != nil {
			return err
		}
	}
	return tx.Commit()
}
