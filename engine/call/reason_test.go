package call

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
)

func TestReasonNamesBothWays(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reasons() {
		name := r.String()
		if seen[name] || r == ReasonUnknown {
			t.Errorf("%d has the name %q", int(r), name)
		}
		seen[name] = true
		back, err := ParseReason(name)
		if err != nil || back != r {
			t.Errorf("%s: read as %s, %v", name, back, err)
		}
		if raw, err := json.Marshal(r); err != nil || string(raw) != `"`+name+`"` {
			t.Errorf("%s in JSON: %s, %v", name, raw, err)
		}
		if _, other := r.Other(); other {
			t.Errorf("%s counts as other", name)
		}
	}
	if len(seen) != int(ReasonTurnedAway) {
		t.Errorf("%d names, the last reason is %d", len(seen), ReasonTurnedAway)
	}
	for _, n := range []int{0, 8, 16, 999, math.MaxInt32} {
		r := ReasonOther(n)
		if back, err := ParseReason(r.String()); err != nil || back != r {
			t.Errorf("%s: read as %s, %v", r, back, err)
		}
		if got, ok := r.Other(); !ok || got != n {
			t.Errorf("%s: %d, %v", r, got, ok)
		}
	}
	for text, r := range map[string]LeaveReason{"unknown": ReasonUnknown, "other(8)": ReasonOther(8), "reason(-1)": -1, "reason(16)": 16} {
		if r.String() != text {
			t.Errorf("%d is %q, want %q", int(r), r, text)
		}
	}
}

func TestParseReasonOfTheSources(t *testing.T) {
	for _, s := range []string{"room-disband", "room_disband", "dismissed"} {
		if r, err := ParseReason(s); err != nil || r != ReasonDismissed {
			t.Errorf("%q: %s, %v", s, r, err)
		}
	}
	for _, s := range []string{"", "unknown", "Left", "left ", "other", "other(", "other()", "other(1", "other(-1)", "other(x)", "other(1))", "other(9223372036854775807)", "reason(3)"} {
		if r, err := ParseReason(s); !errors.Is(err, ErrBadArgument) || r != ReasonUnknown {
			t.Errorf("%q: %s, %v", s, r, err)
		}
	}
}

func TestReasonCodes(t *testing.T) {
	codes := map[LeaveReason]int{
		ReasonLeft: 0, ReasonSwitched: 0, ReasonAppQuit: 0, ReasonRemoved: 1, ReasonBanned: 1, ReasonDismissed: 2,
	}
	for _, r := range append(Reasons(), ReasonUnknown, ReasonOther(0), ReasonOther(8)) {
		want, has := codes[r]
		if code, ok := r.Code(); ok != has || code != want {
			t.Errorf("%s: %d, %v", r, code, ok)
		}
	}
}

// LiveKit's numbers (livekit_models.proto, DisconnectReason), all of them.
func TestK5_ReasonFromDisconnect(t *testing.T) {
	want := [...]LeaveReason{
		0:  ReasonOther(0), // UNKNOWN_REASON
		1:  ReasonLeft,     // CLIENT_INITIATED
		2:  ReasonDuplicate,
		3:  ReasonServerStopped,
		4:  ReasonRemoved,
		5:  ReasonDismissed,      // ROOM_DELETED
		6:  ReasonConnectionLost, // STATE_MISMATCH
		7:  ReasonJoinFailed,
		8:  ReasonOther(8), // MIGRATION
		9:  ReasonConnectionLost,
		10: ReasonRoomClosed,
		11: ReasonOther(11), // USER_UNAVAILABLE
		12: ReasonOther(12), // USER_REJECTED
		13: ReasonOther(13), // SIP_TRUNK_FAILURE
		14: ReasonConnectionLost,
		15: ReasonMediaFailed,
		16: ReasonOther(16), // AGENT_ERROR
	}
	for n, w := range want {
		if got := ReasonFromDisconnect(int32(n)); got != w {
			t.Errorf("%d: %s, want %s", n, got, w)
		}
	}
	// What a newer or a broken server says must not pass for a reason of ours.
	for n, w := range map[int32]LeaveReason{17: ReasonOther(17), math.MaxInt32: ReasonOther(math.MaxInt32), -1: ReasonOther(0), -999: ReasonOther(0), math.MinInt32: ReasonOther(0)} {
		if got := ReasonFromDisconnect(n); got != w {
			t.Errorf("%d: %s, want %s", n, got, w)
		}
	}
}
