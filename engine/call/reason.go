package call

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// LeaveReason says why a stay ended, or why another participant is gone
// (contract section 6). The zero value is ReasonUnknown and never reported.
type LeaveReason int

// Reasons for leaving.
const (
	ReasonUnknown        LeaveReason = iota
	ReasonLeft                       // the user left
	ReasonSwitched                   // the user went on to another room
	ReasonRemoved                    // the host removed the user, who may come back
	ReasonBanned                     // the host keeps the user out until a time
	ReasonDismissed                  // the room was closed for everyone
	ReasonDuplicate                  // the same user joined from another device
	ReasonOfflineRemoved             // passive exit of an offline member (S4)
	ReasonServerStopped              // the server stops
	ReasonRoomClosed                 // the room ended by itself
	ReasonConnectionLost             // retries are used up
	ReasonJoinFailed                 // the stay never began
	ReasonMediaFailed                // the media connection could not be made
	ReasonAppQuit                    // the program ends
	ReasonInternal                   // a bug of ours, or a crash
	ReasonTurnedAway                 // a host let the user, who waited, not come in
	reasonOther          LeaveReason = 1000
)

var reasonNames = [...]string{
	"unknown", "left", "switched", "removed", "banned", "dismissed", "duplicate", "offline_removed",
	"server_stopped", "room_closed", "connection_lost", "join_failed", "media_failed", "app_quit", "internal",
	"turned_away",
}

// Reasons lists every reason that has a name, in order.
func Reasons() []LeaveReason {
	all := make([]LeaveReason, 0, len(reasonNames)-1)
	for i := 1; i < len(reasonNames); i++ {
		all = append(all, LeaveReason(i))
	}
	return all
}

// ReasonOther is a disconnect reason of LiveKit's that has no name here. What
// cannot be one of its numbers (int32, not negative) counts as 0, its unknown
// reason, and never as a reason that has a name.
func ReasonOther(n int) LeaveReason {
	if n < 0 || n > math.MaxInt32 {
		n = 0
	}
	return reasonOther + LeaveReason(n)
}

// Other returns n for a reason made by [ReasonOther].
func (r LeaveReason) Other() (n int, ok bool) {
	if r >= reasonOther {
		return int(r - reasonOther), true
	}
	return 0, false
}

func (r LeaveReason) String() string {
	if n, ok := r.Other(); ok {
		return fmt.Sprintf("other(%d)", n)
	}
	if r < 0 || int(r) >= len(reasonNames) {
		return fmt.Sprintf("reason(%d)", int(r))
	}
	return reasonNames[r]
}

// MarshalText makes a reason its word in JSON.
func (r LeaveReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseReason reads the words that String writes, and both spellings of
// room-disband that the sources use.
func ParseReason(s string) (LeaveReason, error) {
	switch s {
	case "room-disband", "room_disband":
		return ReasonDismissed, nil
	}
	for i, n := range reasonNames {
		if n == s && i > 0 {
			return LeaveReason(i), nil
		}
	}
	if inner, ok := strings.CutPrefix(s, "other("); ok {
		if n, err := strconv.ParseUint(strings.TrimSuffix(inner, ")"), 10, 31); err == nil && strings.HasSuffix(inner, ")") {
			return ReasonOther(int(n)), nil
		}
	}
	return ReasonUnknown, fmt.Errorf("%w: leave reason %q", ErrBadArgument, s)
}

// Own reports whether only this program can know a reason: what the user did
// with it, and what broke in it. A server that gives one does not tell the truth.
func (r LeaveReason) Own() bool {
	switch r {
	case ReasonLeft, ReasonSwitched, ReasonAppQuit, ReasonInternal:
		return true
	default:
		return false
	}
}

// Code is the number that TRTC's onExitRoom gives (S1, S2): 0 for an own exit,
// 1 for removal, 2 for dismissal. Other reasons have none, except a failed
// join, whose negative numbers are the vendor's and are not invented here.
func (r LeaveReason) Code() (code int, ok bool) {
	switch r {
	case ReasonLeft, ReasonSwitched, ReasonAppQuit:
		return 0, true
	case ReasonRemoved, ReasonBanned:
		return 1, true
	case ReasonDismissed:
		return 2, true
	default:
		return 0, false
	}
}

// LiveKit's DisconnectReason numbers (livekit_models.proto, DisconnectReason).
const (
	dcUnknown, dcClientInitiated, dcDuplicate, dcServerShutdown, dcRemoved, dcRoomDeleted  = 0, 1, 2, 3, 4, 5
	dcStateMismatch, dcJoinFailure, dcSignalClose, dcRoomClosed, dcTimeout, dcMediaFailure = 6, 7, 9, 10, 14, 15
)

// ReasonFromDisconnect translates LiveKit's DisconnectReason. Values without a
// name of ours become [ReasonOther], so that none is folded into another.
func ReasonFromDisconnect(n int32) LeaveReason {
	switch n {
	case dcClientInitiated:
		return ReasonLeft
	case dcDuplicate:
		return ReasonDuplicate
	case dcServerShutdown:
		return ReasonServerStopped
	case dcRemoved:
		return ReasonRemoved
	case dcRoomDeleted:
		return ReasonDismissed
	case dcStateMismatch, dcSignalClose, dcTimeout:
		return ReasonConnectionLost
	case dcJoinFailure:
		return ReasonJoinFailed
	case dcRoomClosed:
		return ReasonRoomClosed
	case dcMediaFailure:
		return ReasonMediaFailed
	default:
		return ReasonOther(int(n))
	}
}
