package ui

import (
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
)

// mayEnd reports whether we may end the room for everyone now.
func (u *UI) mayEnd() bool {
	return u.state.InRoom() && u.state.Engine != call.StateLeaving && u.state.Standing.Role == call.RoleHost
}

// End asks, and ends the room for everyone.
func (a actions) End() {
	if !a.mayEnd() {
		return
	}
	text := a.book.T("dialog.end.text.alone")
	if others := len(a.state.People) - 1; others > 0 {
		text = a.book.T("dialog.end.text", "people", a.book.People(others))
	}
	a.askAbout("", kit.Question{
		Title: a.book.T("dialog.end.title", "room", a.book.RoomName(a.state.Room.Title, a.state.Room.ID)), Text: text,
		Yes: a.book.T("dialog.end.yes"), No: a.book.T("dialog.end.no"), Danger: true,
	}, func() { a.moderate(engine.Moderate{Op: call.OpDismiss}) })
}
