package model

import (
	"slices"
	"time"

	"foyer/engine/call"
)

// Waiting is what we know of those who wait to be let in, if we may let them in.
type Waiting struct {
	Count int
	Rows  []call.WaiterRow // those who have waited longest
	More  int              // so many others
	asked bool             // the door, and it has not answered
	stale bool             // others wait since then: its answer is not the last
}

// Ask notes that the door is asked who waits, and reports whether it is not being asked
// already: a door may say any number of times that they are others now.
func (w *Waiting) Ask() bool {
	was := w.asked
	w.asked, w.stale = true, was
	return !was
}

// Again reports once, after the door has answered, whether it has to be asked again.
func (w *Waiting) Again() bool {
	was := w.stale
	w.stale = false
	return was
}

// Find is somebody who waits, by the ID of their row.
func (w Waiting) Find(id call.Identity) (call.WaiterRow, bool) {
	i := slices.IndexFunc(w.Rows, func(r call.WaiterRow) bool { return r.ID == string(id) })
	if i < 0 {
		return call.WaiterRow{}, false
	}
	return w.Rows[i], true
}

// waits is what the state says of those who wait.
type waits struct{ *State }

// changed takes over how many there are, and tells who has come.
func (s waits) changed(v call.WaitersChanged, at time.Time) {
	if !s.InRoom() || !s.Standing.Role.Moderates() {
		return
	}
	s.Waiting.Count = v.Count
	if v.Count == 0 {
		s.Waiting = Waiting{asked: s.Waiting.asked, stale: s.Waiting.stale}
		s.Withdraw(NoticeWaiters)
		return
	}
	if v.Name != "" {
		s.Withdraw(NoticeWaiters)
		s.Notify(Notice{At: at, Kind: NoticeWaiters, Name: v.Name, More: v.Count - 1})
	}
}

// listed takes over who they are.
func (s waits) listed(v call.Moderated) {
	s.Waiting = Waiting{
		Count: len(v.Waiting) + v.More, Rows: slices.Clone(v.Waiting), More: v.More, stale: s.Waiting.stale,
	}
	if s.Waiting.Count == 0 {
		s.Withdraw(NoticeWaiters)
	}
}
