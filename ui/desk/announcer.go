package desk

import (
	"strings"

	"foyer/engine/call"
	"foyer/ui/words"
)

// Announcer gathers what happens while the window is not in front, and makes one
// notification of it. It begins anew when the user is back.
type Announcer struct {
	messages int
	from     string // who wrote last
	text     string // and what
	comers   int
	waiting  int    // to be let in
	waiter   string // who came last of them
	comer    string // who came last
	ended    string // the stay is over, and why
	detail   string
	room     string
}

// Enter names the room that the user is in.
func (a *Announcer) Enter(room string) { *a = Announcer{room: room} }

// Seen forgets what was gathered. It reports whether there was anything.
func (a *Announcer) Seen() bool {
	was := *a
	*a = Announcer{room: was.room}
	return *a != was
}

// Said records a message.
func (a *Announcer) Said(from, text string) {
	a.messages++
	a.from, a.text = short(from, maxTitle), short(call.CleanText(text), maxText)
}

// Joined records somebody who came.
func (a *Announcer) Joined(name string) {
	a.comers++
	a.comer = short(name, maxTitle)
}

// Waits records that somebody wants to be let in, and how many wait.
func (a *Announcer) Waits(name string, count int) {
	a.waiting, a.waiter = count, short(name, maxTitle)
}

// Ended records that the stay is over, not by the user's own will.
func (a *Announcer) Ended(what, detail string) {
	a.ended, a.detail = what, short(call.CleanText(detail), maxText)
}

// Limits of what a notification says, in characters: what comes from others may
// be long.
const (
	maxTitle = 60
	maxText  = 200
)

// Note makes the notification. private leaves out names and texts.
func (a *Announcer) Note(book *words.Book, private bool) Note {
	n := Note{Title: a.room, Open: book.T("desk.open"), Urgent: a.ended != ""}
	var lines []string
	switch {
	case a.ended != "" && private:
		lines = []string{book.T("desk.ended")}
	case a.ended != "":
		n.Title, lines = a.ended, []string{a.detail}
	case a.messages == 1 && !private:
		n.Title, lines = a.from, []string{a.text}
	case a.messages > 0:
		if !private {
			n.Title = book.Messages(a.messages)
			lines = []string{book.T("desk.said", "name", a.from, "text", a.text)}
		} else {
			lines = []string{book.Messages(a.messages)}
		}
	}
	if a.waiting > 0 && a.ended == "" {
		line := book.N("desk.waiting", a.waiting)
		if !private {
			line = book.WantsIn(a.waiter, a.waiting-1)
		}
		lines = append(lines, line)
	}
	if a.comers > 0 && a.ended == "" {
		lines = append(lines, a.came(book, private))
	}
	if private || n.Title == "" {
		n.Title = book.T("app.name")
	}
	n.Title, n.Text = short(n.Title, maxTitle), strings.TrimSpace(strings.Join(lines, "\n"))
	return n
}

func (a *Announcer) came(book *words.Book, private bool) string {
	if a.comers == 1 && !private {
		return book.T("room.joined", "name", a.comer)
	}
	return book.N("desk.joined", a.comers)
}

// short cuts a text after so many characters.
func short(text string, most int) string {
	text = strings.TrimSpace(text)
	n := 0
	for i := range text {
		if n == most {
			return strings.TrimSpace(text[:i]) + "…"
		}
		n++
	}
	return text
}
