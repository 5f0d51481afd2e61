// Package desk says what the window asks of the desktop around it: an icon in the
// tray, notifications, a computer that stays awake, a key in every window, and a place
// on the screens. It holds values and decisions; a [Desktop] and a [Frame] carry them out.
//
// Everything belongs to Fyne's main goroutine.
package desk

import "foyer/ui/words"

// Desktop is the desktop around the window. Its methods return at once. What a
// desktop does not have is left out.
type Desktop interface {
	// Show shows a stay in the tray and keeps the computer awake for it. The zero
	// Stay ends both.
	Show(stay Stay)
	// Notify shows a notification in the place of the one before: at once, or soon
	// after that one.
	Notify(note Note)
	// Withdraw takes the notification away: the user is back at the window.
	Withdraw()
	// Talk asks for a key in every window; the zero TalkKey gives it back.
	Talk(key TalkKey)
}

// Stay is what the desktop shows of a stay: the tray's icon, and the lines of its
// menu. The zero value stands for none.
type Stay struct {
	Title  string // the room's name and what state we are in
	Reason string // why the computer stays awake
	MicOn  bool

	Mic, Show, Leave, Quit string // the lines of the menu
}

// NewStay describes a stay in a room of that name.
func NewStay(book *words.Book, room string, micOn bool) Stay {
	state, mic := "desk.muted", "bar.mic_on"
	if micOn {
		state, mic = "desk.live", "bar.mic_off"
	}
	return Stay{
		Title: book.T(state, "room", room), Reason: book.T("desk.awake"), MicOn: micOn,
		Mic: book.T(mic), Show: book.T("desk.open"), Leave: book.T("desk.leave"), Quit: book.T("desk.quit"),
	}
}

// Note is one notification.
type Note struct {
	Title, Text string
	Open        string // what a click on it does, in words
	Urgent      bool   // the stay is over
}

// Action is what the user asks for at the tray or at a notification.
type Action int

// Actions.
const (
	ActionUnknown Action = iota
	ActionShow           // bring the window to the front
	ActionMic            // mute or unmute
	ActionLeave          // leave the room
	ActionQuit           // close the window
)

func (a Action) String() string {
	switch a {
	case ActionShow:
		return "show"
	case ActionMic:
		return "mic"
	case ActionLeave:
		return "leave"
	case ActionQuit:
		return "quit"
	case ActionUnknown:
	}
	return "unknown"
}
