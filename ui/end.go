package ui

import (
	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
)

// leaveMenuHeight is that of its two lines, so that it lies above the button.
const leaveMenuHeight = 90

// LeaveMenu shows a host the ways to leave.
func (a actions) LeaveMenu(at fyne.Position) {
	if !a.mayEnd() {
		return
	}
	a.sheets.leave.Close()
	a.sheets.leave = kit.ShowMenu(a.win.Canvas(), at.SubtractXY(0, leaveMenuHeight), []kit.MenuItem{
		{Text: a.book.T("bar.leave"), Icon: "leave", OnTapped: a.Leave},
		{Text: a.book.T("dialog.end.yes"), Icon: "people", Danger: true, OnTapped: a.End},
	})
}

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

// endLeaveMenu takes the menu away when the stay is over or ending, or we are the
// host no more.
func (u *UI) endLeaveMenu() {
	if !u.mayEnd() {
		u.sheets.leave.Close()
	}
}
