package ui

import (
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/view/invitation"
	"foyer/ui/view/panel/waiters"
)

// askWaiting asks the door who waits to be let in, if we may let them in.
func askWaiting(u *UI) {
	if s := u.state; s.InRoom() && s.Engine != call.StateLeaving && s.Standing.Role.Moderates() && s.Waiting.Ask() {
		u.do(engine.Moderate{Op: call.OpWaiting}, call.SourceUnknown)
	}
}

// Admit lets people in who wait.
func (a presses) Admit(ids []call.Identity) {
	nameWaiting(a.actions)
	decideWaiting(a.actions, engine.Moderate{Op: call.OpAdmit, IDs: ids})
}

// TurnAway asks for a text, and turns people away.
func (a presses) TurnAway(ids []call.Identity) {
	nameWaiting(a.actions)
	name := a.book.People(len(ids))
	if len(ids) == 1 {
		r, ok := a.state.Waiting.Find(ids[0])
		if !ok {
			return
		}
		name = waiters.Name(a.book, r)
	}
	confirmTurning(a.actions, ids, waiters.NewTurning(a.book, name, a.cancelQuestion))
}

// confirmTurning shows the question; again, if the text cannot be sent.
func confirmTurning(a actions, ids []call.Identity, t *waiters.Turning) {
	a.askAbout("", t.Question(), func() {
		if !t.Check() {
			confirmTurning(a, ids, t)
			return
		}
		decideWaiting(a, engine.Moderate{Op: call.OpTurnAway, IDs: ids, Text: t.Reason.Text()})
	})
}

// nameWaiting remembers who waits, for what is told afterwards.
func nameWaiting(a actions) {
	for _, r := range a.state.Waiting.Rows {
		a.state.Selection.Name(call.Identity(r.ID), waiters.Name(a.book, r))
	}
}

func decideWaiting(a actions, c engine.Moderate) {
	a.do(c, call.SourceUnknown)
	a.refresh()
}

// ShowInvite shows the invitation with its QR code, or takes it away.
func (a presses) ShowInvite() { showInvite(a.actions) }

func showInvite(a actions) {
	switch {
	case a.sheets.invite.Open():
		a.sheets.invite.Close()
	case a.sheets.invitation(a.state) != "" && a.question == nil && a.state.Share == nil:
		a.closeShortcuts()
		ruling(a).CloseRules()
		a.state.Setup.Show(model.PageNone)
		menus(a).close()
		a.sheets.invite.Show(a.win.Canvas(), a.book, a.state.Room.Link, a.Invite)
		a.refresh()
	}
}

// invitation is the link that may be given on now; empty: none.
func (*sheets) invitation(s *model.State) string {
	if link := s.Room.Link; s.InRoom() && s.Engine != call.StateLeaving && invitation.Possible(link) {
		return link.String()
	}
	return ""
}
