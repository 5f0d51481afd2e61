package model

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// LineKind is what a line of the chat is.
type LineKind int

// Kinds of lines.
const (
	LineMessage LineKind = iota
	LineJoined           // somebody came
	LineGone             // somebody is gone, and why
)

// Line is one line of the chat: something that was said, or somebody who came or
// went.
type Line struct {
	Key     string // the same for the same line
	Kind    LineKind
	At      time.Time
	Message call.ChatMessage // of LineMessage
	Own     bool
	Sending bool             // ours, and not confirmed yet
	Name    string           // of LineJoined and LineGone
	Reason  call.LeaveReason // of LineGone
	By      string           // who removed them, if the host told the room
	Text    string           // and why
}

// Limits of what is kept of a stay's chat: the oldest lines go first.
const (
	maxLines     = 10_000
	maxLineBytes = 16 << 20
)

// CommandChat is the word of SendChat, by which its failure is known.
const CommandChat = "chat"

// Chat is what was said in the room, and what the user is about to say. Draft
// outlives the stay; a rejoin of the same room finds it again.
type Chat struct {
	Lines   []Line
	Sending []Line // of ours, in the order in which they were said
	Unread  int    // messages of others that nobody has had before their eyes
	Draft   string
	Err     error // why Draft, or what came back to it, was not sent
	// Version changes with Lines and Sending.
	Version int

	scrolled bool // the end of the list is not in view
	bytes    int
	number   int // of system lines and of messages of ours, for their keys
	returned int // bytes of Draft that came back unsent
	room     call.RoomID
}

// All lists the lines in their order, those that are being sent last.
func (c *Chat) All() []Line {
	if len(c.Sending) == 0 {
		return c.Lines
	}
	return append(c.Lines[:len(c.Lines):len(c.Lines)], c.Sending...)
}

// sameSpeech is how long a line may come after another one of the same sender and
// still belong to it.
const sameSpeech = 5 * time.Minute

// Continues reports whether a line belongs to the message before it: the same
// sender, soon after.
func (l Line) Continues(before Line) bool {
	return l.Kind == LineMessage && before.Kind == LineMessage && l.Message.From == before.Message.From &&
		l.Message.Name == before.Message.Name && l.At.Sub(before.At) < sameSpeech
}

// enterChat begins the chat of a stay.
func (s *State) enterChat(room call.RoomID) {
	old := s.Chat
	s.Chat = Chat{Version: old.Version + 1, number: old.number, room: room}
	if old.room == room {
		s.Chat.Draft, s.Chat.returned = old.Draft, old.returned
	}
}

// leaveChat forgets what was said. What is not known to be sent comes back to the
// draft.
func (s *State) leaveChat() {
	c := &s.Chat
	for _, l := range c.Sending {
		c.giveBack(l.Text)
	}
	s.Chat = Chat{Version: c.Version + 1, number: c.number, room: c.room, Draft: c.Draft, returned: c.returned}
}

func (s *State) chatReceived(v call.ChatReceived) {
	if !s.InRoom() {
		return
	}
	m, c := v.Message, &s.Chat
	me := s.Self()
	line := Line{Key: "m " + string(m.From) + " " + m.ID, At: m.At, Message: m, Own: me != nil && m.From == me.ID}
	if line.Message.Name == "" {
		line.Message.Name = s.nameOf(m.From)
	}
	if line.Own {
		c.confirm(m.Text)
	}
	c.insert(line)
	before := v.History && m.At.Before(s.Room.JoinedAt)
	if !line.Own && !before && !s.reads() {
		c.Unread++
	}
}

// nameOf names somebody who may have gone.
func (s *State) nameOf(id call.Identity) string {
	if p := s.person(id); p != nil {
		return p.DisplayName()
	}
	if name, known := s.named[id]; known {
		return name
	}
	return call.ShownID(id)
}

// reads reports whether what comes is before the user's eyes.
func (s *State) reads() bool { return s.Panel == PanelChat && !s.Chat.scrolled && !s.Away }

// confirm takes the oldest message of ours with that text, as it was given to be
// sent or as it arrives, from those that are being sent.
func (c *Chat) confirm(text string) {
	if i := slices.IndexFunc(c.Sending, func(l Line) bool { return l.Text == text || l.Message.Text == text }); i >= 0 {
		c.Sending = slices.Delete(slices.Clone(c.Sending), i, i+1)
		c.Version++
	}
}

