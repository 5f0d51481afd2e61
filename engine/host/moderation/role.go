package moderation

import (
	"context"
	"errors"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
)

func (mod *Moderator) opRole(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.RoleRequest,
) (doorapi.PeopleAnswer, error) {
	if err := checkPeople(q.IDs); err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	role, err := call.ParseRole(string(q.Role))
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	if !who.outranks(role) { // nobody makes somebody their equal
		return doorapi.PeopleAnswer{}, call.ErrForbidden
	}
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return each(q.IDs, func(id call.Identity) string {
		if err := mod.know(ctx, s, id); err != nil {
			return mod.resultOf(err, room, id)
		}
		t, result := mod.target(ctx, s, id)
		if result != "" {
			return result
		}
		if err := mod.register.SetRole(ctx, room, id, role); err != nil {
			return mod.resultOf(err, room, id)
		}
		return mod.resultOf(mod.applyRole(ctx, s, t), room, id)
	}), nil
}

// applyRole lets LiveKit grant what a role may that was set, to each of somebody's
// identities that is in the room.
func (mod *Moderator) applyRole(ctx context.Context, s snapshot, t subject) error {
	here, err := mod.here(ctx, s, t)
	for _, p := range here {
		id := call.Identity(p.GetIdentity())
		m, memberErr := mod.register.Member(ctx, s.room, id)
		if memberErr == nil {
			notice := doorapi.Notice{Kind: doorapi.NoticeRole, ID: id, By: s.who.Name, Role: m.Role}
			memberErr = mod.regrant(ctx, s.room, p, nil, notice)
		}
		err = errors.Join(err, roomservice.IgnoreGone(memberErr))
	}
	return err
}
