package register

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"foyer/engine/call"
)

const ruleColumns = `locked, max_members, refuse_newcomer, real_time, keep_history, muted_all, waiting`

func scanRules(from row) (Rules, error) {
	var locked, limit, refuse, seconds, keep, muted, waiting int64
	if err := from.Scan(&locked, &limit, &refuse, &seconds, &keep, &muted, &waiting); err != nil {
		return Rules{}, err
	}
	return Rules{
		Locked: locked != 0, MaxMembers: int(limit), RefuseNewcomer: refuse != 0,
		RealTime: int(seconds), KeepHistory: keep != 0, MutedAll: muted != 0,
		Waiting: waiting != 0,
	}, nil
}

// Rules is what the host has decided about a room; all zero if nothing.
func (r *Register) Rules(ctx context.Context, room call.RoomID) (Rules, error) {
	var rules Rules
	err := r.read(ctx, func(ctx context.Context) (err error) {
		rules, err = scanRules(r.one(ctx, `SELECT `+ruleColumns+` FROM rules WHERE room = $1`, string(room)))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return rules, err
}

// SetRules lets change work on the rules of a room, stores and returns what it
// made of them. Nobody else changes them meanwhile; change may be called again.
func (r *Register) SetRules(ctx context.Context, room call.RoomID, change func(*Rules)) (Rules, error) {
	var rules Rules
	err := r.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		rules, err = setRules(ctx, tx, room, change)
		return err
	})
	return rules, err
}

func setRules(ctx context.Context, tx *transaction, room call.RoomID, change func(*Rules)) (Rules, error) {
	// The update that changes nothing takes the row's lock in PostgreSQL, too.
	rules, err := scanRules(tx.QueryRowContext(ctx, `INSERT INTO rules (room) VALUES ($1)
		ON CONFLICT (room) DO UPDATE SET room = excluded.room RETURNING `+ruleColumns, string(room)))
	if err != nil {
		return Rules{}, err
	}
	change(&rules)
	_, err = tx.ExecContext(ctx, `UPDATE rules SET locked = $2, max_members = $3, refuse_newcomer = $4, real_time = $5,
		keep_history = $6, muted_all = $7, waiting = $8 WHERE room = $1`,
		string(room), flag(rules.Locked), rules.MaxMembers, flag(rules.RefuseNewcomer), rules.RealTime,
		flag(rules.KeepHistory), flag(rules.MutedAll), flag(rules.Waiting))
	return rules, err
}

// MuteAll mutes everybody of a room, also who comes later, but moderators and
// the exceptions; or lifts every mute of the room, those by name included,
// but leaves members with one of the spared roles as they are.
func (r *Register) MuteAll(
	ctx context.Context, room call.RoomID, muted bool, except []call.Identity, now time.Time, spared ...call.Role,
) (Rules, error) {
	var rules Rules
	err := r.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		if rules, err = setRules(ctx, tx, room, func(c *Rules) { c.MutedAll = muted }); err != nil {
			return err
		}
		clear := `UPDATE members SET exempt = 0 WHERE room = $1 AND exempt <> 0`
		if !muted {
			clear = `UPDATE members SET exempt = 0, muted = 0 WHERE room = $1 AND (exempt <> 0 OR muted <> 0)`
		}
		args := []any{string(room)}
		for i, role := range spared { // of whatever identity of theirs
			clear += ` AND role <> $` + strconv.Itoa(i+2) + ` AND NOT EXISTS (SELECT 1 FROM members k
				WHERE k.room = $1 AND k.public_key <> '' AND k.public_key = members.public_key
					AND k.role = $` + strconv.Itoa(i+2) + `)`
			args = append(args, string(role))
		}
		if _, err := tx.ExecContext(ctx, clear, args...); err != nil {
			return err
		}
		for _, identity := range except {
			if err := ensureMember(ctx, tx, room, identity, now); err != nil {
				return err
			}
			if err := r.decideIn(ctx, tx, room, identity, `exempt = 1`); err != nil {
				return err
			}
		}
		return nil
	})
	return rules, err
}
