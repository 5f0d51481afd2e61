package keeper

import (
	"context"
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/register"
	"foyer/engine/internal/pause"
)

// member is somebody who is in the room or was. Only the loop uses it.
type member struct {
	sid        call.SID
	name       string
	generation int64
	presence   call.Presence
	since      time.Time
	exiting    bool // an exit by the offline rule is under way
}

// recall reads where everybody was when the room was last kept.
func (k *Keeper) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, k.limits.Store)
	defer cancel()
	rows, err := k.conf.Store.Members(ctx, k.conf.Room)
	if err != nil {
		k.log.WithError(err).Warn("members of old are not known")
	}
	for _, r := range rows {
		k.passive.Allow(r.Identity, r.Allowed)
		if r.Presence == call.PresenceOnline || r.Presence == call.PresenceOffline {
			k.members[r.Identity] = &member{
				sid: r.SID, name: r.Name, generation: r.Generation, presence: r.Presence, since: r.PresenceSince,
			}
		}
	}
	rules, err := k.conf.Store.Rules(ctx, k.conf.Room)
	if err != nil {
		k.log.WithError(err).Warn("rules are not known")
		return
	}
	k.setRules(rules)
}

func (k *Keeper) setRules(r call.RoomRules) {
	k.keeps = r.KeepHistory
	k.passive.SetRealTime(time.Duration(r.RealTime) * time.Second)
}

// replaceRoster takes everybody who is there. Members who were there before and are
// not now went while nobody looked: we do not know how, so they count as offline,
// which keeps out nobody who left. Members of an earlier session are gone.
func (k *Keeper) replaceRoster(e call.RosterReplaced) {
	k.sid.Store(e.SessionID)
	present := map[call.Identity]bool{}
	for _, p := range e.Participants {
		present[p.Identity] = true
	}
	for id, m := range k.members {
		switch {
		case present[id]:
		case m.since.Before(e.Opened):
			k.place(id, m, call.PresenceGone)
		case m.presence == call.PresenceOffline:
			k.passive.Offline(id, m.since, k.now())
			k.lookLater()
		case m.presence == call.PresenceOnline:
			k.place(id, m, call.PresenceOffline)
		}
	}
	for _, p := range e.Participants {
		k.joined(p)
	}
}

func (k *Keeper) joined(p call.Participant) {
	if p.Helper {
		return
	}
	m := k.members[p.Identity]
	if m == nil {
		m = &member{}
		k.members[p.Identity] = m
	}
	m.name, m.generation = p.Name, p.Generation
	if len(p.Tracks) > 0 {
		k.enforceMute(p.Identity)
	}
	if m.presence == call.PresenceOnline && m.sid == p.SID {
		return // known from before we came
	}
	m.sid = p.SID
	k.place(p.Identity, m, call.PresenceOnline)
}

func (k *Keeper) updated(p call.Participant) {
	if m := k.members[p.Identity]; m != nil && m.sid == p.SID {
		m.name = p.Name
	}
}

// left sorts an exit: on purpose, removed, or without a word (contract O1). A
// removal counts whether or not we have seen them come.
func (k *Keeper) left(e call.ParticipantLeft) {
	p := e.Participant
	if p.Helper {
		return
	}
	if e.Reason == call.ReasonRemoved {
		k.reportRemoval(Exit{
			Room: k.conf.Room, ID: p.Identity, Reason: call.ReasonRemoved, Generation: p.Generation, At: k.now(),
		})
	}
	m := k.members[p.Identity]
	if m == nil || m.sid != p.SID {
		return
	}
	switch e.Reason {
	case call.ReasonLeft, call.ReasonDismissed, call.ReasonRoomClosed, call.ReasonServerStopped,
		call.ReasonOfflineRemoved, call.ReasonBanned, call.ReasonRemoved:
		k.place(p.Identity, m, call.PresenceGone)
	default:
		k.place(p.Identity, m, call.PresenceOffline)
	}
}

// muteEnforced says that an enforcement of somebody's mute has ended.
type muteEnforced struct{ id call.Identity }

// enforceMute starts an enforcement of id's mute, whatever their tracks say of themselves.
// Only one runs at a time; further requests cause one more.
func (k *Keeper) enforceMute(id call.Identity) {
	if _, busy := k.enforcing[id]; busy {
		k.enforcing[id] = true
		return
	}
	k.enforceMuteNow(id)
}

func (k *Keeper) enforceMuteNow(id call.Identity) {
	k.enforcing[id] = false
	k.do(k.limits.Work, func(ctx context.Context) {
		if err := k.conf.MuteEnforcer.EnforceMute(ctx, k.conf.Room, id); err != nil {
			k.log.WithError(err).WithField("identity", id).Warn("somebody may be heard who is muted")
		}
		k.inbox.Put(muteEnforced{id})
	})
}

