package register

import (
	"context"
	"math"
	"time"

	"foyer/engine/call"
)

// Limits on what a room remembers of members who have gone, if no moderator has decided
// anything about them: an invitation lets one person come under any number of
// names.
const (
	maxGone    = 1000             // the newest stay, those who were inside before those who only asked
	pruneEvery = 50               // members that are noted between two looks
	freshFor   = 10 * time.Minute // their first token may still be good: it lasts 5 min
	closedFor  = 24 * time.Hour   // how long members who were away are told of a dismissal
)

// prune forgets members beyond maxGone, now and then. It keeps members who are in
// the room or offline, are banned, were removed otherwise than with everybody else,
// were given a role or moderate, are muted, or are exempt, unless the same is known
// of an older identity of their key. A forgotten member is new the next time, with
// the first generation: either that was theirs, or all their tokens have run out.
func (r *Register) prune(ctx context.Context, tx *transaction, room call.RoomID, now time.Time) error {
	if r.noted.Add(1)%pruneEvery != 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM members WHERE room = $1 AND identity IN (
		SELECT identity FROM members WHERE room = $1
			AND presence = 'gone' AND presence_since < $2 AND last_seen < $2
			AND (generation = 1 AND out_reason = '' OR out_reason = 'dismissed' AND out_at < $3)
			AND allowed = 0 AND (role IN ('participant', 'listener') AND role_set = 0 AND muted = 0 AND exempt = 0
				OR EXISTS (SELECT 1 FROM members k
					WHERE k.room = $1 AND k.public_key <> '' AND k.public_key = members.public_key
					AND k.role = members.role AND k.role_set = members.role_set
					AND k.muted = members.muted AND k.exempt = members.exempt
					AND (k.first_seen < members.first_seen OR k.first_seen = members.first_seen AND k.identity < members.identity)))
			AND NOT EXISTS (SELECT 1 FROM bans WHERE bans.room = $1 AND bans.identity = members.identity)
		ORDER BY CASE WHEN sid = '' THEN 1 ELSE 0 END,
			CASE WHEN presence_since > last_seen THEN presence_since ELSE last_seen END DESC, identity
		LIMIT $4 OFFSET $5)`,
		string(room), now.Add(-freshFor).UnixMilli(), now.Add(-closedFor).UnixMilli(), int64(math.MaxInt64), r.maxGone)
	return err
}
