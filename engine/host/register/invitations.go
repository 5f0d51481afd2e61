package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"foyer/engine/call"
)

// expiredFor is how long it is remembered that an invitation has expired.
const expiredFor = 30 * 24 * time.Hour

// AddInvitation stores an invitation, and its room if that is new. A title that
// is not empty replaces the room's title.
func (r *Register) AddInvitation(ctx context.Context, inv Invitation, title string, now time.Time) error {
	return r.write(ctx, func(ctx context.Context, tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO rooms (id, title, created) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET title = CASE WHEN excluded.title = '' THEN rooms.title ELSE excluded.title END`,
			string(inv.Room), clean(title), now.UnixMilli()); err != nil {
			return err
		}
		// Those that ran out long ago go when there is something to write anyway;
		// until then a guest hears that theirs has expired.
		if _, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE room = $1 AND expires <> 0 AND expires < $2`,
			string(inv.Room), now.Add(-expiredFor).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO invitations (secret_hash, room, existing, created, expires, role)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			hex.EncodeToString(inv.SecretHash[:]), string(inv.Room), flag(inv.Existing), now.UnixMilli(),
			millis(inv.Expires), string(orParticipant(inv.Role)))
		return err
	})
}

// Invitation finds an invitation by the hash of its secret. The search does not take
// constant time, which reveals nothing: without the secret nobody can choose the
// hash. It fails with [ErrNotFound].
func (r *Register) Invitation(ctx context.Context, secretHash [sha256.Size]byte) (Invitation, error) {
	inv := Invitation{SecretHash: secretHash}
	var existing, expires int64
	err := r.read(ctx, func(ctx context.Context) error {
		return r.one(ctx, `SELECT room, existing, expires, role FROM invitations WHERE secret_hash = $1`,
			hex.EncodeToString(secretHash[:])).Scan(&inv.Room, &existing, &expires, &inv.Role)
	})
	if err != nil {
		return Invitation{}, err
	}
	inv.Existing, inv.Expires = existing != 0, instant(expires)
	return inv, nil
}

// WithdrawInvitations forgets every invitation to a room, and tells how many
// there were.
func (r *Register) WithdrawInvitations(ctx context.Context, room call.RoomID) (int, error) {
	var n int64
	err := r.write(ctx, func(ctx context.Context, tx *transaction) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE room = $1`, string(room))
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return int(n), err
}
