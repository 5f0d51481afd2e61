package ui

import (
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
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
func (a actions) Remove(id call.Identity) { a.askRemoval(id, "people.remove", nil) }

// Ban asks for how long and for a text, and bans somebody.
func (a actions) Ban(id call.Identity) {
	times := kit.NewSegments(
		true, a.cancelQuestion, a.book.T("people.ban.minutes"), a.book.T("people.ban.hour"), a.book.T("people.ban.always"),
	)
	a.askRemoval(id, "people.ban", times)
}

// banTimes are what the choices of a ban mean; 0 is until it is lifted.
var banTimes = [...]time.Duration{10 * time.Minute, time.Hour, 0}

func (u *UI) cancelQuestion() {
	if u.question != nil {
		u.question.dialog.Cancel()
	}
}

// askRemoval asks before somebody is removed, or banned for one of some times. A
// text that is too long keeps the dialog open, and says so.
func (u *UI) askRemoval(id call.Identity, key string, times *kit.Segments) {
	p := u.state.Person(id)
	if p == nil {
		return
	}
	u.removal(id, p.DisplayName(), key, times, "", false)
}

func (u *UI) removal(id call.Identity, name, key string, times *kit.Segments, text string, told bool) {
	reason := kit.NewField(u.book.T("people.reason", "name", name), u.book.T("people.reason_hint"), nil)
	reason.SetText(text)
	reason.Entry.OnEscape = u.cancelQuestion
	reason.Entry.OnReturn = func() { u.win.Canvas().FocusNext() }
	tell := kit.NewCheck(u.book.T("people.tell"), told)
	tell.OnEscape = u.cancelQuestion
	body := kit.Column(12)
	if times != nil {
		body.Add(times.Container)
	}
	body.Add(reason)
	body.Add(tell)
	said := func() {
		problem := ""
		if err := call.CheckText(reason.Text()); err != nil {
			problem = u.book.Error(err, "", call.SourceUnknown, u.cfg.Now()).String()
		}
		reason.SetProblem(problem, theme.Error)
		if u.question != nil {
			u.question.dialog.Refresh()
		}
	}
	reason.OnChanged = func(string) { said() }
	q := kit.Question{
		Title: u.book.T(key+".title", "name", name), Text: u.book.T(key+".text", "name", name), Body: body,
		Yes: u.book.T(key + ".yes"), No: u.book.T("people.cancel"), Danger: true, Focus: reason.Entry,
	}
	u.askAbout(id, q, func() {
		if call.CheckText(reason.Text()) != nil {
			u.removal(id, name, key, times, reason.Text(), tell.On) // said there, and nothing is lost
			return
		}
		c := engine.Moderate{Op: call.OpRemove, IDs: []call.Identity{id}, Text: reason.Text(), Tell: tell.On}
		if times != nil {
			c.Op, c.For = call.OpBan, banTimes[times.Chosen()]
		}
		u.moderate(c)
	})
	said()
}
