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
		moderation,
		authorship,
		installations,
		present,
		waitingRoom,
	}
}

// moderation adds what keeps people out, presence and chat. The tables that a
// room's first moderator or visitor may come to before any invitation have no
// foreign key.
const moderation = `
ALTER TABLE invitations ADD COLUMN role TEXT NOT NULL DEFAULT 'participant';
ALTER TABLE members ADD COLUMN generation     BIGINT NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN role           TEXT   NOT NULL DEFAULT 'participant';
ALTER TABLE members ADD COLUMN role_set       BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN muted          BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN exempt         BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN allowed        BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN presence       TEXT   NOT NULL DEFAULT 'gone';
ALTER TABLE members ADD COLUMN presence_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN sid            TEXT   NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN out_reason     TEXT   NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN out_by         TEXT   NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN out_words      TEXT   NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN out_at         BIGINT NOT NULL DEFAULT 0;
CREATE TABLE cutoffs (
	room     TEXT   NOT NULL,
	identity TEXT   NOT NULL,
	cut      BIGINT NOT NULL,
	reason   TEXT   NOT NULL,
	by_name  TEXT   NOT NULL,
	words    TEXT   NOT NULL,
	PRIMARY KEY (room, identity)
);
CREATE TABLE bans (
	room       TEXT   NOT NULL,
	identity   TEXT   NOT NULL,
	public_key TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	by_name    TEXT   NOT NULL,
	words      TEXT   NOT NULL,
	since      BIGINT NOT NULL,
	until      BIGINT NOT NULL,
	PRIMARY KEY (room, identity)
);
CREATE INDEX bans_key ON bans (room, public_key);
CREATE TABLE rules (
	room            TEXT   PRIMARY KEY,
	locked          BIGINT NOT NULL DEFAULT 0,
	max_members     BIGINT NOT NULL DEFAULT 0,
	refuse_newcomer BIGINT NOT NULL DEFAULT 0,
	real_time       BIGINT NOT NULL DEFAULT 0,
	keep_history    BIGINT NOT NULL DEFAULT 0,
	muted_all       BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE ended (
	room     TEXT   NOT NULL,
	session  TEXT   NOT NULL,
	ended_at BIGINT NOT NULL,
	PRIMARY KEY (room, session)
);
CREATE INDEX ended_at ON ended (ended_at);
CREATE TABLE leases (
	room   TEXT   PRIMARY KEY,
	holder TEXT   NOT NULL,
	until  BIGINT NOT NULL
);
CREATE INDEX leases_holder ON leases (holder);
CREATE INDEX leases_until ON leases (until);
CREATE TABLE chat_seq (
	room TEXT   PRIMARY KEY,
	seq  BIGINT NOT NULL
);
CREATE TABLE chat (
	room    TEXT   NOT NULL,
	id      TEXT   NOT NULL,
	seq     BIGINT NOT NULL,
	session TEXT   NOT NULL,
	sender  TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	words   TEXT   NOT NULL,
	said    BIGINT NOT NULL,
	PRIMARY KEY (room, id)
);
CREATE UNIQUE INDEX chat_order ON chat (room, seq);`

// authorship notes whose a ban is: those of old are the host's. It makes the ID
// of a message its sender's: nobody can take that of somebody else's.
const authorship = `
ALTER TABLE bans ADD COLUMN by_role TEXT NOT NULL DEFAULT 'host';
CREATE TABLE chat_by_sender (
	room    TEXT   NOT NULL,
	id      TEXT   NOT NULL,
	seq     BIGINT NOT NULL,
	session TEXT   NOT NULL,
	sender  TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	words   TEXT   NOT NULL,
	said    BIGINT NOT NULL,
	PRIMARY KEY (room, id, sender)
);
INSERT INTO chat_by_sender (room, id, seq, session, sender, name, words, said)
	SELECT room, id, seq, session, sender, name, words, said FROM chat;
DROP TABLE chat;
ALTER TABLE chat_by_sender RENAME TO chat;
CREATE UNIQUE INDEX chat_order ON chat (room, seq);`

// installations lets what was decided about one identity of a key hold for the
// others that the room knows: mutes, exceptions, and of roles that were set the
// lowest. The role of a host comes from an invitation of its own.
const installations = `
CREATE INDEX members_key ON members (room, public_key);
UPDATE members SET muted = 1, exempt = 0 WHERE public_key <> '' AND muted = 0 AND EXISTS (SELECT 1 FROM members k
	WHERE k.room = members.room AND k.public_key = members.public_key AND k.muted = 1);
UPDATE members SET exempt = 1 WHERE public_key <> '' AND muted = 0 AND exempt = 0 AND EXISTS (SELECT 1 FROM members k
	WHERE k.room = members.room AND k.public_key = members.public_key AND k.exempt = 1);
UPDATE members SET role = 'listener', role_set = 1 WHERE public_key <> ''
	AND role <> 'host' AND EXISTS (SELECT 1 FROM members k
	WHERE k.room = members.room AND k.public_key = members.public_key AND k.role_set = 1 AND k.role = 'listener');
UPDATE members SET role = 'participant', role_set = 1 WHERE public_key <> ''
	AND role IN ('cohost', 'participant') AND EXISTS (SELECT 1 FROM members k
	WHERE k.room = members.room AND k.public_key = members.public_key AND k.role_set = 1 AND k.role = 'participant');`

// present lets a join find who is there, or was a moment ago, without looking at
// everybody whom the room remembers.
const present = `CREATE INDEX members_present ON members (room, presence, last_seen);`

// waitingRoom lets rooms have one, and remembers whom a session has let in.
const waitingRoom = `
ALTER TABLE rules ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0;
CREATE TABLE let_in (
	room       TEXT   NOT NULL,
	public_key TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	session    TEXT   NOT NULL,
	since      BIGINT NOT NULL,
	PRIMARY KEY (room, public_key, name)
);`

// migrate brings the database to the newest schema, all or nothing.
func migrate(ctx context.Context, tx *sql.Tx) error {
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
	return nil
}
