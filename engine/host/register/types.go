package register

import (
	"crypto/ed25519"
	"crypto/sha256"
	"time"

	"foyer/engine/call"
)

// Room is a room that somebody has been in or invited to.
type Room struct {
	ID      call.RoomID
	Title   string
	Created time.Time
}

// Invitation lets whoever knows the secret into a room.
type Invitation struct {
	SecretHash [sha256.Size]byte
	Room       call.RoomID
	Existing   bool      // only while the room is open
	Expires    time.Time // zero: never
	Role       call.Role // that it gives; empty: participant
}

// Member is the use of an identity in a room.
type Member struct {
	Room      call.RoomID
	Identity  call.Identity
	Key       ed25519.PublicKey // nil: seen only with tokens that the door did not make
	Name      string
	FirstSeen time.Time
	LastSeen  time.Time // when the door last made a token

	Generation int64 // from 1; of the tokens that are good
	Role       call.Role
	Muted      bool // by name
	Exempt     bool // may speak although everybody is muted
	Allowed    bool // exempt from the passive exit

	Presence      call.Presence
	PresenceSince time.Time
	SID           call.SID // of the last stay that was seen

	Verdict Verdict // why the last generation ended; zero: never removed
}

// MutedUnder reports whether somebody may neither speak nor write.
func (m Member) MutedUnder(rules Rules) bool {
	return m.Muted || rules.MutedAll && !m.Exempt && !m.Role.Moderates()
}

// Verdict is why somebody was removed.
type Verdict struct {
	Reason call.LeaveReason
	By     string // display name; empty: the host's tools
	Text   string // what the host says about it
	At     time.Time
}

// Ban keeps an identity out of a room, and a key whatever its identity.
type Ban struct {
	Room     call.RoomID
	Identity call.Identity
	Key      ed25519.PublicKey // nil: that of the member, if there is one
	Name     string            // empty: that of the member
	By       string            // display name; empty: the host's tools
	ByRole   call.Role         // of the person who bans; empty: host
	Text     string
	Since    time.Time
	Until    time.Time // zero: until lifted
}

// ChatLine is a message of a room's history.
type ChatLine struct {
	Room    call.RoomID
	Session call.SID
	call.ChatMessage
}

// Rules is what the host has decided about a room.
type Rules = call.RoomRules
