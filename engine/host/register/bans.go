package register

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"foyer/engine/call"
)

const banColumns = `room, identity, public_key, name, by_name, by_role, words, since, until`

// inForce is true for bans that hold at $3.
const inForce = `(until = 0 OR until > $3)`

func scanBan(from row) (Ban, error) {
	var b Ban
	var key string
	var since, until int64
	err := from.Scan(&b.Room, &b.Identity, &key, &b.Name, &b.By, &b.ByRole, &b.Text, &since, &until)
	if err != nil {
		return Ban{}, err
	}
	b.Since, b.Until = instant(since), instant(until)
	b.Key, err = parseKey(key)
	return b, err
}

// Ban revokes a member's tokens, as [Register.Revoke] does, and keeps their
// identity and key out from b.Since on. It replaces an earlier ban of the identity,
// but fails with [ErrOutranked] if one holds that b.ByRole may not lift. It
// returns the member's new generation, 0 if nobody has used the identity.
func (r *Register) Ban(ctx context.Context, b Ban) (int64, error) {
	var generation int64
	err := r.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		generation, err = ban(ctx, tx, b)
		return err
	})
	return generation, err
}

func ban(ctx context.Context, tx *transaction, b Ban) (int64, error) {
	if b.ByRole == "" {
		b.ByRole = call.RoleHost
	}
	var earlier call.Role
	err := tx.QueryRowContext(ctx, `SELECT by_role FROM bans WHERE room = $1 AND identity = $2 AND `+inForce,
		string(b.Room), string(b.Identity), millis(b.Since)).Scan(&earlier)
	switch {
	case err == nil && earlier.Outranks(b.ByRole):
		return 0, ErrOutranked
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	v := Verdict{Reason: call.ReasonBanned, By: b.By, Text: b.Text, At: b.Since}
	generation, _, err := revoke(ctx, tx, b.Room, b.Identity, v, 0)
	if errors.Is(err, sql.ErrNoRows) {
		err = setCutoff(ctx, tx, b.Room, b.Identity, v)
	}
	if err != nil {
		return 0, err
	}
	return generation, storeBan(ctx, tx, b)
}

// storeBan notes a ban with what is known of the member.
func storeBan(ctx context.Context, tx *transaction, b Ban) error {
	key, name := hex.EncodeToString(b.Key), clean(b.Name)
	var knownKey, knownName string
	err := tx.QueryRowContext(ctx, `SELECT public_key, name FROM members WHERE room = $1 AND identity = $2`,
		string(b.Room), string(b.Identity)).Scan(&knownKey, &knownName)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if key == "" {
		key = knownKey
	}
	if name == "" {
		name = knownName
	}
	// What has run out goes when there is something to write anyway.
	if _, err := tx.ExecContext(ctx, `DELETE FROM bans WHERE room = $1 AND until <> 0 AND until <= $2`,
		string(b.Room), millis(b.Since)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO bans (`+banColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (room, identity) DO UPDATE SET public_key = excluded.public_key, name = excluded.name,
			by_name = excluded.by_name,
			by_role = excluded.by_role, words = excluded.words, since = excluded.since, until = excluded.until`,
		string(b.Room), string(b.Identity), key, name, clean(b.By), string(b.ByRole), clean(b.Text),
		millis(b.Since), millis(b.Until))
	return err
}

// Unban lifts the ban of an identity, for somebody whose role is by. It fails
// with [ErrNotFound] if none holds, and with [ErrOutranked] if it was made by
// somebody who outranks them.
func (r *Register) Unban(
	ctx context.Context, room call.RoomID, identity call.Identity, by call.Role, now time.Time,
) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		var author call.Role
		err := tx.QueryRowContext(ctx, `DELETE FROM bans WHERE room = $1 AND identity = $2 AND `+inForce+` RETURNING by_role`,
			string(room), string(identity), now.UnixMilli()).Scan(&author)
		if err == nil && author.Outranks(by) {
			return ErrOutranked // and the transaction is undone
		}
		return err
	})
}

// Banned finds the ban that keeps an identity or a key, which may be nil, out
// of a room: of several the one that holds longest. It fails with [ErrNotFound]
// if there is none.
func (r *Register) Banned(
	ctx context.Context, room call.RoomID, identity call.Identity, key []byte, now time.Time,
) (Ban, error) {
	var b Ban
	err := r.read(ctx, func(ctx context.Context) (err error) {
		b, err = scanBan(r.one(ctx, `SELECT `+banColumns+` FROM (
				SELECT * FROM bans WHERE room = $1 AND identity = $2
				UNION ALL SELECT * FROM bans WHERE room = $1 AND public_key = $4 AND public_key <> ''
			) AS about WHERE `+inForce+`
			ORDER BY CASE WHEN until = 0 THEN 0 ELSE 1 END, until DESC LIMIT 1`,
			string(room), string(identity), now.UnixMilli(), hex.EncodeToString(key)))
		return err
	})
	return b, err
}

// Bans lists the bans of a room that hold, oldest first.
func (r *Register) Bans(ctx context.Context, room call.RoomID, now time.Time) ([]Ban, error) {
	return list(ctx, r, scanBan, `SELECT `+banColumns+` FROM bans WHERE room = $1 AND (until = 0 OR until > $2)
		ORDER BY since, identity`,
		string(room), now.UnixMilli())
}
