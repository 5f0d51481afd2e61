package doorapi

import (
	"strings"
	"time"

	"foyer/engine/call"
)

// Topics of the data packets that Foyer sends beside LiveKit's. The server's
// own packets come without a sender's identity, which the SFU alone can leave
// out (participant.go, handleReceivedDataMessage): nobody else can forge one.
const (
	TopicChat   = "lk.chat"      // LiveKit's text streams, so that web clients take part
	TopicNotice = "foyer.notice" // a [Notice] as JSON, only from the server
	TopicBatch  = "foyer.chat"   // a [ChatBatch] as JSON, only from the room's keeper
	// TopicReaction is of a call.Reaction, as its text.
	TopicReaction = "foyer.reaction"
	// MethodNotice is the RPC by which the server tells one person a [Notice]
	// and learns that it has arrived, before it acts on it.
	MethodNotice = "foyer.notice"
)

// MaxNotice is the size of a notice in bytes.
const MaxNotice = 8 << 10

// NoticeKind is what a [Notice] is about.
type NoticeKind string

// Kinds of notices.
const (
	// NoticePutOut: ID is removed for Reason. To that person by RPC, with By and
	// Text; to the others with the reason, and By and Text if the host chose to
	// tell the room (contract K9).
	NoticePutOut NoticeKind = "put_out"
	// NoticeDismissed: the room is closed for everyone, by By, who says Text.
	NoticeDismissed NoticeKind = "dismissed"
	// NoticeLost: the connection of ID is lost, as the door sees it.
	NoticeLost NoticeKind = "lost"
	// NoticeBack: ID is back after NoticeLost.
	NoticeBack NoticeKind = "back"
	// NoticeMuted and NoticeUnmuted: ID may not speak and write, or may again.
	NoticeMuted   NoticeKind = "muted"
	NoticeUnmuted NoticeKind = "unmuted"
	// NoticeRoom: Room has changed.
	NoticeRoom NoticeKind = "room"
	// NoticeRole: ID has a new Role.
	NoticeRole NoticeKind = "role"
	// NoticeChatOff and NoticeChatOn: chat is not stored, or is again.
	NoticeChatOff NoticeKind = "chat_not_stored"
	NoticeChatOn  NoticeKind = "chat_stored"
	// NoticeWaiting: Count people wait to be let in, By was the last to come if that
	// is news. To hosts and co-hosts.
	NoticeWaiting NoticeKind = "waiting"
)

// Notice is what the door tells clients.
type Notice struct {
	Kind   NoticeKind      `json:"kind"`
	ID     call.Identity   `json:"id,omitempty"`
	Reason string          `json:"reason,omitempty"` // a LeaveReason's word
	By     string          `json:"by,omitempty"`     // display name
	Text   string          `json:"text,omitempty"`
	Until  int64           `json:"until,omitempty"` // end of a ban, unix ms; 0: until lifted
	Role   call.Role       `json:"role,omitempty"`
	Room   *call.RoomRules `json:"room,omitempty"`
	Count  int             `json:"count,omitempty"`
}

// Removal is what a notice of NoticePutOut or NoticeDismissed tells. clock is how
// far the door's clock is ahead of ours.
func (n Notice) Removal(clock time.Duration) call.Removal {
	r := call.Removal{Reason: call.RemovalReason(n.Reason), By: call.Label(n.By), Text: call.CleanRemovalText(n.Text)}
	if n.Kind == NoticeDismissed {
		r.Reason = call.ReasonDismissed
	}
	if n.Until > 0 && r.Reason == call.ReasonBanned {
		r.Until = time.UnixMilli(n.Until).Add(-clock)
	}
	return r
}

// MaxBatch is the size of a [ChatBatch] in bytes: a message and its JSON fit.
const MaxBatch = 14_000

// ChatBatch is what the keeper has heard since the last one: the order of
// messages is the same for everybody, and senders learn that theirs have come.
type ChatBatch struct {
	// Number counts the batches of one keeper, from 1: after a gap the client has missed
	// something.
	Number   int64         `json:"n"`
	Messages []ChatRow     `json:"m,omitempty"`
	Refused  []ChatRefusal `json:"r,omitempty"`
	Known    []ChatReceipt `json:"k,omitempty"` // were said before: their senders ask again
}

// ChatReceipt tells the sender of a message that it has its place already.
type ChatReceipt struct {
	ID   string        `json:"id"`
	From call.Identity `json:"from,omitempty"` // whose message: IDs are their sender's
}

// ChatRefusal tells the sender of a message why nobody is told of it.
type ChatRefusal struct {
	ID   string        `json:"id"`
	From call.Identity `json:"from,omitempty"` // whose message: IDs are their sender's
	Code Code          `json:"error"`
}

// AttributeMember is the attribute of the door's tokens that proves that the door made
// them, for a key and a generation.
const AttributeMember = "foyer.member"

// AttributeGeneration is the attribute of the door's tokens that holds their
// generation, in decimal. It is public, as all attributes are.
const AttributeGeneration = "foyer.generation"

// AttributeRole and AttributeHand are attributes that the door gives participants,
// for everybody to see: the role, and while a hand is raised its place in the
// room's order (call.Participant.Hand), in decimal. The door lets nobody change
// attributes of these names (IsOurs).
const (
	AttributeRole = "foyer.role"
	AttributeHand = "foyer.hand"
)

// AttributeOutside marks, with the value "1", a participant who has come over the internet
// and not from the server's own network: the link is proven to lead there.
const AttributeOutside = "foyer.outside"

// IsOurs reports whether an attribute is the door's: nobody else may set it.
func IsOurs(attribute string) bool { return strings.HasPrefix(attribute, "foyer.") }

// AttributeBatches is the attribute of the door's tokens that marks clients
// that read a [ChatBatch], with the value "1": nobody else needs to send them
// chat while the keeper does.
const AttributeBatches = "foyer.batches"
