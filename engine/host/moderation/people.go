package moderation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
)

// snapshot is a room at the moment of an operation.
type snapshot struct {
	room call.RoomID
	who  Caller
	here map[call.Identity]*livekit.ParticipantInfo
}

func (mod *Moderator) snapshot(ctx context.Context, who Caller, room call.RoomID) (snapshot, error) {
	if err := mod.knownRoom(ctx, room); err != nil {
		return snapshot{}, err
	}
	people, err := mod.rooms.People(ctx, room)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{room: room, who: who, here: make(map[call.Identity]*livekit.ParticipantInfo, len(people))}
	for _, p := range people {
		s.here[call.Identity(p.GetIdentity())] = p
	}
	return s, nil
}

// checkPeople checks how many people an operation is about, and who.
func checkPeople(ids []call.Identity) error { return checkAtMost(call.MaxPeople, ids) }

func checkAtMost(most int, ids []call.Identity) error {
	if len(ids) == 0 || len(ids) > most {
		return fmt.Errorf("%w: %d people; 1 to %d in one call", call.ErrBadArgument, len(ids), most)
	}
	return checkIdentities(ids)
}

func checkIdentities(ids []call.Identity) error {
	for _, id := range ids {
		if err := call.CheckKnownIdentity(string(id)); err != nil {
			return err
		}
	}
	return nil
}

func checkPeopleRequest(q doorapi.PeopleRequest) error {
	if q.Minutes < 0 || q.Minutes > call.MaxBanMinutes {
		return fmt.Errorf("%w: %d minutes; 1 to %d, or 0 for until lifted",
			call.ErrBadArgument, q.Minutes, call.MaxBanMinutes)
	}
	if err := call.CheckText(q.Text); err != nil {
		return err
	}
	return checkPeople(q.IDs)
}

// each does something to everybody at the same time, once to each, and answers
// in order.
func each(ids []call.Identity, f func(call.Identity) string) doorapi.PeopleAnswer {
	results := make(map[call.Identity]string, len(ids))
	var mu sync.Mutex
	var working sync.WaitGroup
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		working.Go(func() {
			result := f(id)
			mu.Lock()
			defer mu.Unlock()
			results[id] = result
		})
	}
	working.Wait()
	answer := doorapi.PeopleAnswer{Results: make([]call.PersonResult, 0, len(ids))}
	for _, id := range ids {
		answer.Results = append(answer.Results, call.PersonResult{ID: id, Result: results[id]})
	}
	return answer
}

// subject is the member that an operation is about, with the other identities of
// its installation in the room, which the operation covers as well.
type subject struct {
	register.Member
	sameKey []register.Member
}

// target finds somebody. result is not empty if there is nothing to do to them,
// or the caller does not outrank each of their identities. Without the register,
// only who is in the room is known.
func (mod *Moderator) target(ctx context.Context, s snapshot, id call.Identity) (t subject, result string) {
	m, err := mod.register.Member(ctx, s.room, id)
	switch {
	case err != nil && s.here[id] == nil && errors.Is(err, register.ErrNotFound):
		return t, call.ResultUnknown
	case err != nil && s.here[id] == nil:
		mod.log.WithError(err).Error("the register does not answer")
		return t, call.ResultFailed
	case err != nil:
		m = register.Member{Room: s.room, Identity: id, Role: call.RoleParticipant, Presence: call.PresenceOnline}
	}
	t.Member = m
	if !s.who.outranks(m.Role) {
		return t, call.ResultForbidden
	}
	members, err := mod.register.MembersOf(ctx, s.room, m.Key)
	if err != nil {
		return t, mod.resultOf(err, s.room, id)
	}
	for _, other := range members {
		switch {
		case other.Identity == id:
		case !s.who.outranks(other.Role):
			return t, call.ResultForbidden
		default:
			t.sameKey = append(t.sameKey, other)
		}
	}
	return t, ""
}

