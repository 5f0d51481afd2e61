// Package register keeps what a room server has to remember: rooms, invitations
// and who uses which identity. It is one SQLite database; all SQL of the server
// stands here. A [Register] may be used from any goroutine.
//
// Secrets are never stored, only their SHA-256: they are random, so a plain
// hash is enough, and a copy of the database opens no door.
package register

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"modernc.org/sqlite" // the driver, and its errors
	sqlite3 "modernc.org/sqlite/lib"

	"foyer/engine/call"
)

// Errors of the register.
var (
	ErrNotFound    = errors.New("not in the register")
	ErrTaken       = errors.New("identity belongs to another key")
	ErrCorrupt     = errors.New("database is damaged")
	ErrFull        = errors.New("no space left for the database")
	ErrNewer       = errors.New("database was written by a newer version")
	ErrUnavailable = errors.New("database cannot be used")
)

// Room is a room that somebody has been invited to.
type Room struct {
	ID      call.RoomID
	Title   string
	Created time.Time
}

// Invitation lets whoever knows the secret into a room.
type Invitation struct {
	SecretHash [sha256.Size]byte
	Room       call.RoomID
	Existing   bool      // only while the room is open
	Expires    time.Time // zero: never
}

// Member is the use of an identity in a room.
type Member struct {
	Room      call.RoomID
	Identity  call.Identity
	Key       ed25519.PublicKey
	Name      string
	FirstSeen time.Time
	LastSeen  time.Time
}

// Register is an open database.
type Register struct{ db *sql.DB }

// connections bounds how many readers work beside the one writer that SQLite
// allows.
const connections = 4

// Open opens or creates the database and brings its schema up to date. Errors
// wrap those of this package.
func Open(ctx context.Context, path string) (*Register, error) { return open(ctx, path) }

func open(ctx context.Context, path string, pragmas ...string) (*Register, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	if err := makePrivate(absolute); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(absolute, pragmas))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	r := &Register{db: db}
	if err := r.prepare(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the register: %w", explain(err))
	}
	return r, nil
}

// makePrivate makes the file for its owner alone; SQLite would use the umask.
// The files beside it get the same mode (sqlite.org/src, findCreateFileMode).
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// source is the data source name. WAL lets readers go on while one writes;
// NORMAL is safe against a crash of the program (sqlite.org/wal.html).
func source(path string, pragmas []string) string {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" {
		path = "/" + path // file:///C:/...
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func (r *Register) prepare(ctx context.Context) error {
	var verdict string
	if err := r.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, verdict)
	}
	return migrate(ctx, r.db)
}

// Close closes the database.
func (r *Register) Close() error { return explain(r.db.Close()) }

// AddInvitation stores an invitation, and its room if that is new. A title that
// is not empty replaces the room's title.
func (r *Register) AddInvitation(ctx context.Context, inv Invitation, title string, now time.Time) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, `INSERT INTO rooms (id, title, created) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET title = CASE WHEN excluded.title = '' THEN rooms.title ELSE excluded.title END`,
		string(inv.Room), title, now.UnixMilli()); err != nil {
		return explain(err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO invitations (secret_hash, room, existing, created, expires) VALUES ($1, $2, $3, $4, $5)`,
		hex.EncodeToString(inv.SecretHash[:]), string(inv.Room), flag(inv.Existing), now.UnixMilli(), millis(inv.Expires)); err != nil {
		return explain(err)
	}
	return explain(tx.Commit())
}

// Invitation finds an invitation by the hash of its secret. The search is not
// constant in time, which tells nothing: who does not know the secret cannot
// choose the hash. It fails with [ErrNotFound].
func (r *Register) Invitation(ctx context.Context, secretHash [sha256.Size]byte) (Invitation, error) {
	inv := Invitation{SecretHash: secretHash}
	var room string
	var existing, expires int64
	err := r.db.QueryRowContext(ctx, `SELECT room, existing, expires FROM invitations WHERE secret_hash = $1`,
		hex.EncodeToString(secretHash[:])).Scan(&room, &existing, &expires)
	if err != nil {
		return Invitation{}, explain(err)
	}
	inv.Room, inv.Existing, inv.Expires = call.RoomID(room), existing != 0, instant(expires)
	return inv, nil
}

// Room finds a room. It fails with [ErrNotFound].
func (r *Register) Room(ctx context.Context, id call.RoomID) (Room, error) {
	room := Room{ID: id}
	var created int64
	err := r.db.QueryRowContext(ctx, `SELECT title, created FROM rooms WHERE id = $1`, string(id)).Scan(&room.Title, &created)
	room.Created = instant(created)
	return room, explain(err)
}

// Bind notes that a key uses an identity in a room. Whoever comes first keeps
// it: another key gets [ErrTaken]. If the note cannot be written, a member who
// is known already is let in all the same: a full disk closes no room.
func (r *Register) Bind(ctx context.Context, m Member, now time.Time) error {
	key := hex.EncodeToString(m.Key)
	res, err := r.db.ExecContext(ctx, `INSERT INTO members (room, identity, public_key, name, first_seen, last_seen)
		VALUES ($1, $2, $3, $4, $5, $5)
		ON CONFLICT (room, identity) DO UPDATE SET name = excluded.name, last_seen = excluded.last_seen
		WHERE members.public_key = excluded.public_key`,
		string(m.Room), string(m.Identity), key, m.Name, now.UnixMilli())
	if err == nil {
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			return ErrTaken
		}
		return explain(err)
	}
	known, readErr := r.Member(ctx, m.Room, m.Identity)
	switch {
	case readErr != nil:
		return explain(err)
	case !known.Key.Equal(m.Key):
		return ErrTaken
	default:
		return nil
	}
}

// Member finds who uses an identity. It fails with [ErrNotFound].
func (r *Register) Member(ctx context.Context, room call.RoomID, identity call.Identity) (Member, error) {
	m := Member{Room: room, Identity: identity}
	var key string
	var first, last int64
	err := r.db.QueryRowContext(ctx, `SELECT public_key, name, first_seen, last_seen FROM members WHERE room = $1 AND identity = $2`,
		string(room), string(identity)).Scan(&key, &m.Name, &first, &last)
	if err != nil {
		return Member{}, explain(err)
	}
	if m.Key, err = hex.DecodeString(key); err != nil || len(m.Key) != ed25519.PublicKeySize {
		return Member{}, fmt.Errorf("%w: a member's key", ErrCorrupt)
	}
	m.FirstSeen, m.LastSeen = instant(first), instant(last)
	return m, nil
}

// explain turns the driver's errors into those of this package.
func explain(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case !errors.As(err, &e):
		return err
	}
	switch e.Code() & 0xff { // the low byte is the primary code (sqlite.org/rescode.html)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
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
