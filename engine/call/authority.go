package call

import (
	"fmt"
	"time"
)

// Role is what somebody may do in a room. The door takes it from the invitation, and
// later from what moderators decide.
type Role string

// Roles, highest first.
const (
	RoleHost        Role = "host"        // everything, and nobody moderates them
	RoleCoHost      Role = "cohost"      // moderates participants and listeners
	RoleParticipant Role = "participant" // speaks and shows
	RoleListener    Role = "listener"    // hears, sees and writes
)

func (r Role) rank() int {
	switch r {
	case RoleHost:
		return 3
	case RoleCoHost:
		return 2
	case RoleParticipant:
		return 1
	default:
		return 0
	}
}

// ParseRole reads the words of the constants.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleHost, RoleCoHost, RoleParticipant, RoleListener:
		return r, nil
	}
	return "", fmt.Errorf("%w: role %.64q", ErrBadArgument, s)
}

// Moderates reports whether the role may moderate at all.
func (r Role) Moderates() bool { return r.rank() >= RoleCoHost.rank() }

// Outranks reports whether r may moderate somebody of the other role.
func (r Role) Outranks(other Role) bool { return r.Moderates() && r.rank() > other.rank() }

// Publishes reports whether the role may show camera, microphone and screen.
func (r Role) Publishes() bool { return r.rank() >= RoleParticipant.rank() }

// MutedByHost reports whether the host lets us neither speak nor write. A server
// without a door has no such rule.
func (s Standing) MutedByHost() bool { return s.Muted && s.Role != "" }

// Listens reports whether our role is to listen.
func (s Standing) Listens() bool { return s.Role != "" && !s.Role.Publishes() }

// Limits of moderation (contract K6, K8, O2).
const (
	MaxPeople      = 10    // in one call
	MaxBanMinutes  = 43200 // 30 days
	MaxText        = 1024  // bytes of what the host says about it
	MinRealTime    = 20 * time.Second
	MaxRealTime    = 5 * time.Minute
	MaxRoomMembers = 10000 // the most that a room's size can be set to
)

// CheckText reports why s cannot be the text of a removal or ban. It may be
// empty.
func CheckText(s string) error {
	if s == "" {
		return nil
	}
	return checkText(FieldText, s, MaxText)
}

// PutOutError says that the door has removed somebody, and keeps the tokens
// that they had from working, or that a host has turned them away. Reason is
// ReasonRemoved, ReasonOfflineRemoved, ReasonDismissed or ReasonTurnedAway; a ban is a [BannedError].
type PutOutError struct {
	Reason LeaveReason
	By     string // display name; empty: the host's tools
	Text   string
}

func (e *PutOutError) Error() string { return "removed: " + e.Reason.String() }

// Presence is where a member is.
type Presence string

// Presences of a member.
const (
	PresenceOnline  Presence = "online"
	PresenceOffline Presence = "offline" // gone without leaving; may come back (S4)
	PresenceGone    Presence = "gone"    // left, or removed
)
