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
	role, err := call.ParseRole(string(q.Role))
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	if !who.outranks(role) { // nobody makes somebody their equal
		return doorapi.PeopleAnswer{}, call.ErrForbidden
	}
	return changeBelow(ctx, mod, who, room, q.IDs, func(s snapshot, t subject) error {
		if err := mod.register.SetRole(ctx, room, t.Identity, role); err != nil {
			return err
		}
		return mod.applyRole(ctx, s, t)
	})
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
