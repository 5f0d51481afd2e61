package keeper

import (
	"cmp"
	"slices"
	"time"

	"foyer/engine/call"
)

// The passive exit of an offline member, by S4 (contract O1).
const (
	// PassiveMessages is how many messages an offline member may miss inside
	// PassiveGrace; with the next one it goes.
	PassiveMessages = 30
	// PassiveGrace is how long an offline member may miss messages at all: the
	// first one after it lets the member go.
	PassiveGrace = 30 * time.Second
)

// Passive decides which offline members go: with the 31st message inside 30 s
// after going offline, or with the first message after 30 s, and never without a
// message, unless the room has a real-time limit (contract O2). Members on the
// allow list are exempt from both (O3).
//
// It is a value without a clock: callers say what time it is. A clock that goes
// backwards stands still for the rule; nobody goes earlier for it. One goroutine
// at a time may use it.
type Passive struct {
	last     time.Time     // the newest time that was told
	elapsed  time.Duration // on a clock that never goes backwards
	messages int64
	realTime time.Duration // 0: off
	absent   map[call.Identity]absence
	allowed  map[call.Identity]bool
}

// absence is an offline member: when it began, on the rule's own clock and in
// messages.
type absence struct {
	since    time.Duration
	messages int64
}

// NewPassive makes a rule that knows nobody.
func NewPassive(now time.Time) *Passive {
	return &Passive{last: now, absent: map[call.Identity]absence{}, allowed: map[call.Identity]bool{}}
}

// tick moves the rule's clock to now.
func (p *Passive) tick(now time.Time) {
	p.elapsed += max(now.Sub(p.last), 0)
	p.last = now
}

// Offline begins the absence of id, at a time until now. If id is absent already, the
// earlier time counts.
func (p *Passive) Offline(id call.Identity, since, now time.Time) {
	p.tick(now)
	if _, ok := p.absent[id]; ok {
		return
	}
	p.absent[id] = absence{since: p.elapsed - max(now.Sub(since), 0), messages: p.messages}
}

// Back ends the absence of id: it is here again, or has gone for good.
func (p *Passive) Back(id call.Identity) { delete(p.absent, id) }

// Allow puts id on the allow list or takes it off. If id has been absent for too long
// when it is taken off, it goes with the next message, or at once by the real-time
// limit.
func (p *Passive) Allow(id call.Identity, allowed bool) {
	if allowed {
		p.allowed[id] = true
		return
	}
	delete(p.allowed, id)
}

// SetAllowed makes the allow list these identities and no others.
func (p *Passive) SetAllowed(list map[call.Identity]bool) {
	clear(p.allowed)
	for id, on := range list {
		p.Allow(id, on)
	}
}

// SetRealTime sets after how long an offline member goes whatever is said; 0
// leaves it to the messages. Values outside call.MinRealTime..call.MaxRealTime
// are taken as the nearest one inside.
func (p *Passive) SetRealTime(limit time.Duration) {
	if limit > 0 {
		limit = min(max(limit, call.MinRealTime), call.MaxRealTime)
	}
	p.realTime = max(limit, 0)
}

// Message counts one message and returns who goes for it, longest absent first.
func (p *Passive) Message(now time.Time) []call.Identity {
	p.tick(now)
	p.messages++
	return p.dismiss(func(a absence) bool {
		return p.messages-a.messages > PassiveMessages || p.elapsed-a.since >= PassiveGrace
	})
}

// Due returns who goes now by the real-time limit, longest absent first.
func (p *Passive) Due(now time.Time) []call.Identity {
	p.tick(now)
	if p.realTime == 0 {
		return nil
	}
	return p.dismiss(func(a absence) bool { return p.elapsed-a.since >= p.realTime })
}

// Next is when to ask Due again; ok is false while nobody can be due.
func (p *Passive) Next() (at time.Time, ok bool) {
	if p.realTime == 0 {
		return time.Time{}, false
	}
	var first time.Duration
	for id, a := range p.absent {
		if due := a.since + p.realTime; !p.allowed[id] && (!ok || due < first) {
			first, ok = due, true
		}
	}
	return p.last.Add(first - p.elapsed), ok
}

// dismiss takes out the members whose absence is over, unless they are exempt.
func (p *Passive) dismiss(over func(absence) bool) []call.Identity {
	type leaver struct {
		id    call.Identity
		since time.Duration
	}
	var out []leaver
	for id, a := range p.absent {
		if !p.allowed[id] && over(a) {
			out = append(out, leaver{id, a.since})
		}
	}
	if len(out) == 0 {
		return nil
	}
	slices.SortFunc(out, func(a, b leaver) int { return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.id, b.id)) })
	ids := make([]call.Identity, len(out))
	for i, l := range out {
		ids[i] = l.id
		delete(p.absent, l.id)
	}
	return ids
}
