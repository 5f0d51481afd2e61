package register

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"foyer/engine/call"
)

// Limits of a room's history.
const (
	MaxHistory = 100_000 // lines of a room; the oldest go first
	trimEvery  = 1000    // lines between two looks at it
	chatBatch  = 100     // rows of one INSERT: 8 parameters each, PostgreSQL takes 65535
)

const chatColumns = `room, id, seq, session, sender, name, words, said`

func scanChat(from row) (ChatLine, error) {
	var c ChatLine
	var said int64
	err := from.Scan(&c.Room, &c.ID, &c.Seq, &c.Session, &c.From, &c.Name, &c.Text, &said)
	c.At = instant(said)
	return c, err
}

// AppendChat stores lines in their order, all or none. Each gets the next
// number of its room (Seq counts for nothing), with gaps where an ID of the same
// sender's was known already: such lines are left out.
func (r *Register) AppendChat(ctx context.Context, lines []ChatLine) error {
	if len(lines) == 0 {
		return nil
	}
	byRoom := map[call.RoomID][]ChatLine{}
	for _, c := range lines {
		byRoom[c.Room] = append(byRoom[c.Room], c)
	}
	rooms := make([]call.RoomID, 0, len(byRoom))
	for room := range byRoom {
		rooms = append(rooms, room)
	}
	slices.Sort(rooms) // one order of the locks for all
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		for _, room := range rooms {
			if err := appendRoom(ctx, tx, room, byRoom[room]); err != nil {
				return err
			}
		}
		return nil
	})
}

func appendRoom(ctx context.Context, tx *transaction, room call.RoomID, lines []ChatLine) error {
	n := int64(len(lines))
	var last int64 // the row's lock makes the numbers follow the order of commits
	if err := tx.QueryRowContext(ctx, `INSERT INTO chat_seq (room, seq) VALUES ($1, $2)
		ON CONFLICT (room) DO UPDATE SET seq = chat_seq.seq + excluded.seq
			RETURNING seq`, string(room), n).Scan(&last); err != nil {
		return err
	}
	seq := last - n
	for batch := range slices.Chunk(lines, chatBatch) {
		query, args := insertChat(batch, seq)
		if _, err := tx.Tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		seq += int64(len(batch))
	}
	if last/trimEvery == (last-n)/trimEvery {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM chat WHERE room = $1 AND seq <= $2`, string(room), last-MaxHistory)
	return err
}

// insertChat is one INSERT of all lines, numbered from after+1.
func insertChat(lines []ChatLine, after int64) (string, []any) {
	var q strings.Builder
	q.WriteString(`INSERT INTO chat (` + chatColumns + `) VALUES `)
	args := make([]any, 0, 8*len(lines))
	for i, c := range lines {
		if i > 0 {
			q.WriteByte(',')
		}
		for j := range 8 {
			q.WriteString([]string{"(", ","}[min(j, 1)])
			q.WriteString("$" + strconv.Itoa(len(args)+j+1))
		}
		q.WriteByte(')')
		args = append(args, clean(string(c.Room)), clean(c.ID), after+int64(i)+1, clean(string(c.Session)),
			clean(string(c.From)), clean(c.Name), clean(c.Text), millis(c.At))
	}
	q.WriteString(` ON CONFLICT (room, id, sender) DO NOTHING`)
	return q.String(), args
}

// Chat reads a room's history in order; an empty session means those of all
// sessions. Without after it is the last limit lines. With after it is up to
// [call.ChatOverlap] lines before the line of that ID, the line, and what
// follows, limit lines in all, and more tells that there are others; if the line
// is not known, it is the last limit lines. Of lines of different senders with
// that ID it is the first.
func (r *Register) Chat(
	ctx context.Context, room call.RoomID, session call.SID, after string, limit int,
) (lines []ChatLine, more bool, err error) {
	const of = `room = $1 AND ($2 = '' OR session = $2)`
	var first int64
	err = r.read(ctx, func(ctx context.Context) error {
		if after == "" {
			return sql.ErrNoRows
		}
		return r.one(ctx, `SELECT MIN(seq) FROM (SELECT seq FROM chat WHERE `+of+`
			AND seq <= (SELECT MIN(seq) FROM chat WHERE `+of+` AND id = $3) ORDER BY seq DESC LIMIT $4)
				AS known HAVING COUNT(*) > 0`,
			string(room), string(session), clean(after), call.ChatOverlap+1).Scan(&first)
	})
	if isNotFound(err) {
		lines, err = list(ctx, r, scanChat, `SELECT `+chatColumns+` FROM chat WHERE `+of+` ORDER BY seq DESC LIMIT $3`,
			string(room), string(session), limit)
		slices.Reverse(lines)
		return lines, false, err
	}
	if err != nil {
		return nil, false, err
	}
	lines, err = list(ctx, r, scanChat, `SELECT `+chatColumns+` FROM chat WHERE `+of+` AND seq >= $3
		ORDER BY seq LIMIT $4`,
		string(room), string(session), first, limit+1)
	if len(lines) > limit {
		return lines[:limit], true, err
	}
	return lines, false, err
}

// HasChat reports whether a room's history has a line of that ID.
func (r *Register) HasChat(ctx context.Context, room call.RoomID, id string) (bool, error) {
	var has bool
	err := r.read(ctx, func(ctx context.Context) error {
		return r.one(ctx, `SELECT EXISTS (SELECT 1 FROM chat WHERE room = $1 AND id = $2)`,
			string(room), clean(id)).Scan(&has)
	})
	return has, err
}

// DropChat forgets a session's history, or with an empty session the room's.
func (r *Register) DropChat(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM chat WHERE room =
			$1 AND ($2 = '' OR session = $2)`, string(room), string(session))
		return err
	})
}

// DropOldChat forgets a room's history but that of a session, unless its rules
// keep it.
func (r *Register) DropOldChat(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM chat WHERE room = $1 AND session <> $2
			AND NOT EXISTS (SELECT 1 FROM rules WHERE rules.room = $1 AND rules.keep_history <> 0)`,
			string(room), string(session))
		return err
	})
}

// CarryChat makes a room's history that of its session now: the session goes on
// under another ID.
func (r *Register) CarryChat(ctx context.Context, room call.RoomID, session call.SID) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE chat SET session = $2 WHERE room = $1`, string(room), string(session))
		return err
	})
}
