package moderation

import (
	"context"
	"errors"
	"fmt"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/waiting"
)

// outside is the moderator's part about those who wait to be let in.
type outside struct{ *Moderator }

// tellWaiting tells the hosts and co-hosts in a room how many people wait to be let in.
func (mod outside) tellWaiting(ctx context.Context, room call.RoomID, count int, name string) {
	people, err := mod.rooms.People(ctx, room)
	if err != nil {
		mod.log.WithError(err).WithField("room", room).Debug("nobody is told who waits")
		return
	}
	var to []string
	for _, p := range people {
		if call.Role(p.GetAttributes()[doorapi.AttributeRole]).Moderates() {
			to = append(to, p.GetIdentity())
		}
	}
	if len(to) > 0 { // with none it would be told to everybody
		mod.tell(ctx, room, to, doorapi.Notice{Kind: doorapi.NoticeWaiting, Count: count, By: name})
	}
}

// session is that of a room, empty if it is not open.
func (mod outside) session(ctx context.Context, room call.RoomID) (call.SID, error) {
	session, err := mod.rooms.Find(ctx, room)
	if errors.Is(err, call.ErrNoSuchRoom) {
		return "", nil
	}
	return session, err
}

// admitPresent lets everybody in who is in the room: they need not ask when they come
// back. The register hears a little late who has come, and LiveKit does not know who
// is away for a moment.
func (mod outside) admitPresent(ctx context.Context, room call.RoomID) error {
	session, err := mod.session(ctx, room)
	if err != nil {
		return err
	}
	if err := mod.register.LetInPresent(ctx, room, session, mod.now()); err != nil || session == "" {
		return err
	}
	people, err := mod.rooms.People(ctx, room)
	if err != nil {
		return err
	}
	var present []register.LetIn
	for _, p := range people {
		m, err := mod.register.Member(ctx, room, call.Identity(p.GetIdentity()))
		switch {
		case err == nil && m.Key != nil:
			present = append(present, register.LetIn{Key: m.Key, Name: m.Name})
		case err != nil && !errors.Is(err, register.ErrNotFound):
			return err
		}
	}
	return mod.register.LetIn(ctx, room, session, mod.now(), present...)
}

func (mod outside) opWaiting(
	ctx context.Context, _ Caller, room call.RoomID, _ doorapi.RoomRequest,
) (doorapi.WaitingAnswer, error) {
	if err := mod.knownRoom(ctx, room); err != nil {
		return doorapi.WaitingAnswer{}, err
	}
	all := mod.waiting.List(room)
	shown := all[:min(len(all), doorapi.MaxWaiters)]
	answer := doorapi.WaitingAnswer{Waiting: make([]call.WaiterRow, 0, len(shown)), More: len(all) - len(shown)}
	for _, w := range shown {
		answer.Waiting = append(answer.Waiting, call.WaiterRow{
			ID: w.ID, Identity: w.Identity, Name: w.Name, Since: w.Since.UnixMilli(),
		})
	}
	return answer, nil
}

// opAdmit lets people in who wait, for as long as the room's session lasts.
func (mod outside) opAdmit(
	ctx context.Context, _ Caller, room call.RoomID, q doorapi.WaitersRequest,
) (doorapi.PeopleAnswer, error) {
	session, err := mod.session(ctx, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	return mod.decideWaiting(ctx, room, q, func(all []waiting.Waiter) error {
		people := make([]register.LetIn, len(all))
		for i, w := range all {
			people[i] = register.LetIn{Key: w.Key, Name: w.Said}
		}
		return mod.register.LetIn(ctx, room, session, mod.now(), people...)
	}, mod.waiting.Admit)
}

// opTurnAway sends people away who wait.
func (mod outside) opTurnAway(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.WaitersRequest,
) (doorapi.PeopleAnswer, error) {
	refusal := &call.PutOutError{Reason: call.ReasonTurnedAway, By: who.Name, Text: q.Text}
	return mod.decideWaiting(ctx, room, q, func([]waiting.Waiter) error { return nil },
		func(w waiting.Waiter) bool { return mod.waiting.TurnAway(w, refusal) })
}

// decideWaiting decides about people who wait, after it was stored.
func (mod outside) decideWaiting(
	ctx context.Context, room call.RoomID, q doorapi.WaitersRequest, store func([]waiting.Waiter) error,
	decide func(waiting.Waiter) bool,
) (doorapi.PeopleAnswer, error) {
	err := call.CheckText(q.Text)
	switch {
	case err != nil:
	case q.All && len(q.IDs) > 0:
		err = fmt.Errorf("%w: either some people, or all", call.ErrBadArgument)
	case !q.All:
		err = checkAtMost(doorapi.MaxWaiters, q.IDs)
	}
	if err == nil {
		err = mod.knownRoom(ctx, room)
	}
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	found := map[call.Identity]waiting.Waiter{}
	var all []waiting.Waiter
	ids := q.IDs
	if q.All {
		all = mod.waiting.List(room)
		for _, w := range all {
			ids = append(ids, call.Identity(w.ID))
			found[call.Identity(w.ID)] = w
		}
	}
	for _, id := range q.IDs {
		if w, ok := mod.waiting.Find(room, id); ok {
			all = append(all, w)
			found[id] = w
		}
	}
	if len(all) > 0 {
		if err := store(all); err != nil {
			return doorapi.PeopleAnswer{}, err
		}
	}
	answer := doorapi.PeopleAnswer{Results: make([]call.PersonResult, 0, len(ids))}
	for _, id := range ids {
		result := call.ResultAlreadyGone
		if w, ok := found[id]; ok && decide(w) {
			result = call.ResultDone
		}
		answer.Results = append(answer.Results, call.PersonResult{ID: id, Result: result})
	}
	return answer, nil
}
