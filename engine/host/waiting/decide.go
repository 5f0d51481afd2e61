package waiting

import (
	"context"
	"slices"
	"time"

	"foyer/engine/call"
)

// Waiter is somebody who waits.
type Waiter struct {
	Guest
	ID    string
	Since time.Time
}

// List lists who waits to be let into a room, in the order in which they came.
func (w *Rooms) List(id call.RoomID) []Waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expire(w.now())
	var all []Waiter
	for _, k := range w.rooms[id].waiting() {
		all = append(all, Waiter{k.Guest, k.id, k.since})
	}
	return all
}

// Find finds who is meant by the ID of a waiter, or by a user ID under which one
// person waits.
func (w *Rooms) Find(id call.RoomID, who call.Identity) (Waiter, bool) {
	all := w.List(id)
	if i := slices.IndexFunc(all, func(o Waiter) bool { return o.ID == string(who) }); i >= 0 {
		return all[i], true
	}
	all = slices.DeleteFunc(all, func(o Waiter) bool { return o.Identity != who })
	if len(all) != 1 {
		return Waiter{}, false
	}
	return all[0], true
}

// Admit lets somebody look again whether they may come in, after it was noted that
// they may. It reports whether they waited.
func (w *Rooms) Admit(who Waiter) bool {
	return w.decide(who, func(k *applicant, now time.Time) {
		k.letIn, k.until = true, now.Add(patience)
	})
}

// TurnAway answers somebody with a refusal. It reports whether they waited.
func (w *Rooms) TurnAway(who Waiter, refusal error) bool {
	return w.decide(who, func(k *applicant, now time.Time) {
		k.verdict, k.until = refusal, now.Add(turnedAway)
	})
}

func (w *Rooms) decide(who Waiter, decision func(*applicant, time.Time)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rooms[who.Room]
	k := r.find(who.ID)
	if k == nil || !k.waits() {
		return false
	}
	decision(k, w.now())
	k.wake()
	w.notify(r)
	return true
}

// End answers everybody who waits for a room with a refusal: there is none any more.
func (w *Rooms) End(id call.RoomID, refusal error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, until := w.rooms[id], w.now().Add(ended)
	for _, k := range r.waiting() {
		k.verdict, k.until = refusal, until
		k.wake()
		w.notify(r)
	}
}

// Wake lets everybody who waits for a room look again whether they may come in: its
// rules have changed, or somebody was banned.
func (w *Rooms) Wake(id call.RoomID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes++
	for _, k := range w.rooms[id].waiting() {
		k.wake()
	}
}

// How often hosts are told of one room: news, and, as a notice can be lost, again.
const (
	atMost  = time.Second
	again   = 15 * time.Second
	telling = 3 * time.Second // for one room
)

// notify has the hosts of a room told. mu is held.
func (w *Rooms) notify(r *room) {
	r.dirty = true
	if !w.telling && w.ctx.Err() == nil {
		w.telling = true
		w.work.Go(w.tellAll)
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// news is what the hosts of a room are told.
type news struct {
	room  call.RoomID
	count int
	name  string
}

// tellAll tells hosts as long as anybody waits.
func (w *Rooms) tellAll() {
	tick := time.NewTicker(atMost)
	defer tick.Stop()
	for {
		due, over := w.due()
		if over {
			return
		}
		for _, n := range due {
			ctx, cancel := context.WithTimeout(w.ctx, telling)
			w.tell(ctx, n.room, n.count, n.name)
			cancel()
		}
		select {
		case <-w.ctx.Done():
		case <-w.news:
		case <-tick.C:
		}
	}
}

// due is what is to be told now; over is set when there is nothing, and nobody waits.
func (w *Rooms) due() (all []news, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.expire(now)
	for id, r := range w.rooms {
		waiting := r.waiting()
		quiet := now.Sub(r.told)
		if r.dirty && quiet >= atMost || len(waiting) > 0 && quiet >= again {
			n := news{id, len(waiting), r.newest}
			if n.count == 0 {
				n.name = ""
			}
			all = append(all, n)
			r.dirty, r.newest, r.told = false, "", now
		}
		if len(r.applicants) == 0 && !r.dirty {
			delete(w.rooms, id)
		}
	}
	over = len(all) == 0 && len(w.rooms) == 0 || w.ctx.Err() != nil
	if over {
		w.telling = false
	}
	return all, over
}