// insert puts a line where it belongs: messages in the server's order, and
// everything else by time.
func (c *Chat) insert(line Line) {
	at := len(c.Lines)
	for at > 0 && c.Lines[at-1].after(line) {
		at--
	}
	c.put(at, line)
}

// joinNews is how much later than somebody's first words we may hear that they came.
const joinNews = 5 * time.Second

// joined says that somebody came, before what they have said already.
func (c *Chat) joined(p *Person, at time.Time) {
	place := len(c.Lines)
	for ; place > 0; place-- {
		l := c.Lines[place-1]
		if l.Kind != LineMessage || l.Message.From != p.ID || at.Sub(l.At).Abs() > joinNews {
			break
		}
	}
	c.put(place, Line{Key: c.key(), Kind: LineJoined, At: at, Name: p.DisplayName()})
}

// put puts a line at that place.
func (c *Chat) put(at int, line Line) {
	c.Lines = slices.Insert(c.Lines, at, line)
	c.bytes += line.size()
	drop := 0
	for len(c.Lines)-drop > maxLines || c.bytes > maxLineBytes && drop < len(c.Lines)-1 {
		c.bytes -= c.Lines[drop].size()
		drop++
	}
	c.Lines = slices.Delete(c.Lines, 0, drop)
	c.Version++
}

func (l Line) size() int {
	return 200 + len(l.Message.Text) + len(l.Message.Name) + len(l.Name) + len(l.Text)
}

// after reports whether l comes after a line that has just become known.
func (l Line) after(line Line) bool {
	if line.Kind != LineMessage {
		return false
	}
	if l.Kind == LineMessage && l.Message.Seq > 0 && line.Message.Seq > 0 {
		return l.Message.Seq > line.Message.Seq
	}
	return l.At.After(line.At)
}

// note adds a line about somebody who came or went.
func (c *Chat) note(line Line) {
	line.Key = c.key()
	c.insert(line)
}

func (c *Chat) key() string {
	c.number++
	return "s " + strconv.Itoa(c.number)
}

// SetDraft takes over what is typed, and says at once if it is too long to be
// sent.
func (s *State) SetDraft(text string) {
	c := &s.Chat
	c.Draft, c.returned = text, 0
	c.Err = nil
	if len(text) > call.MaxChat {
		c.Err = call.CheckChat(text)
	}
}

// Message is the draft as it would be sent: without blank lines around it. Empty:
// there is nothing to send.
func (c *Chat) Message() string { return strings.TrimRight(strings.Trim(c.Draft, "\r\n"), " \t\r\n") }

// Say records an accepted SendChat.
func (s *State) Say(text string, at time.Time) {
	c, me := &s.Chat, s.Self()
	if me == nil {
		return
	}
	c.Draft, c.returned, c.Err = "", 0, nil
	c.Sending = append(slices.Clone(c.Sending), Line{
		Key: c.key(), At: at, Own: true, Sending: true, Text: text,
		Message: call.ChatMessage{From: me.ID, Name: me.DisplayName(), Text: call.CleanText(text), At: at},
	})
	c.Version++
}

// RefuseChat records why the draft cannot be sent. It stays as it is.
func (s *State) RefuseChat(err error) { s.Chat.Err = err }

// chatFailed puts a message that was not sent back into the box.
func (s *State) chatFailed(v call.CommandFailed) {
	if !s.InRoom() {
		return
	}
	s.Chat.confirm(v.Text)
	s.Chat.giveBack(v.Text)
	s.Chat.Err = v.Err
}

// giveBack puts text before what has been typed since, behind what came back
// earlier.
func (c *Chat) giveBack(text string) {
	if text == "" {
		return
	}
	at := min(c.returned, len(c.Draft))
	if at < len(c.Draft) {
		text += "\n"
	} else if at > 0 && !strings.HasSuffix(c.Draft, "\n") {
		text = "\n" + text
	}
	c.Draft = c.Draft[:at] + text + c.Draft[at:]
	c.returned = at + len(text)
}

// AtEnd reports whether the end of the list was in view when it was last shown.
func (c *Chat) AtEnd() bool { return !c.scrolled }

// Read records whether the end of the chat is in view.
func (s *State) Read(end bool) {
	s.Chat.scrolled = !end
	if s.reads() {
		s.Chat.Unread = 0
	}
}
