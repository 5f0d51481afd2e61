package register

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"foyer/engine/call"
)

// arrives is how long a member who was let in may be on the way: the name is
// kept for them meanwhile.
const arrives = 5 * time.Minute

// querier is a *sql.Tx or *sql.DB.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ToldApart is the name by which a member is told from everybody else who is in
// the room, was so a moment ago, or is on the way: m.Name, or with a number. Who
// has been told apart before keeps the number.
func (r *Register) ToldApart(ctx context.Context, m Member, now time.Time) (name string, err error) {
	err = r.read(ctx, func(ctx context.Context) (err error) {
		name, err = toldApart(ctx, r.db, m, now)
		return err
	})
	return name, err
}

func toldApart(ctx context.Context, q querier, m Member, now time.Time) (string, error) {
	rows, err := q.QueryContext(ctx, `SELECT identity, name FROM members WHERE room = $1 AND (identity = $2
			OR presence IN ('online', 'offline') OR last_seen > $3 AND last_seen >= presence_since)`,
		string(m.Room), string(m.Identity), now.Add(-arrives).UnixMilli())
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	key, before, taken := call.TwinKey(m.Name), "", map[string]bool{}
	for rows.Next() {
		var identity, name string
		if err := rows.Scan(&identity, &name); err != nil {
			return "", err
		}
		if name == "" {
			name = call.ShownID(call.Identity(identity))
		}
		switch {
		case identity == string(m.Identity):
			before = name
		case call.TwinKey(name) == key:
			taken[call.Skeleton(name)] = true
		}
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("names in the room: %w", err)
	}
	if call.KeepsMark(before, m.Name) && !taken[call.Skeleton(before)] {
		return before, nil
	}
	return call.TellApart(m.Name, func(skeleton string) bool { return taken[skeleton] }), nil
}
