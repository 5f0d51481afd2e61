package call

// Topics of the data packets that Foyer sends beside LiveKit's. The server's
// own packets come without a sender's identity, which the SFU alone can leave
// out (participant.go, handleReceivedDataMessage): nobody else can forge one.
const (
	TopicChat   = "lk.chat"      // LiveKit's text streams, so that web clients take part
	TopicNotice = "foyer.notice" // a [Notice] as JSON, from the server alone
	TopicBatch  = "foyer.chat"   // a [ChatBatch] as JSON, from the room's keeper alone
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
	// NoticePutOut: ID is put out for Reason. To that person by RPC, with By and
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
)

// Notice is what the door tells clients.
type Notice struct {
	Kind   NoticeKind `json:"kind"`
	ID     Identity   `json:"id,omitempty"`
	Reason string     `json:"reason,omitempty"` // a LeaveReason's word
	By     string     `json:"by,omitempty"`     // display name
	Text   string     `json:"text,omitempty"`
	Until  int64      `json:"until,omitempty"` // end of a ban, unix ms; 0: until lifted
	Role   Role       `json:"role,omitempty"`
	Room   *RoomRules `json:"room,omitempty"`
}

// RoomRules is what the host has decided about a room.
type RoomRules struct {
	Locked         bool `json:"locked"`          // nobody new comes in
	MaxMembers     int  `json:"max_members"`     // 0: as many as the server allows
	RefuseNewcomer bool `json:"refuse_newcomer"` // a second device of one user is refused, instead of the first put out
	RealTime       int  `json:"real_time"`       // seconds until an offline member goes; 0: S4's message rule alone
	KeepHistory    bool `json:"keep_history"`    // chat outlives a dismissal
	MutedAll       bool `json:"muted_all"`       // everybody but moderators and exceptions
}
