package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// arrives is how long a member who was let in may be on the way: the name is
// kept for them meanwhile.
const arrives = 5 * time.Minute

// maxNames is how many names of a room a newcomer's is compared with: first those of
// the people who are there, then the newest. With an invitation, anybody can note
// any number of people who never come.
const maxNames = 1000

// nearNames are the names from which one is told. Each part has an index that
// finds its rows alone. SQLite prepares a statement anew whose bare limit is bound
// (sqlite3ExprIsInteger), which takes longer than all the rest: hence the sum.
const nearNames = `SELECT identity, name FROM (
		SELECT identity, name, 0 AS place, last_seen FROM members WHERE room = $1 AND identity = $2
		UNION ALL SELECT identity, name, 1, last_seen FROM members WHERE room = $1 AND presence = 'online' AND identity <> $2
		UNION ALL SELECT identity, name, 2, last_seen FROM members WHERE room = $1 AND presence = 'offline' AND identity <> $2
		UNION ALL SELECT identity, name, 3, last_seen FROM members WHERE room = $1 AND presence = 'gone' AND identity <> $2
			AND last_seen > $3 AND last_seen >= presence_since
	) AS near ORDER BY place, last_seen DESC LIMIT $4 + 0`

// querier is a [transaction] or a [reader].
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ToldApart is the name by which a member is told from everybody else who is in
// the room, was so a moment ago, or is on the way: m.Name, or with a number. A member who
// has been told apart before keeps the number.
func (r *Register) ToldApart(ctx context.Context, m Member, now time.Time) (name string, err error) {
	err = r.read(ctx, func(ctx context.Context) (err error) {
		name, err = r.toldApart(ctx, reader{r}, m, now)
		return err
	})
	return name, err
}

func (r *Register) toldApart(ctx context.Context, q querier, m Member, now time.Time) (string, error) {
	rows, err := q.QueryContext(ctx, nearNames,
		string(m.Room), string(m.Identity), now.Add(-arrives).UnixMilli(), maxNames)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	key, before, taken := r.looks.of(m.Name).key, "", map[string]bool{}
	for rows.Next() {
		var identity, name string
		if err := rows.Scan(&identity, &name); err != nil {
			return "", err
		}
		if name == "" {
			name = call.ShownID(call.Identity(identity))
		}
		if identity == string(m.Identity) {
			before = name
		} else if look := r.looks.of(name); look.key == key {
			taken[look.skeleton] = true
		}
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("names in the room: %w", err)
	}
	if lookalike.KeepsMark(before, m.Name) && !taken[lookalike.Skeleton(before)] {
		return before, nil
	}
	return lookalike.TellApart(m.Name, func(skeleton string) bool { return taken[skeleton] }), nil
}

// holdName keeps other transactions from giving a name of the same look in the
// room meanwhile: one does not see what another is about to store.
func (r *Register) holdName(ctx context.Context, tx *transaction, m Member) error {
	if r.kind.lockName == "" {
		return nil
	}
	sum := sha256.Sum256([]byte("foyer-name\x00" + string(m.Room) + "\x00" + r.looks.of(m.Name).key))
	_, err := tx.ExecContext(ctx, r.kind.lockName, int64(binary.BigEndian.Uint64(sum[:])))
	return err
}

// look is what a name looks like: see [lookalike.Skeleton] and [lookalike.Key].
type look struct{ skeleton, key string }

// maxLooks is how many names one generation of [looks] has.
const maxLooks = 4 * maxNames

// looks remembers what names look like: to find out takes longer than to read
// the name, and everybody who comes is compared with the same ones. It keeps the
// names of two generations; the older one goes when the newer is full.
type looks struct {
	mu         sync.Mutex
	newer, old map[string]look
}

func (l *looks) of(name string) look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.newer[name]; ok {
		return known
	}
	known, ok := l.old[name]
	if !ok {
		known = look{skeleton: lookalike.Skeleton(name), key: lookalike.Key(name)}
	}
	if l.newer == nil || len(l.newer) >= maxLooks {
		l.newer, l.old = make(map[string]look), l.newer
	}
	l.newer[name] = known
	return known
}