// here lists which identities of the subject are in the room. Call it after storing the
// decision, so that it covers late joiners.
func (mod *Moderator) here(ctx context.Context, s snapshot, t subject) ([]*livekit.ParticipantInfo, error) {
	if len(t.sameKey) == 0 {
		p, err := mod.present(ctx, s, t.Identity)
		if errors.Is(err, call.ErrAlreadyGone) {
			return nil, nil // when they come back
		}
		return []*livekit.ParticipantInfo{p}, err
	}
	people, err := mod.rooms.People(ctx, s.room)
	return slices.DeleteFunc(people, func(p *livekit.ParticipantInfo) bool {
		id := call.Identity(p.GetIdentity())
		return id != t.Identity && !slices.ContainsFunc(t.sameKey, func(m register.Member) bool { return m.Identity == id })
	}), err
}

func (mod *Moderator) opRemove(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest,
) (doorapi.PeopleAnswer, error) {
	if q.Minutes != 0 {
		return doorapi.PeopleAnswer{}, fmt.Errorf("%w: minutes are for a ban", call.ErrBadArgument)
	}
	return mod.removeAll(ctx, who, room, q, false)
}

func (mod *Moderator) opBan(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.removeAll(ctx, who, room, q, true)
}

// removeAll removes or bans people.
func (mod *Moderator) removeAll(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest, ban bool,
) (doorapi.PeopleAnswer, error) {
	if err := checkPeopleRequest(q); err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	o := removal{room: room, tell: q.Tell, ban: ban, verdict: register.Verdict{
		Reason: call.ReasonRemoved, By: who.Name, Text: q.Text, At: mod.now(),
	}}
	if ban {
		o.verdict.Reason, o.role = call.ReasonBanned, who.rank()
		if q.Minutes > 0 {
			o.until = o.verdict.At.Add(time.Duration(q.Minutes) * time.Minute)
		}
	}
	answer := each(q.IDs, func(id call.Identity) string {
		mine := o
		mine.identity = id
		return mod.removeOne(ctx, s, mine)
	})
	if ban {
		mod.waiting.Wake(room) // one of them may wait
	}
	return answer, nil
}

// removeOne revokes the tokens of somebody who has gone, too: the last one may
// still be good.
func (mod *Moderator) removeOne(ctx context.Context, s snapshot, o removal) string {
	m, result := mod.target(ctx, s, o.identity)
	if result != "" {
		return result
	}
	err := mod.remove(ctx, o, s.here)
	if err == nil {
		err = mod.removeSameKey(ctx, s, o, m.sameKey)
	}
	switch {
	case errors.Is(err, register.ErrOutranked):
		return call.ResultForbidden
	case errors.Is(err, call.ErrNotStored):
		return call.ResultNotStored
	case err != nil:
		mod.log.WithError(err).WithField("room", o.room).WithField("identity", o.identity).Error("a removal failed")
		return call.ResultFailed
	case !o.ban && s.here[o.identity] == nil && m.Presence != call.PresenceOffline:
		return call.ResultAlreadyGone
	}
	return call.ResultDone
}

// removeSameKey removes the other identities of an installation that are in the
// room.
func (mod *Moderator) removeSameKey(ctx context.Context, s snapshot, o removal, sameKey []register.Member) error {
	for _, other := range sameKey {
		if s.here[other.Identity] == nil {
			continue
		}
		otherOne := o
		otherOne.identity, otherOne.ban = other.Identity, false
		if err := mod.remove(ctx, otherOne, s.here); err != nil {
			return err
		}
	}
	return nil
}

// opUnban lifts bans but those that were made by somebody who outranks the
// caller.
func (mod *Moderator) opUnban(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.change(ctx, who, room, q.IDs, func(s snapshot, id call.Identity) string {
		err := mod.register.Unban(ctx, s.room, id, who.rank(), mod.now())
		if errors.Is(err, register.ErrNotFound) {
			return call.ResultNotBanned
		}
		return mod.resultOf(err, room, id)
	})
}