func (k *Keeper) muteEnforced(e muteEnforced) {
	again := k.enforcing[e.id]
	delete(k.enforcing, e.id)
	if again && k.ended == nil {
		k.enforceMuteNow(e.id)
	}
}

// place notes where somebody is, here and in the register.
func (k *Keeper) place(id call.Identity, m *member, presence call.Presence) {
	if m.presence == presence && presence != call.PresenceOnline {
		return
	}
	now := k.now()
	m.presence, m.since = presence, now
	switch presence {
	case call.PresenceOffline:
		k.passive.Offline(id, now, now)
		k.lookLater()
	case call.PresenceOnline:
		k.passive.Back(id)
	case call.PresenceGone:
		k.passive.Back(id)
		delete(k.members, id)
	}
	k.chat.place(register.Member{
		Room: k.conf.Room, Identity: id, Name: m.name, Presence: presence, PresenceSince: now, SID: m.sid,
	}, now.Add(k.limits.Gather))
}

// reportRemoval reports a removal that others made.
func (k *Keeper) reportRemoval(e Exit) {
	k.do(k.limits.Work, func(ctx context.Context) {
		if err := k.conf.Remover.Removed(ctx, e); err != nil {
			k.log.WithError(err).WithField("identity", e.ID).Error("a removal may not hold")
		}
	})
}

func (k *Keeper) dismissed() {
	session, at := k.Session(), k.now()
	k.do(k.limits.Work, func(ctx context.Context) {
		if err := k.conf.Remover.Dismissed(ctx, k.conf.Room, session, at); err != nil {
			k.log.WithError(err).Error("a dismissal may not hold")
		}
	})
}

// exited is what became of an exit by the offline rule.
type exited struct {
	id      call.Identity
	since   time.Time
	allowed bool // they are exempt by now
	err     error
}

// retryExit is how long after a failed exit the rule looks at the member again.
const retryExit = time.Second

// exit lets an offline member go (contract O1, O2). The allow list is read once
// more: another door may have changed it.
func (k *Keeper) exit(id call.Identity) {
	m := k.members[id]
	if m == nil || m.presence != call.PresenceOffline || m.exiting {
		return
	}
	m.exiting = true
	e := Exit{
		Room: k.conf.Room, ID: id, SID: m.sid, Reason: call.ReasonOfflineRemoved, Generation: m.generation, At: k.now(),
	}
	since := m.since
	k.do(k.limits.Work, func(ctx context.Context) {
		row, err := k.conf.Store.Member(ctx, e.Room, id)
		if err == nil && row.Allowed {
			k.inbox.Put(exited{id: id, since: since, allowed: true})
			return
		}
		if err == nil || errors.Is(err, register.ErrNotFound) {
			err = k.conf.Remover.Removed(ctx, e)
		}
		if err != nil && !errors.Is(err, ErrBack) {
			k.log.WithError(err).WithField("identity", id).Warn("an offline member could not be removed")
		}
		if err != nil {
			_ = pause.For(ctx, retryExit)
		}
		k.inbox.Put(exited{id: id, since: since, err: err})
	})
}

func (k *Keeper) exited(e exited) {
	m := k.members[e.id]
	if m == nil {
		return
	}
	m.exiting = false
	if m.presence != call.PresenceOffline || !m.since.Equal(e.since) {
		return // back, or away another time
	}
	if e.allowed {
		k.passive.Allow(e.id, true)
	}
	if e.allowed || e.err != nil {
		k.passive.Offline(e.id, e.since, k.now())
		return
	}
	k.log.WithField("identity", e.id).Info("offline member removed")
	k.place(e.id, m, call.PresenceGone)
}

// circumstances are what the host decides, as the register has it.
type circumstances struct {
	rules   call.RoomRules
	allowed map[call.Identity]bool
}

// lookLater looks at the circumstances again while somebody is offline.
func (k *Keeper) lookLater() {
	if k.look.IsZero() {
		k.look = k.now().Add(k.limits.Refresh)
	}
}

// refresh reads the circumstances beside the loop.
func (k *Keeper) refresh() {
	k.do(k.limits.Work, func(ctx context.Context) {
		rules, err := k.conf.Store.Rules(ctx, k.conf.Room)
		var rows []register.Member
		if err == nil {
			rows, err = k.conf.Store.Members(ctx, k.conf.Room)
		}
		if err != nil {
			k.log.WithError(err).Warn("rules and allow list are not known")
			return
		}
		c := circumstances{rules: rules, allowed: map[call.Identity]bool{}}
		for _, r := range rows {
			if r.Allowed {
				c.allowed[r.Identity] = true
			}
		}
		k.inbox.Put(c)
	})
}

func (k *Keeper) learn(c circumstances) {
	k.setRules(c.rules)
	k.passive.SetAllowed(c.allowed)
	for _, m := range k.members {
		if m.presence == call.PresenceOffline {
			k.lookLater()
			return
		}
	}
}
