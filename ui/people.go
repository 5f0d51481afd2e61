package ui

import (
	"slices"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/view/panel"
)

// membersRest is how long the room must have been quiet before the door is asked
// again who has which role: ten people who come at once are one question.
const membersRest = 500 * time.Millisecond

// asksFor asks the door for what a panel shows and no event tells.
func (u *UI) asksFor(p model.Panel) {
	if !u.state.Standing.Role.Moderates() {
		return
	}
	switch p {
	case model.PanelPeople:
		u.do(engine.Moderate{Op: call.OpMembers}, call.SourceUnknown)
		if u.state.Standing.Rules.Waiting {
			askWaiting(u)
		}
	case model.PanelBans:
		u.do(engine.Moderate{Op: call.OpBans}, call.SourceUnknown)
	case model.PanelNone, model.PanelChat:
	}
}

// moderated keeps what the door has told us true: it is asked again when
// something has changed that it alone knows.
func (u *UI) moderated(e call.Event) {
	switch v := e.(type) {
	case call.ParticipantJoined:
		u.askAt = u.cfg.Now().Add(membersRest)
	case call.RoomUpdated, call.RulesChanged: // notices may have been lost, or we are a host now
		u.askAt = u.cfg.Now().Add(membersRest)
		if u.state.Standing.Rules.Waiting {
			askWaiting(u)
		}
	case call.Left:
		u.askAt = time.Time{}
	case call.Joined:
		u.askAt = time.Time{}
		if v.Standing.Rules.Waiting {
			askWaiting(u)
		}
	case call.WaitersChanged:
		askWaiting(u)
	case call.CommandFailed:
		if v.Command == string(call.OpWaiting) && u.state.Waiting.Again() {
			askWaiting(u)
		}
	case call.Moderated:
		if v.Op == call.OpWaiting && u.state.Waiting.Again() {
			askWaiting(u)
		}
		if v.Op == call.OpMembers || v.Op == call.OpBans || v.Op == call.OpWaiting {
			return
		}
		u.askAt = u.cfg.Now()
		if slices.ContainsFunc(v.Results, func(r call.PersonResult) bool { return r.Result == call.ResultNotStored }) {
			u.state.Notify(model.Notice{At: u.cfg.Now(), Kind: model.NoticeFailed, Err: call.ErrNotStored})
		}
	default:
	}
}

// askMembers asks when it is time, if a panel shows what the answer tells.
func (u *UI) askMembers(now time.Time) {
	if u.askAt.IsZero() || now.Before(u.askAt) || u.state.Engine != call.StateJoined {
		return
	}
	u.askAt = time.Time{}
	u.asksFor(u.state.Panel)
}

// SetSearch takes over what is searched for.
func (a actions) SetSearch(text string) {
	a.state.Search = text
	a.refresh()
}

func (u *UI) moderate(c engine.Moderate) {
	u.state.Selection.Remember(c.IDs)
	u.do(c, call.SourceUnknown)
	u.refresh()
}

// Silence lets somebody neither speak nor write, or takes that back.
func (a actions) MutePerson(id call.Identity, on bool) {
	op := call.OpUnmute
	if on {
		op = call.OpMute
	}
	a.moderate(engine.Moderate{Op: op, IDs: []call.Identity{id}})
}

// SetRole gives somebody another role.
func (a actions) SetRole(id call.Identity, role call.Role) {
	a.moderate(engine.Moderate{Op: call.OpRole, IDs: []call.Identity{id}, Role: role})
}

// Lower lowers the hand of somebody.
func (a actions) Lower(id call.Identity) {
	a.moderate(engine.Moderate{Op: call.OpLower, IDs: []call.Identity{id}})
}

// Select selects people in the list, or takes that back.
func (a actions) Select(ids []call.Identity, on bool) {
	a.state.Selection.Set(ids, on)
	a.refresh()
}

// SelectNobody takes the selection back.
func (a actions) SelectNobody() {
	a.state.Selection.Clear()
	a.refresh()
}

// DoSelected mutes the selected, removes them, or lowers their hands. The door
// takes ten people at once; only a removal is asked about as a whole, and so has no
// more.
func (a actions) DoSelected(op call.Operation) {
	ids := a.state.Selection.People()
	switch {
	case len(ids) == 0:
		return
	case op == call.OpRemove:
		if len(ids) <= call.MaxPeople {
			a.askRemoval(ids, false)
		}
		return
	}
	for part := range slices.Chunk(ids, call.MaxPeople) {
		a.moderate(engine.Moderate{Op: op, IDs: part})
	}
	a.SelectNobody()
}

// Undo takes back what a notice tells.
func (a actions) Undo(notice int) {
	n := a.state.Selection.Notice(notice)
	if n == nil || n.Undo == "" {
		return
	}
	ids := make([]call.Identity, len(n.Done))
	for i, one := range n.Done {
		ids[i] = one.ID
	}
	a.state.Dismiss(notice)
	a.moderate(engine.Moderate{Op: n.Undo, IDs: ids})
}

// undoLast takes back what the newest notice tells that offers it.
func undoLast(a actions) {
	if n := a.state.Selection.Undoable(a.cfg.Now()); n != nil {
		a.Undo(n.ID)
	}
}

// Lift lifts a ban.
func (a actions) Lift(id call.Identity) {
	for _, ban := range a.state.Bans {
		if ban.ID == id {
			a.state.Selection.Name(id, a.book.PersonName(id, ban.Name))
		}
	}
	a.moderate(engine.Moderate{Op: call.OpUnban, IDs: []call.Identity{id}})
}

// Remove asks for a text, and removes somebody.
func (a actions) Remove(id call.Identity) { a.askRemoval([]call.Identity{id}, false) }

// Ban asks for how long and for a text, and bans somebody.
func (a actions) Ban(id call.Identity) { a.askRemoval([]call.Identity{id}, true) }

func (u *UI) cancelQuestion() {
	if u.question != nil {
		u.question.dialog.Cancel()
	}
}

// askRemoval asks before people are removed, or somebody is banned.
func (u *UI) askRemoval(ids []call.Identity, ban bool) {
	p := u.state.Person(ids[0])
	if p == nil {
		return
	}
	r := panel.NewRemoval(u.book, p.DisplayName(), ban, u.cancelQuestion)
	if len(ids) > 1 {
		r = panel.NewRemovals(u.book, u.book.People(len(ids)), u.cancelQuestion)
	}
	r.Reason.OnChanged = func(string) {
		r.Check()
		u.question.dialog.Refresh()
	}
	u.confirmRemoval(ids, r)
}

// confirmRemoval shows the question. A text that cannot be sent shows it again,
// with the reason and with everything that was entered.
func (u *UI) confirmRemoval(ids []call.Identity, r *panel.Removal) {
	about := ids[0]
	if len(ids) > 1 {
		about = "" // the result says who has gone meanwhile
	}
	u.askAbout(about, r.Question(), func() {
		if !r.Check() {
			u.confirmRemoval(ids, r)
			return
		}
		c := engine.Moderate{Op: call.OpRemove, IDs: ids, Text: r.Reason.Text(), Tell: r.Tell.On}
		if r.Times != nil {
			c.Op, c.For = call.OpBan, r.For()
		}
		u.state.Selection.Set(ids, false)
		u.moderate(c)
	})
}