func (mod *Moderator) opAllow(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.setAllowed(ctx, who, room, q, true)
}

func (mod *Moderator) opDisallow(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest,
) (doorapi.PeopleAnswer, error) {
	return mod.setAllowed(ctx, who, room, q, false)
}

func (mod *Moderator) setAllowed(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.PeopleRequest, allowed bool,
) (doorapi.PeopleAnswer, error) {
	answer, err := changeBelow(ctx, mod, who, room, q.IDs, func(s snapshot, t subject) error {
		return mod.register.SetAllowed(ctx, s.room, t.Identity, allowed)
	})
	if err == nil {
		mod.keepers.Refresh(room)
	}
	return answer, err
}

// change notes something about people in the register. note tells what became
// of one of them.
func (mod *Moderator) change(
	ctx context.Context, who Caller, room call.RoomID, ids []call.Identity, note func(snapshot, call.Identity) string,
) (doorapi.PeopleAnswer, error) {
	if err := checkPeople(ids); err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return each(ids, func(id call.Identity) string {
		if err := mod.know(ctx, s, id); err != nil {
			return mod.resultOf(err, room, id)
		}
		return note(s, id)
	}), nil
}

// changeBelow is change for people whom the caller outranks.
func changeBelow(
	ctx context.Context, mod *Moderator, who Caller, room call.RoomID, ids []call.Identity,
	note func(snapshot, subject) error,
) (doorapi.PeopleAnswer, error) {
	return mod.change(ctx, who, room, ids, func(s snapshot, id call.Identity) string {
		t, result := mod.target(ctx, s, id)
		if result != "" {
			return result
		}
		return mod.resultOf(note(s, t), room, id)
	})
}

// know makes a member of somebody who came with a token that the door did not
// make, if the register has not heard of them yet.
func (mod *Moderator) know(ctx context.Context, s snapshot, id call.Identity) error {
	p := s.here[id]
	if p == nil {
		return nil
	}
	_, err := mod.register.Member(ctx, s.room, id)
	if !errors.Is(err, register.ErrNotFound) {
		return err
	}
	return mod.register.SetPresence(ctx, register.Member{
		Room: s.room, Identity: id, Name: p.GetName(), SID: call.SID(p.GetSid()),
		Presence: call.PresenceOnline, PresenceSince: mod.now(),
	})
}

// resultOf is what became of one person.
func (mod *Moderator) resultOf(err error, room call.RoomID, id call.Identity) string {
	switch {
	case err == nil:
		return call.ResultDone
	case errors.Is(err, register.ErrOutranked):
		return call.ResultForbidden
	case errors.Is(err, call.ErrAlreadyGone):
		return call.ResultAlreadyGone
	case errors.Is(err, register.ErrNotFound):
		return call.ResultUnknown
	}
	mod.log.WithError(err).WithField("room", room).WithField("identity", id).Error("an operation failed")
	if errors.Is(err, register.ErrUnavailable) || errors.Is(err, register.ErrFull) || errors.Is(err, register.ErrCorrupt) {
		return call.ResultNotStored
	}
	return call.ResultFailed
}

func (mod *Moderator) opBans(
	ctx context.Context, _ Caller, room call.RoomID, _ doorapi.RoomRequest,
) (doorapi.BansAnswer, error) {
	if err := mod.knownRoom(ctx, room); err != nil {
		return doorapi.BansAnswer{}, err
	}
	bans, err := mod.register.Bans(ctx, room, mod.now())
	answer := doorapi.BansAnswer{Bans: make([]call.BanRow, 0, len(bans))}
	for _, b := range bans {
		row := call.BanRow{ID: b.Identity, Name: b.Name, By: b.By, Text: b.Text, Since: b.Since.UnixMilli()}
		if !b.Until.IsZero() {
			row.Until = b.Until.UnixMilli()
		}
		answer.Bans = append(answer.Bans, row)
	}
	return answer, err
}

