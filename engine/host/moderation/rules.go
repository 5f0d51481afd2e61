package moderation

import (
	"context"
	"fmt"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// opRules answers with the rules, after changing them if the request wants it.
func (mod *Moderator) opRules(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.RulesRequest,
) (call.RoomRules, error) {
	if err := mod.knownRoom(ctx, room); err != nil {
		return call.RoomRules{}, err
	}
	if q == (doorapi.RulesRequest{Room: q.Room}) {
		return mod.register.Rules(ctx, room)
	}
	if !who.May(ForModerators) {
		return call.RoomRules{}, call.ErrForbidden
	}
	if n := q.MaxMembers; n != nil && (*n < 0 || *n > call.MaxRoomMembers) {
		return call.RoomRules{}, fmt.Errorf("%w: %d members; 1 to %d, or 0 for no limit",
			call.ErrBadArgument, *n, call.MaxRoomMembers)
	}
	least, most := int(call.MinRealTime.Seconds()), int(call.MaxRealTime.Seconds())
	if n := q.RealTime; n != nil && *n != 0 && (*n < least || *n > most) {
		return call.RoomRules{}, fmt.Errorf("%w: %d seconds; %d to %d, or 0", call.ErrBadArgument, *n, least, most)
	}
	if q.Waiting != nil && *q.Waiting {
		if err := (outside{mod}).admitPresent(ctx, room); err != nil {
			return call.RoomRules{}, err
		}
	}
	rules, err := mod.register.SetRules(ctx, room, func(r *call.RoomRules) {
		set(&r.Locked, q.Locked)
		set(&r.MaxMembers, q.MaxMembers)
		set(&r.RefuseNewcomer, q.RefuseNewcomer)
		set(&r.RealTime, q.RealTime)
		set(&r.KeepHistory, q.KeepHistory)
		set(&r.Waiting, q.Waiting)
	})
	if err != nil {
		return call.RoomRules{}, err
	}
	mod.tell(ctx, room, nil, doorapi.Notice{Kind: doorapi.NoticeRoom, By: who.Name, Room: &rules})
	mod.keepers.Refresh(room)
	mod.waiting.Wake(room)
	return rules, nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
