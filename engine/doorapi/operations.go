package doorapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// APIPath is where the operations are.
const APIPath = "/foyer/v1/"

// HealthPath answers anybody who asks by GET whether the door is up.
const HealthPath = "/foyer/v1/health"

// Health is its answer.
type Health struct {
	Status string `json:"status"` // ok
	// Media says where media is received at the address by which the door was reached.
	Media reach.Ports `json:"media,omitzero"`
}

// RoomParameter is a room ID in JSON: a string, or a whole number, which means
// its decimal string (contract section 0).
type RoomParameter call.RoomID

// UnmarshalJSON reads both forms.
func (p *RoomParameter) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		*p = RoomParameter(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil || strings.ContainsAny(n.String(), ".eE") {
		return fmt.Errorf("%w: room is neither a string nor a whole number", call.ErrBadArgument)
	}
	*p = RoomParameter(n.String())
	return nil
}

// RoomRequest names a room.
type RoomRequest struct {
	Room RoomParameter `json:"room"`
}

// PeopleRequest is about 1..MaxPeople members of a room.
type PeopleRequest struct {
	Room    RoomParameter   `json:"room"`
	IDs     []call.Identity `json:"ids"`
	Text    string          `json:"text,omitempty"`    // told to the person
	Minutes int             `json:"minutes,omitempty"` // of a ban, 1..MaxBanMinutes; 0: until lifted
	Tell    bool            `json:"tell,omitempty"`    // tell the room who did it and the text (contract K9)
}

// MuteRequest is about some members, or all but some.
type MuteRequest struct {
	Room   RoomParameter   `json:"room"`
	IDs    []call.Identity `json:"ids,omitempty"`
	All    bool            `json:"all,omitempty"`
	Except []call.Identity `json:"except,omitempty"` // with All
	Tell   bool            `json:"tell,omitempty"`   // tell the room, not only the person (contract K9)
}

// RoleRequest gives members another role.
type RoleRequest struct {
	Room RoomParameter   `json:"room"`
	IDs  []call.Identity `json:"ids"`
	Role call.Role       `json:"role"`
}

// HandRequest raises the caller's hand, or lowers it.
type HandRequest struct {
	Room RoomParameter `json:"room"`
	Up   bool          `json:"up"`
}

// LowerRequest lowers the hands of some members, or all hands.
type LowerRequest struct {
	Room RoomParameter   `json:"room"`
	IDs  []call.Identity `json:"ids,omitempty"`
	All  bool            `json:"all,omitempty"`
}

// RulesRequest changes what is not nil.
type RulesRequest struct {
	Room           RoomParameter `json:"room"`
	Locked         *bool         `json:"locked,omitempty"`
	MaxMembers     *int          `json:"max_members,omitempty"`
	RefuseNewcomer *bool         `json:"refuse_newcomer,omitempty"`
	RealTime       *int          `json:"real_time,omitempty"`
	KeepHistory    *bool         `json:"keep_history,omitempty"`
	Waiting        *bool         `json:"waiting,omitempty"`
}

// WaitersRequest is about people who wait to be let in, or all of them. IDs are those
// of the rows of a [WaitingAnswer], and so at most MaxWaiters; a user ID does if only one
// person waits under it. All are those who wait when the door reads it: a program that
// shows people who waits sends the IDs that they have seen.
type WaitersRequest struct {
	Room RoomParameter   `json:"room"`
	IDs  []call.Identity `json:"ids,omitempty"`
	All  bool            `json:"all,omitempty"`
	Text string          `json:"text,omitempty"` // told to whom is turned away
}

// DismissRequest closes a room for everyone.
type DismissRequest struct {
	Room RoomParameter `json:"room"`
	Text string        `json:"text,omitempty"`
}

// ChatRequest asks for the last ChatHistory messages, or with After for what
// came after the message of that ID, and up to ChatOverlap before it.
type ChatRequest struct {
	Room  RoomParameter `json:"room"`
	After string        `json:"after,omitempty"`
}

// SayRequest says something as the host's tools.
type SayRequest struct {
	Room RoomParameter `json:"room"`
	Text string        `json:"text"`
}

// PeopleAnswer has a result for each ID, in order.
type PeopleAnswer struct {
	Results []call.PersonResult `json:"results"`
}

// MembersAnswer lists the members who are online or offline.
type MembersAnswer struct {
	Members []call.MemberRow `json:"members"`
	Rules   call.RoomRules   `json:"rules"`
}

// MaxWaiters is how many people a [WaitingAnswer] has.
const MaxWaiters = 100

// WaitingAnswer lists who waits to be let in, in the order in which they came.
type WaitingAnswer struct {
	Waiting []call.WaiterRow `json:"waiting"`
	More    int              `json:"more,omitempty"` // so many others wait
}

// RoomRow is a room that is open.
type RoomRow struct {
	Room    call.RoomID `json:"room"`
	Title   string      `json:"title"`
	Session call.SID    `json:"session"`
	People  int         `json:"people"`
	Since   int64       `json:"since"` // unix ms
}

// RoomsAnswer lists the open rooms.
type RoomsAnswer struct {
	Rooms []RoomRow `json:"rooms"`
}

// BansAnswer lists the bans that hold.
type BansAnswer struct {
	Bans []call.BanRow `json:"bans"`
}

// WithdrawAnswer tells how many invitations nobody can use any more.
type WithdrawAnswer struct {
	Withdrawn int `json:"withdrawn"`
}

// ChatRow is a message as it travels.
type ChatRow struct {
	call.ChatMessage
	Time int64 `json:"ts"` // unix ms
}

// ChatAnswer has messages in their order.
type ChatAnswer struct {
	Messages []ChatRow `json:"messages"`
	More     bool      `json:"more,omitempty"` // others follow: ask again with the last ID
}
