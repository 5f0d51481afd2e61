package call

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits of chat.
const (
	MaxChat        = 4096 // bytes of one message
	ChatHistory    = 50   // messages told on joining (contract J9)
	ChatOverlap    = 64   // messages before the last one known that a catch-up repeats
	MaxChatCatchUp = 1000 // messages of one catch-up answer; More says that there are others
)

// ChatMessage is one line of chat. ID is the id of its text stream, the same
// for everybody; Seq is the keeper's order, 0 while it is not known.
type ChatMessage struct {
	ID   string    `json:"id"`
	Seq  int64     `json:"seq,omitempty"`
	From Identity  `json:"from"`
	Name string    `json:"name,omitempty"` // at the time of writing
	Text string    `json:"text"`
	At   time.Time `json:"-"`
}

// History is stored chat, in order.
type History struct {
	Messages []ChatMessage
	More     bool // others follow: ask again with the last ID
}

// Chat of one sender: so many messages a second in the long run, and so many at
// once; the keeper drops what is beyond.
const (
	ChatPerSecond = 20
	ChatBurst     = 100
)

// CheckChat reports why a text cannot be said in chat. Line breaks and tabs are allowed,
// a text of nothing but blanks is not.
func CheckChat(text string) error {
	switch {
	case text == "":
		return &NameError{Field: FieldChat, Problem: ErrEmpty}
	case len(text) > MaxChat:
		return &NameError{Field: FieldChat, Problem: ErrTooLong, Length: len(text), Limit: MaxChat}
	case !utf8.ValidString(text):
		return fmt.Errorf("%w: chat is not UTF-8", ErrBadArgument)
	case !Visible(text):
		return &NameError{Field: FieldChat, Problem: ErrInvisible}
	}
	return nil
}

// MessageKey names a chat message: IDs are their sender's.
type MessageKey struct {
	From Identity
	ID   string
}

// Key names the message.
func (m ChatMessage) Key() MessageKey { return MessageKey{m.From, m.ID} }