// opWithdraw withdraws every invitation to a room. People inside stay.
func (mod *Moderator) opWithdraw(
	ctx context.Context, _ Caller, room call.RoomID, _ doorapi.RoomRequest,
) (doorapi.WithdrawAnswer, error) {
	if err := mod.knownRoom(ctx, room); err != nil {
		return doorapi.WithdrawAnswer{}, err
	}
	n, err := mod.register.WithdrawInvitations(ctx, room)
	return doorapi.WithdrawAnswer{Withdrawn: n}, err
}

// opMembers lists who is online or offline: what the register knows, and who
// LiveKit has beside that.
func (mod *Moderator) opMembers(
	ctx context.Context, who Caller, room call.RoomID, _ doorapi.RoomRequest,
) (doorapi.MembersAnswer, error) {
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.MembersAnswer{}, err
	}
	rules, err := mod.register.Rules(ctx, room)
	if err != nil {
		return doorapi.MembersAnswer{}, err
	}
	known, err := mod.register.Members(ctx, room)
	if err != nil {
		return doorapi.MembersAnswer{}, err
	}
	answer := doorapi.MembersAnswer{Members: []call.MemberRow{}, Rules: rules}
	of := installations{}
	for _, m := range known {
		switch p := s.here[m.Identity]; m.Presence {
		case call.PresenceOffline:
			answer.Members = append(answer.Members, memberRow(m, nil, rules))
		case call.PresenceOnline:
			answer.Members = append(answer.Members, memberRow(m, p, rules))
		default:
			continue
		}
		of.add(m)
		delete(s.here, m.Identity)
	}
	for id, p := range s.here { // the register hears a little late who has come
		m, err := mod.register.Member(ctx, room, id)
		switch {
		case errors.Is(err, register.ErrNotFound):
			m = register.Member{Identity: id, Name: p.GetName(), Role: call.RoleParticipant}
		case err != nil:
			return doorapi.MembersAnswer{}, err
		}
		m.Presence = call.PresenceOnline
		of.add(m)
		answer.Members = append(answer.Members, memberRow(m, p, rules))
	}
	if who.May(ForModerators) {
		of.tell(answer.Members)
	}
	slices.SortStableFunc(answer.Members, func(a, b call.MemberRow) int { return int(a.Since - b.Since) })
	return answer, nil
}

// installations are the identities of each key among those who are listed.
type installations map[string][]call.Identity

func (i installations) add(m register.Member) {
	if m.Key != nil {
		i[string(m.Key)] = append(i[string(m.Key)], m.Identity)
	}
}

// tell says of each row whose identities belong to the same installation.
func (i installations) tell(rows []call.MemberRow) {
	others := map[call.Identity][]call.Identity{}
	for _, ids := range i {
		for _, id := range ids {
			if len(ids) > 1 {
				others[id] = slices.DeleteFunc(slices.Sorted(slices.Values(ids)),
					func(other call.Identity) bool { return other == id })
			}
		}
	}
	for n := range rows {
		rows[n].SameInstallation = others[rows[n].ID]
	}
}

func memberRow(m register.Member, p *livekit.ParticipantInfo, rules register.Rules) call.MemberRow {
	row := call.MemberRow{
		ID: m.Identity, Name: m.Name, Role: m.Role, Presence: m.Presence, Muted: m.MutedUnder(rules), Allowed: m.Allowed,
	}
	switch {
	case !m.PresenceSince.IsZero() && p == nil:
		row.Since = m.PresenceSince.UnixMilli()
	case p.GetJoinedAtMs() > 0:
		row.Since = p.GetJoinedAtMs()
	default:
		row.Since = p.GetJoinedAt() * 1000
	}
	return row
}

func (mod *Moderator) opDismiss(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.DismissRequest,
) (struct{}, error) {
	if err := call.CheckText(q.Text); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, mod.dismiss(ctx, room, who.Name, q.Text)
}
