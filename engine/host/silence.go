package host

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

func (d *door) opMute(ctx context.Context, who caller, room call.RoomID, q doorapi.MuteRequest) (doorapi.PeopleAnswer, error) {
	return d.setMuted(ctx, who, room, q, true)
}

func (d *door) opUnmute(ctx context.Context, who caller, room call.RoomID, q doorapi.MuteRequest) (doorapi.PeopleAnswer, error) {
	return d.setMuted(ctx, who, room, q, false)
}

func (d *door) setMuted(ctx context.Context, who caller, room call.RoomID, q doorapi.MuteRequest, muted bool) (doorapi.PeopleAnswer, error) {
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
	s, err := d.scene(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	if q.All {
		return d.muteAll(ctx, s, q, muted)
	}
	rules, err := d.register.Rules(ctx, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return each(q.IDs, func(id call.Identity) string {
		if err := d.know(ctx, s, id); err != nil {
			return d.resultOf(err, room, id)
		}
		t, result := d.target(ctx, s, id)
		if result != "" {
			return result
		}
		err := d.register.SetMuted(ctx, room, id, muted)
		if err == nil {
			err = d.applyMute(ctx, s, t, rules, q.Tell)
		}
		return d.resultOf(err, room, id)
	}), nil
}

// applyMute does what the register says now about somebody's mute, with each of
// their identities that is in the room.
func (d *door) applyMute(ctx context.Context, s scene, t subject, rules register.Rules, tell bool) error {
	here, err := d.here(ctx, s, t)
	for _, p := range here {
		err = errors.Join(err, ignoreGone(d.applyMuteTo(ctx, s, p, rules, tell)))
	}
	return err
}

func (d *door) applyMuteTo(ctx context.Context, s scene, p *livekit.ParticipantInfo, rules register.Rules, tell bool) error {
	id := call.Identity(p.GetIdentity())
	m, err := d.register.Member(ctx, s.room, id)
	if err != nil {
		return err
	}
	notice := doorapi.Notice{Kind: doorapi.NoticeUnmuted, ID: id, By: s.who.name}
	if m.Silenced(rules) {
		notice.Kind = doorapi.NoticeMuted
	}
	to := []string{string(id)}
	if tell {
		to = nil
	}
	return d.regrant(ctx, s.room, p, to, notice)
}

// regrant lets LiveKit grant what the register says now, and tells it: what
// somebody may not do any more before it is taken, and what they may do more once
// they can.
func (d *door) regrant(ctx context.Context, room call.RoomID, p *livekit.ParticipantInfo, to []string, notice doorapi.Notice) error {
	more := notice.Kind == doorapi.NoticeUnmuted || notice.Kind == doorapi.NoticeRole && notice.Role.Publishes()
	if !more {
		d.tell(ctx, room, to, notice)
	}
	err := d.enforce(ctx, roomservice.Place{Room: room, Identity: call.Identity(p.GetIdentity())})
	if more && err == nil {
		d.tell(ctx, room, to, notice)
	}
	return err
}

// present returns somebody who is in the room, or fails with call.ErrAlreadyGone.
// It looks again for who was not there before something was stored about them:
// what is decided while somebody comes in must reach them.
func (d *door) present(ctx context.Context, s scene, id call.Identity) (*livekit.ParticipantInfo, error) {
	if p := s.here[id]; p != nil {
		return p, nil
	}
	return d.rooms.Participant(ctx, roomservice.Place{Room: s.room, Identity: id})
}

// muteAll mutes everybody in the room and who comes later, but moderators and
// exceptions; or ends every mute but those of who is not below the caller.
func (d *door) muteAll(ctx context.Context, s scene, q doorapi.MuteRequest, muted bool) (doorapi.PeopleAnswer, error) {
	people := make([]call.Identity, 0, len(s.here))
	for id := range s.here {
		if err := d.know(ctx, s, id); err != nil {
			return doorapi.PeopleAnswer{}, err
		}
		people = append(people, id)
	}
	var spared []call.Role
	if !muted {
		spared = s.who.notBelow()
	}
	rules, err := d.register.MuteAll(ctx, s.room, muted, q.Except, d.now(), spared...)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	d.tell(ctx, s.room, nil, doorapi.Notice{Kind: doorapi.NoticeRoom, By: s.who.name, Room: &rules})
	slices.Sort(people)
	answer := doorapi.PeopleAnswer{Results: []call.PersonResult{}}
	for batch := range slices.Chunk(people, tellersMax) {
		part := each(batch, func(id call.Identity) string {
			m, err := d.register.Member(ctx, s.room, id)
			if err == nil && (m.Silenced(rules) != muted || !muted && !s.who.outranks(m.Role)) {
				return "" // an exception
			}
			return d.resultOf(d.applyMute(ctx, s, subject{Member: m}, rules, q.Tell), s.room, id)
		})
		answer.Results = append(answer.Results, part.Results...)
	}
	answer.Results = slices.DeleteFunc(answer.Results, func(r call.PersonResult) bool { return r.Result == "" })
	return answer, nil
}

func (d *door) opRole(ctx context.Context, who caller, room call.RoomID, q doorapi.RoleRequest) (doorapi.PeopleAnswer, error) {
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
	s, err := d.scene(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return each(q.IDs, func(id call.Identity) string {
		if err := d.know(ctx, s, id); err != nil {
			return d.resultOf(err, room, id)
		}
		t, result := d.target(ctx, s, id)
		if result != "" {
			return result
		}
		if err := d.register.SetRole(ctx, room, id, role); err != nil {
			return d.resultOf(err, room, id)
		}
		return d.resultOf(d.applyRole(ctx, s, t), room, id)
	}), nil
}

// applyRole lets LiveKit grant what a role may that was set, to each of somebody's
// identities that is in the room.
func (d *door) applyRole(ctx context.Context, s scene, t subject) error {
	here, err := d.here(ctx, s, t)
	for _, p := range here {
		id := call.Identity(p.GetIdentity())
		m, memberErr := d.register.Member(ctx, s.room, id)
		if memberErr == nil {
			memberErr = d.regrant(ctx, s.room, p, nil, doorapi.Notice{Kind: doorapi.NoticeRole, ID: id, By: s.who.name, Role: m.Role})
		}
		err = errors.Join(err, ignoreGone(memberErr))
	}
	return err
}

// opRules answers with the rules, after changing them if the request wants it.
func (d *door) opRules(ctx context.Context, who caller, room call.RoomID, q doorapi.RulesRequest) (call.RoomRules, error) {
	if err := d.knownRoom(ctx, room); err != nil {
		return call.RoomRules{}, err
	}
	if q == (doorapi.RulesRequest{Room: q.Room}) {
		return d.register.Rules(ctx, room)
	}
	if !who.may(forModerators) {
		return call.RoomRules{}, call.ErrForbidden
	}
	if n := q.MaxMembers; n != nil && (*n < 0 || *n > call.MaxRoomMembers) {
		return call.RoomRules{}, fmt.Errorf("%w: %d members; 1 to %d, or 0 for no limit", call.ErrBadArgument, *n, call.MaxRoomMembers)
	}
	if n, least, most := q.RealTime, int(call.MinRealTime.Seconds()), int(call.MaxRealTime.Seconds()); n != nil && *n != 0 && (*n < least || *n > most) {
		return call.RoomRules{}, fmt.Errorf("%w: %d seconds; %d to %d, or 0", call.ErrBadArgument, *n, least, most)
	}
	rules, err := d.register.SetRules(ctx, room, func(r *call.RoomRules) {
		set(&r.Locked, q.Locked)
		set(&r.MaxMembers, q.MaxMembers)
		set(&r.RefuseNewcomer, q.RefuseNewcomer)
		set(&r.RealTime, q.RealTime)
		set(&r.KeepHistory, q.KeepHistory)
	})
	if err != nil {
		return call.RoomRules{}, err
	}
	d.tell(ctx, room, nil, doorapi.Notice{Kind: doorapi.NoticeRoom, By: who.name, Room: &rules})
	d.keepers.refresh(room)
	return rules, nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
