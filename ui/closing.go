package ui

import (
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
)

// close is the window's X. It hides the window at once, unless a room of ours
// would end for others: then it asks. The second X closes whatever is asked. What
// tells the program to end from outside, a signal, does not come here.
func (u *UI) close() {
	if !u.closed && u.outside.mayClose() {
		u.outside.end()
	}
}

// end closes the window.
func (o *outside) end() {
	o.closed = true
	o.speech.Ask(o.cfg.Desktop, "", "") // gives the key back: other programs need not wait for the end
	o.root.Painter.Stop()
	o.settleSmall()
	o.lookForWindow()
	if o.frame != nil {
		o.set.Window = o.place
	}
	o.win.Hide()
	o.save()
	if o.cfg.OnClosed != nil {
		o.cfg.OnClosed()
	}
	o.cfg.App.Quit()
}

// ending is what the end of the program ends for others.
type ending struct {
	room   string // its name
	others int    // who are in it with us; 0: we have left it, and do not know
}

// endsFor is what closing the window ends for others; false: nothing that we know
// of.
func (o *outside) endsFor() (ending, bool) {
	inOwn := o.state.InRoom() && o.state.Room.Hosting
	switch others := len(o.state.People) - 1; {
	case inOwn && others > 0:
		return ending{o.book.RoomName(o.state.Room.Title, o.state.Room.ID), others}, true
	case o.kept != nil:
		return ending{o.book.RoomName(o.kept.title, o.kept.room), 0}, true
	default:
		return ending{}, false
	}
}

// leaveBehind notes a room of ours that goes on without us.
func (o *outside) leaveBehind(v call.Left, others int) {
	if v.Hosting && v.Reason != call.ReasonDismissed && others > 0 {
		o.kept = &kept{v.Room, v.Title}
	}
}

// mayClose asks before the end of the program ends a room for others. It reports
// whether the window may close now.
func (o *outside) mayClose() bool {
	what, asks := o.endsFor()
	if !asks || o.question != nil && o.question.closing {
		return true
	}
	text := kit.NewParagraph(o.closingText(what)).Colored(theme.Muted)
	body := kit.Column(12, text)
	if what.others > 0 {
		body.Add(kit.NewButton(o.book.T("dialog.close.leave"), "", kit.Plain, func() {
			o.closeQuestion()
			actions{o.UI}.Leave()
		}))
	}
	o.askAbout("", kit.Question{
		Title: o.book.T("dialog.close.title"), Body: body,
		Yes: o.book.T("dialog.close.yes"), No: o.book.T("dialog.close.no"), Danger: true,
	}, o.end)
	screen, in := o.state.Screen, what.others > 0
	o.question.closing = true
	o.question.holds = func() bool {
		now, still := o.endsFor()
		if !still || o.state.Screen != screen || (now.others > 0) != in {
			return false
		}
		if t := o.closingText(now); t != text.Text() {
			text.Set(t)
			o.question.dialog.Refresh()
		}
		return true
	}
	return false
}

func (o *outside) closingText(what ending) string {
	if what.others == 0 {
		return o.book.T("dialog.close.text.left", "room", what.room)
	}
	return o.book.T("dialog.close.text", "room", what.room, "people", o.book.People(what.others))
}

// stillAsks reports whether what a question asks about is still there: the stay,
// unless it says otherwise, and the person.
func (q *question) stillAsks(s *model.State) bool {
	if q.holds != nil {
		return q.holds()
	}
	return s.InRoom() && s.Engine != call.StateLeaving && q.about.JoinedAt.Equal(s.Room.JoinedAt) &&
		(q.person == "" || s.Person(q.person) != nil)
}
