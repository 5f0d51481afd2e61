package moderation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

func (mod *Moderator) opMute(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.MuteRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.setMuted(ctx, who, room, q, true)
}

func (mod *Moderator) opUnmute(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.MuteRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.setMuted(ctx, who, room, q, false)
}

func (mod *Moderator) setMuted(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.MuteRequest, muted bool,
) (doorapi.PeopleAnswer, error) {
	var err error
	switch {
	case q.All && len(q.IDs) > 0, !q.All && len(q.Except) > 0:
		err = fmt.Errorf("%w: either some people, or all with exceptions", call.ErrBadArgument)
	case q.All && len(q.Except) > call.MaxRoomMembers:
		err = fmt.Errorf("%w: %d exceptions", call.ErrBadArgument, len(q.Except))
	case q.All:
		err = checkIdentities(q.Except)
	default:
		err = checkPeople(q.IDs)
	}
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	if q.All {
		return mod.muteAll(ctx, who, room, q, muted)
	}
	rules, err := mod.register.Rules(ctx, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return changeBelow(ctx, mod, who, room, q.IDs, func(s snapshot, t subject) error {
		if err := mod.register.SetMuted(ctx, room, t.Identity, muted); err != nil {
			return err
		}
		return mod.applyMute(ctx, s, t, rules, q.Tell)
	})
}

// applyMute does what the register says now about somebody's mute, with each of
// their identities that is in the room.
func (mod *Moderator) applyMute(ctx context.Context, s snapshot, t subject, rules register.Rules, tell bool) error {
	here, err := mod.here(ctx, s, t)
	for _, p := range here {
		err = errors.Join(err, roomservice.IgnoreGone(mod.applyMuteTo(ctx, s, p, rules, tell)))
	}
	if len(here) == 0 && t.Muted {
		// Wait for a mute of theirs that is still being enforced: it would befall them if
		// they came back at once.
		err = errors.Join(err, mod.enforceNow(ctx, roomservice.Place{Room: s.room, Identity: t.Identity}))
	}
	return err
}

func (mod *Moderator) applyMuteTo(
	ctx context.Context, s snapshot, p *livekit.ParticipantInfo, rules register.Rules, tell bool,
) error {
	id := call.Identity(p.GetIdentity())
	m, err := mod.register.Member(ctx, s.room, id)
	if err != nil {
		return err
	}
	notice := doorapi.Notice{Kind: doorapi.NoticeUnmuted, ID: id, By: s.who.Name}
	if m.MutedUnder(rules) {
		notice.Kind = doorapi.NoticeMuted
	}
	to := []string{string(id)}
	if tell {
		to = nil
	}
	return mod.regrant(ctx, s.room, p, to, notice)
}

// regrant lets LiveKit grant what the register says now, and tells it: what
// somebody may not do any more before it is taken, and what they may do more once
// they can.
func (mod *Moderator) regrant(
	ctx context.Context, room call.RoomID, p *livekit.ParticipantInfo, to []string, notice doorapi.Notice,
) error {
	more := notice.Kind == doorapi.NoticeUnmuted || notice.Kind == doorapi.NoticeRole && notice.Role.Publishes()
	if !more {
		mod.tell(ctx, room, to, notice)
	}
	err := mod.enforce(ctx, roomservice.Place{Room: room, Identity: call.Identity(p.GetIdentity())})
	if more && err == nil {
		mod.tell(ctx, room, to, notice)
	}
	return err
}

// present returns somebody who is in the room, or fails with call.ErrAlreadyGone.
// It looks again for somebody who was not there before something was stored about
// them: a decision must reach them if they come in meanwhile.
func (mod *Moderator) present(ctx context.Context, s snapshot, id call.Identity) (*livekit.ParticipantInfo, error) {
	if p := s.here[id]; p != nil {
		return p, nil
	}
	return mod.rooms.Participant(ctx, roomservice.Place{Room: s.room, Identity: id})
}

// muteAll mutes everybody in the room, and whoever comes later, except moderators
// and the exceptions; or it ends every mute except of those whom the caller does
// not outrank.
func (mod *Moderator) muteAll(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.MuteRequest, muted bool,
) (doorapi.PeopleAnswer, error) {
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	people := make([]call.Identity, 0, len(s.here))
	for id := range s.here {
		if err := mod.know(ctx, s, id); err != nil {
			return doorapi.PeopleAnswer{}, err
		}
		people = append(people, id)
	}
	var spared []call.Role
	if !muted {
		spared = s.who.notBelow()
	}
	rules, err := mod.register.MuteAll(ctx, s.room, muted, q.Except, mod.now(), spared...)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	mod.tell(ctx, s.room, nil, doorapi.Notice{Kind: doorapi.NoticeRoom, By: s.who.Name, Room: &rules})
	slices.Sort(people)
	answer := doorapi.PeopleAnswer{Results: []call.PersonResult{}}
	for batch := range slices.Chunk(people, maxTellers) {
		part := each(batch, func(id call.Identity) string {
			m, err := mod.register.Member(ctx, s.room, id)
			if err == nil && (m.MutedUnder(rules) != muted || !muted && !s.who.outranks(m.Role)) {
				return "" // an exception
			}
			return mod.resultOf(mod.applyMute(ctx, s, subject{Member: m}, rules, q.Tell), s.room, id)
		})
		answer.Results = append(answer.Results, part.Results...)
	}
	answer.Results = slices.DeleteFunc(answer.Results, func(r call.PersonResult) bool { return r.Result == "" })
	return answer, nil
}

// enforceNow makes LiveKit keep to what the register says, if somebody is there.
func (mod *Moderator) enforceNow(ctx context.Context, who roomservice.Place) error {
	return roomservice.IgnoreGone(mod.enforce(ctx, who))
}
