package model

import (
	"slices"
	"strings"
	"time"

	"foyer/engine/call"
)

// Selection is what the state says of the people who are selected in the list, by
// those who may moderate, and of what became of them.
type Selection struct{ *State }

// Has reports whether somebody is selected.
func (s Selection) Has(id call.Identity) bool { return s.selected[id] }

// May reports whether somebody can be selected: we may do something to them.
func (s Selection) May(p *Person) bool { return s.Rights(p).Mute }

// Set selects those of the people that we may moderate, or takes that back.
func (s Selection) Set(ids []call.Identity, on bool) {
	for _, id := range ids {
		if p := s.person(id); on && p != nil && s.May(p) {
			s.selected[id] = true
		} else {
			delete(s.selected, id)
		}
	}
}

// Clear takes every selection back.
func (s Selection) Clear() { clear(s.selected) }

// People lists the selected people who are still there, in the list's order,
// whatever is searched for.
func (s Selection) People() []call.Identity {
	if len(s.selected) == 0 {
		return nil
	}
	var ids []call.Identity
	for _, p := range s.listed("") {
		if s.selected[p.ID] && s.May(p) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// Remember keeps the names of people that a request is about: they may be gone before
// the answer comes.
func (s Selection) Remember(ids []call.Identity) {
	for _, id := range ids {
		if p := s.person(id); p != nil {
			s.named[id] = p.DisplayName()
		}
	}
}

// Name keeps the name of somebody who is not in the room.
func (s Selection) Name(id call.Identity, name string) { s.named[id] = name }

// undoing is what takes an operation back, empty for one that stands.
func undoing(op call.Operation) call.Operation {
	switch op {
	case call.OpMute:
		return call.OpUnmute
	case call.OpBan:
		return call.OpUnban
	default:
		return ""
	}
}

// moderated tells what an operation has done for each person, and offers to take
// it back.
func (s Selection) moderated(op call.Operation, results []call.PersonResult, at time.Time) {
	switch op {
	case call.OpRemove, call.OpBan, call.OpUnban, call.OpMute, call.OpUnmute, call.OpLower,
		call.OpAdmit, call.OpTurnAway:
	default:
		return
	}
	n := Notice{At: at, Kind: NoticeModerated, Command: string(op)}
	for _, r := range results {
		one := Outcome{ID: r.ID, Name: s.nameOf(r.ID), Result: r.Result}
		if r.Result == call.ResultDone || r.Result == call.ResultNotStored {
			n.Done = append(n.Done, one)
		} else {
			n.Undone = append(n.Undone, one)
		}
	}
	if len(n.Done) > 0 && len(n.Done) <= call.MaxPeople {
		n.Undo = undoing(op)
	}
	if len(results) > 0 {
		s.Notify(n)
	}
}

// Outcome is what became of somebody.
type Outcome struct {
	ID     call.Identity
	Name   string
	Result string // as call.PersonResult
}

// Undoable is the newest notice that is shown whose operation can be taken back, nil
// if there is none.
func (s Selection) Undoable(now time.Time) *Notice {
	for i := len(s.Notices) - 1; i >= 0; i-- {
		if s.Notices[i].Undo != "" && !s.Notices[i].Over(now) {
			n := s.Notices[i]
			return &n
		}
	}
	return nil
}

// Notice returns one that is there, nil if it has gone.
func (s Selection) Notice(id int) *Notice {
	if i := slices.IndexFunc(s.Notices, func(n Notice) bool { return n.ID == id }); i >= 0 {
		n := s.Notices[i]
		return &n
	}
	return nil
}

// operation is what a command of that word does: the words of muting people are not
// those of our own devices (engine.Moderate.Word).
func operation(command string) call.Operation {
	return call.Operation(strings.TrimSuffix(command, "_participant"))
}
