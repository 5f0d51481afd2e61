package ui

import (
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
	case model.PanelBans:
		u.do(engine.Moderate{Op: call.OpBans}, call.SourceUnknown)
	case model.PanelNone, model.PanelChat:
	}
}

// moderated keeps what the door has told us true: it is asked again when
// something has changed that it alone knows.
func (u *UI) moderated(e call.Event) {
	switch v := e.(type) {
	case call.ParticipantJoined, call.RoomUpdated, call.RulesChanged:
		u.askAt = u.cfg.Now().Add(membersRest)
	case call.Left, call.Joined:
		u.askAt = time.Time{}
	case call.Moderated:
		if v.Op == call.OpMembers || v.Op == call.OpBans {
			return
		}
		u.askAt = u.cfg.Now()
		for _, r := range v.Results {
			if r.Result == call.ResultNotStored {
				u.state.Notify(model.Notice{At: u.cfg.Now(), Kind: model.NoticeFailed, Err: call.ErrNotStored})
			}
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
	u.do(c, call.SourceUnknown)
	u.refresh()
}

// Silence lets somebody neither speak nor write, or takes that back.
func (a actions) Silence(id call.Identity, on bool) {
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

// Lift lifts a ban.
func (a actions) Lift(id call.Identity) {
	a.moderate(engine.Moderate{Op: call.OpUnban, IDs: []call.Identity{id}})
}

// Remove asks for a text, and removes somebody.
func (a actions) Remove(id call.Identity) { a.askRemoval(id, false) }

// Ban asks for how long and for a text, and bans somebody.
func (a actions) Ban(id call.Identity) { a.askRemoval(id, true) }

func (u *UI) cancelQuestion() {
	if u.question != nil {
		u.question.dialog.Cancel()
	}
}

// askRemoval asks before somebody is removed or banned.
func (u *UI) askRemoval(id call.Identity, ban bool) {
	p := u.state.Person(id)
	if p == nil {
		return
	}
	r := panel.NewRemoval(u.book, p.DisplayName(), ban, u.cancelQuestion)
	r.Reason.OnChanged = func(string) {
		r.Check()
		u.question.dialog.Refresh()
	}
	u.confirmRemoval(id, r)
}

// confirmRemoval shows the question. A text that cannot be sent shows it again,
// with the reason and with everything that was entered.
func (u *UI) confirmRemoval(id call.Identity, r *panel.Removal) {
	u.askAbout(id, r.Question(), func() {
		if !r.Check() {
			u.confirmRemoval(id, r)
			return
		}
		c := engine.Moderate{Op: call.OpRemove, IDs: []call.Identity{id}, Text: r.Reason.Text(), Tell: r.Tell.On}
		if r.Times != nil {
			c.Op, c.For = call.OpBan, r.For()
		}
		u.moderate(c)
	})
}
