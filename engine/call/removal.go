package call

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Removal says why somebody has to leave a room, and who decided it: what a
// [BannedError], a [PutOutError] and a door's notice have in common. By and Text are
// fit to be shown.
type Removal struct {
	Reason LeaveReason
	By     string // display name; empty: the host's tools
	Text   string
	Until  time.Time // end of a ban; zero: until it is lifted
}

// RemovalFrom returns the removal that err tells of. ok is false if it tells of
// none, or of a reason that only the user's own program can know.
func RemovalFrom(err error) (r Removal, ok bool) {
	if banned, is := errors.AsType[*BannedError](err); is {
		return Removal{
			Reason: ReasonBanned, By: Label(banned.By), Text: CleanRemovalText(banned.Text), Until: banned.Until,
		}, true
	}
	removed, is := errors.AsType[*PutOutError](err)
	if !is || removed.Reason.Own() {
		return Removal{}, false
	}
	return Removal{
		Reason: RemovalReason(removed.Reason.String()), By: Label(removed.By), Text: CleanRemovalText(removed.Text),
	}, true
}

// RemovalReason reads a reason that a door gives. One that a door cannot have is
// a removal all the same.
func RemovalReason(word string) LeaveReason {
	reason, err := ParseReason(word)
	known := []LeaveReason{ReasonBanned, ReasonDismissed, ReasonOfflineRemoved, ReasonDuplicate, ReasonTurnedAway}
	if err != nil || !slices.Contains(known, reason) {
		return ReasonRemoved
	}
	return reason
}

// CleanRemovalText makes what somebody said about a removal or ban fit to be
// shown. It is empty if there is nothing to be seen.
func CleanRemovalText(s string) string {
	s = Clip(strings.TrimSpace(CleanText(s)), MaxText)
	if !Visible(s) {
		return ""
	}
	return s
}
