package ui

import (
	"context"
	"strings"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/words"
)

// OpenLink is a link that came from outside while the window is open: another
// start of the program, a click in a browser. The window comes to the front; an
// empty link asks for no more. In a room it asks whether to leave (contract J11).
// It waits for the window and reports whether it has taken the link: not when it
// is closed, nor when ctx ended first. Any goroutine but the main one may call it.
func (u *UI) OpenLink(ctx context.Context, link string) bool {
	taken := make(chan bool, 1)
	u.cfg.Dispatch(func() {
		// When ctx has ended, the window may have gone, too.
		open := ctx.Err() == nil && !u.closed
		if open {
			u.open(link)
		}
		taken <- open
	})
	select {
	case ok := <-taken:
		return ok
	case <-ctx.Done():
		return false
	}
}

func (u *UI) open(link string) {
	u.outside.raise()
	switch {
	case link == "":
	case u.state.InRoom():
		u.askToSwitch(link)
	default:
		u.link = link
		u.checkLink()
		u.state.ToLobby()
		u.refresh()
	}
}

func (u *UI) askToSwitch(text string) {
	link, err := parse(text)
	if err != nil {
		u.state.Refuse("join", call.SourceUnknown, err, u.cfg.Now())
		u.refresh()
		return
	}
	if link.SameRoom(u.state.Attempt.Link) {
		return // we are there
	}
	here := u.book.RoomName(u.state.Room.Title, u.state.Room.ID)
	there := u.book.RoomName(link.Title, link.Room)
	text = u.book.T("dialog.switch.text", "here", here)
	if u.state.Room.Hosting {
		text = words.Join(text, u.book.T("farewell.hosting"))
	}
	u.ask(u.book.T("dialog.switch.title", "there", there), text,
		u.book.T("dialog.switch.yes"), u.book.T("dialog.switch.no"), func() { u.switchTo(link) })
}

// question is the one question that is open over a room.
type question struct {
	dialog  *kit.Dialog
	about   model.Room    // the stay that it asks about
	person  call.Identity // whom it asks about; empty for nobody
	closing bool          // it asks before the window closes
	holds   func() bool   // whether it still asks about something; nil: as long as the stay and the person
}

// ask asks about the stay. A newer question takes the place of an older one.
func (u *UI) ask(title, text, yes, no string, onYes func()) {
	u.askAbout("", kit.Question{Title: title, Text: text, Yes: yes, No: no}, onYes)
}

// askAbout asks about somebody in the room, or with an empty person about the
// stay.
func (u *UI) askAbout(person call.Identity, q kit.Question, onYes func()) {
	u.closeQuestion()
	menus{u}.close() // Fyne takes what lies over a menu away together with it
	u.question = &question{about: u.state.Room, person: person}
	answered := func(f func()) func() {
		return func() {
			u.question = nil
			f()
		}
	}
	u.question.dialog = kit.AskQuestion(u.win.Canvas(), q, answered(onYes), answered(func() {}))
}

// endQuestion takes the question away when the stay that it asks about is over
// or ending, or whom it asks about has gone.
func (u *UI) endQuestion() {
	if u.question != nil && !u.question.stillAsks(u.state) {
		u.closeQuestion()
	}
}

func (u *UI) closeQuestion() {
	if u.question != nil {
		u.question.dialog.Close()
		u.question = nil
	}
}

// switchTo goes to another room. Until its door has let us in, the stay goes on.
func (u *UI) switchTo(link call.Link) {
	u.state.Setup.Try = false // no page shows the camera while we go there
	u.previews.SettleTry()
	if u.do(engine.SwitchRoom{Link: link}, call.SourceUnknown) {
		u.state.Switching.BeginSwitch(model.Attempt{Since: u.cfg.Now(), Link: link, Room: link.Room, Title: link.Title})
	}
	u.refresh()
}

// goBack goes to the room from which a failed switch has come.
func (a actions) goBack() {
	from := a.state.Attempt.Back
	switch {
	case a.state.Busy():
	case from != nil && from.Start:
		a.startRoom(from.Room, from.Title, strings.TrimSpace(a.set.Name))
	case from != nil:
		a.join(from.Link)
	case a.state.Left != nil && !a.state.Left.Back.Empty():
		a.join(a.state.Left.Back)
	}
}
