package call

// Operation is an operation of the door's HTTP API: POST doorapi.APIPath + op with
// a JSON body, and as bearer token the admin key, or the LiveKit token of a member
// whose role allows it. Package doorapi has the requests and answers.
type Operation string

// Operations. docs/openapi.yaml describes them for others.
const (
	OpRooms    Operation = "rooms"     // struct{} -> RoomsAnswer; admin key only
	OpMembers  Operation = "members"   // RoomRequest -> MembersAnswer
	OpRemove   Operation = "remove"    // PeopleRequest -> PeopleAnswer
	OpBan      Operation = "ban"       // PeopleRequest -> PeopleAnswer
	OpUnban    Operation = "unban"     // PeopleRequest -> PeopleAnswer
	OpBans     Operation = "bans"      // RoomRequest -> BansAnswer
	OpWithdraw Operation = "withdraw"  // RoomRequest -> WithdrawAnswer: all invitations to a room
	OpAllow    Operation = "allow"     // PeopleRequest -> PeopleAnswer: exempt from the passive exit
	OpDisallow Operation = "disallow"  // PeopleRequest -> PeopleAnswer
	OpMute     Operation = "mute"      // MuteRequest -> PeopleAnswer
	OpUnmute   Operation = "unmute"    // MuteRequest -> PeopleAnswer: they may speak, their microphone stays as it is
	OpRole     Operation = "role"      // RoleRequest -> PeopleAnswer
	OpHand     Operation = "hand"      // HandRequest -> struct{}: the caller's own; every member
	OpLower    Operation = "lower"     // LowerRequest -> PeopleAnswer: others' hands
	OpRules    Operation = "rules"     // RulesRequest -> RoomRules
	OpDismiss  Operation = "dismiss"   // DismissRequest -> struct{}
	OpWaiting  Operation = "waiting"   // RoomRequest -> WaitingAnswer
	OpAdmit    Operation = "admit"     // WaitersRequest -> PeopleAnswer: lets in who waits
	OpTurnAway Operation = "turn_away" // WaitersRequest -> PeopleAnswer
	OpChat     Operation = "chat"      // ChatRequest -> ChatAnswer; every member
	OpSay      Operation = "say"       // SayRequest -> ChatRow; admin key only
)

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

// MemberRow is a member of a room.
type MemberRow struct {
	ID       Identity `json:"id"`
	Name     string   `json:"name"`
	Role     Role     `json:"role"`
	Presence Presence `json:"presence"`
	Muted    bool     `json:"muted"`
	Allowed  bool     `json:"allowed"`
	Since    int64    `json:"since"` // of this presence, unix ms
	// SameInstallation lists the other members who are the same installation, only
	// for those who may moderate.
	SameInstallation []Identity `json:"same_installation,omitempty"`
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

// WaiterRow is somebody who waits to be let in.
type WaiterRow struct {
	ID       string   `json:"id"`       // of the waiting; made from the key and the name
	Identity Identity `json:"identity"` // the user ID that they will have
	Name     string   `json:"name"`
	Since    int64    `json:"since"` // unix ms
}

// RoomRules is what the host has decided about a room.
type RoomRules struct {
	Locked         bool `json:"locked"`          // nobody new comes in
	MaxMembers     int  `json:"max_members"`     // 0: as many as the server allows
	RefuseNewcomer bool `json:"refuse_newcomer"` // a second device of one user is refused, instead of removing the first
	RealTime       int  `json:"real_time"`       // seconds until an offline member goes; 0: only S4's message rule
	KeepHistory    bool `json:"keep_history"`    // chat outlives a dismissal
	Waiting        bool `json:"waiting"`         // newcomers wait until a host or co-host lets them in
	MutedAll       bool `json:"muted_all"`       // everybody but moderators and exceptions
}
