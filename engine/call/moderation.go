package call

import (
	"encoding/json"
	"fmt"
	"strings"
)

// DoorOp is an operation of the door's HTTP API: POST DoorAPIPath + op with a
// JSON body, and as bearer token the admin key, or the LiveKit token of a member
// whose role allows it. The answers are the XxxAnswer types, or a [DoorError].
type DoorOp string

// DoorAPIPath is where the operations are.
const DoorAPIPath = "/foyer/v1/"

// Operations. docs/openapi.yaml describes them for others.
const (
	OpRooms    DoorOp = "rooms"    // struct{} -> RoomsAnswer; admin key only
	OpMembers  DoorOp = "members"  // RoomRequest -> MembersAnswer
	OpRemove   DoorOp = "remove"   // PeopleRequest -> PeopleAnswer
	OpBan      DoorOp = "ban"      // PeopleRequest -> PeopleAnswer
	OpUnban    DoorOp = "unban"    // PeopleRequest -> PeopleAnswer
	OpBans     DoorOp = "bans"     // RoomRequest -> BansAnswer
	OpWithdraw DoorOp = "withdraw" // RoomRequest -> WithdrawAnswer: all invitations to a room
	OpAllow    DoorOp = "allow"    // PeopleRequest -> PeopleAnswer: exempt from the passive exit
	OpDisallow DoorOp = "disallow" // PeopleRequest -> PeopleAnswer
	OpMute     DoorOp = "mute"     // MuteRequest -> PeopleAnswer
	OpUnmute   DoorOp = "unmute"   // MuteRequest -> PeopleAnswer: they may speak again, their microphone stays as it is
	OpRole     DoorOp = "role"     // RoleRequest -> PeopleAnswer
	OpRules    DoorOp = "rules"    // RulesRequest -> RoomRules
	OpDismiss  DoorOp = "dismiss"  // DismissRequest -> struct{}
	OpChat     DoorOp = "chat"     // ChatRequest -> ChatAnswer; every member
	OpSay      DoorOp = "say"      // SayRequest -> ChatRow; admin key only
)

// RoomParameter is a room ID in JSON: a string, or a whole number, which means
// its decimal string (contract section 0).
type RoomParameter RoomID

// UnmarshalJSON reads both forms.
func (p *RoomParameter) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		*p = RoomParameter(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil || strings.ContainsAny(n.String(), ".eE") {
		return fmt.Errorf("%w: room is neither a string nor a whole number", ErrBadArgument)
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
	Room    RoomParameter `json:"room"`
	IDs     []Identity    `json:"ids"`
	Text    string        `json:"text,omitempty"`    // told to the person
	Minutes int           `json:"minutes,omitempty"` // of a ban, 1..MaxBanMinutes; 0: until lifted
	Tell    bool          `json:"tell,omitempty"`    // tell the room who did it and the text (contract K9)
}

// MuteRequest is about some members, or all but some.
type MuteRequest struct {
	Room   RoomParameter `json:"room"`
	IDs    []Identity    `json:"ids,omitempty"`
	All    bool          `json:"all,omitempty"`
	Except []Identity    `json:"except,omitempty"` // with All
	Tell   bool          `json:"tell,omitempty"`   // tell the room, not only the person (contract K9)
}

// RoleRequest gives members another role.
type RoleRequest struct {
	Room RoomParameter `json:"room"`
	IDs  []Identity    `json:"ids"`
	Role Role          `json:"role"`
}

// RulesRequest changes what is not nil.
type RulesRequest struct {
	Room           RoomParameter `json:"room"`
	Locked         *bool         `json:"locked,omitempty"`
	MaxMembers     *int          `json:"max_members,omitempty"`
	RefuseNewcomer *bool         `json:"refuse_newcomer,omitempty"`
	RealTime       *int          `json:"real_time,omitempty"`
	KeepHistory    *bool         `json:"keep_history,omitempty"`
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

// Results of an operation on one person.
const (
	ResultDone        = "done"
	ResultAlreadyGone = "already_gone"
	ResultUnknown     = "unknown"    // nobody of that ID was ever here
	ResultNotBanned   = "not_banned" // to unban
	ResultForbidden   = "forbidden"  // they outrank you
	ResultFailed      = "failed"     // the server could not; try again
	ResultNotStored   = "not_stored" // done for now, but the server could not note it: it will not last
)

// PersonResult is what became of one person.
type PersonResult struct {
	ID     Identity `json:"id"`
	Result string   `json:"result"`
}

// PeopleAnswer has a result for each ID, in order.
type PeopleAnswer struct {
	Results []PersonResult `json:"results"`
}

// MemberRow is a member of a room.
type MemberRow struct {
	ID       Identity `json:"id"`
	Name     string   `json:"name"`
	Role     Role     `json:"role"`
	Presence Presence `json:"presence"`
	Muted    bool     `json:"muted"`
	Allowed  bool     `json:"allowed"`
	Since    int64    `json:"since"` // of this presence, unix ms
	// SameInstallation lists the other members who are the same installation, for
	// those alone who may moderate.
	SameInstallation []Identity `json:"same_installation,omitempty"`
}

// MembersAnswer lists the members who are online or offline.
type MembersAnswer struct {
	Members []MemberRow `json:"members"`
	Rules   RoomRules   `json:"rules"`
}

// RoomRow is a room that is open.
type RoomRow struct {
	Room    RoomID `json:"room"`
	Title   string `json:"title"`
	Session SID    `json:"session"`
	People  int    `json:"people"`
	Since   int64  `json:"since"` // unix ms
}

// RoomsAnswer lists the open rooms.
type RoomsAnswer struct {
	Rooms []RoomRow `json:"rooms"`
}

// BanRow is a ban.
type BanRow struct {
	ID    Identity `json:"id"`
	Name  string   `json:"name"`
	By    string   `json:"by,omitempty"`
	Text  string   `json:"text,omitempty"`
	Since int64    `json:"since"`           // unix ms
	Until int64    `json:"until,omitempty"` // unix ms; 0: until lifted
}

// BansAnswer lists the bans that hold.
type BansAnswer struct {
	Bans []BanRow `json:"bans"`
}

// WithdrawAnswer tells how many invitations nobody can use any more.
type WithdrawAnswer struct {
	Withdrawn int `json:"withdrawn"`
}

// ChatRow is a message as it travels.
type ChatRow struct {
	ChatMessage
	Time int64 `json:"ts"` // unix ms
}

// ChatAnswer has messages in their order.
type ChatAnswer struct {
	Messages []ChatRow `json:"messages"`
	More     bool      `json:"more,omitempty"` // others follow: ask again with the last ID
}
