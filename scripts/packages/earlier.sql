-- The database of a room server as the first version left it, with a room.
CREATE TABLE rooms (id TEXT PRIMARY KEY, title TEXT NOT NULL, created BIGINT NOT NULL);
CREATE TABLE invitations (
	secret_hash TEXT PRIMARY KEY, room TEXT NOT NULL REFERENCES rooms (id),
	existing BIGINT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE INDEX invitations_room ON invitations (room);
CREATE TABLE members (
	room TEXT NOT NULL REFERENCES rooms (id), identity TEXT NOT NULL, public_key TEXT NOT NULL,
	name TEXT NOT NULL, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, PRIMARY KEY (room, identity)
);
CREATE TABLE schema_version (version BIGINT NOT NULL);
INSERT INTO schema_version VALUES (1);
INSERT INTO rooms VALUES ('hall', 'The hall', 1);
