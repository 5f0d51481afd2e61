package ending

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// moment is when the last input comes.
var moment = time.Unix(1_000_000, 0)

// situation is what the session knew before the last input.
type situation struct {
	told, others, cut, door, asking string
}

// What the door has told, and what the tests expect of it by name.
var tellings = map[string]*call.Removal{
	"-":          nil,
	"bare":       {Reason: call.ReasonRemoved},
	"removed":    {Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"},
	"banned":     {Reason: call.ReasonBanned, By: "Eve", Text: "Enough", Until: moment.Add(time.Hour)},
	"dismissed":  {Reason: call.ReasonDismissed, By: "Eve"},
	"bare, then": {Reason: call.ReasonBanned, By: "Eve", Text: "Enough", Until: moment.Add(time.Hour)},
}

func (s situation) machine() *Machine {
	m := &Machine{HasDoor: s.door == "yes"}
	if s.asking == "yes" {
		m.asking = &call.SessionEnded{Reason: call.ReasonRemoved}
	}
	if s.told == "bare, then" {
		m.Tell(*tellings["bare"])
	}
	if r := tellings[s.told]; r != nil {
		m.Tell(*r)
	}
	switch s.others {
	case "dismissed":
		m.OthersLeft(call.ReasonDismissed, moment.Add(-time.Second))
	case "stopped":
		m.OthersLeft(call.ReasonServerStopped, moment.Add(-time.Second))
	case "dismissed before":
		m.OthersLeft(call.ReasonDismissed, moment.Add(-othersCount))
	case "removed":
		m.OthersLeft(call.ReasonRemoved, moment)
	}
	switch s.cut {
	case "lately":
		m.cutOffAgain(moment.Add(-time.Minute))
	case "before":
		m.cutOffAgain(moment.Add(-cutOffAgain))
	}
	return m
}

// inputs are all that may come last.
var inputs = allInputs()

func allInputs() map[string]func(*Machine) Decision {
	all := map[string]func(*Machine) Decision{
		"closed":         func(m *Machine) Decision { return m.ConnectionClosed(errors.New("EOF"), false, moment) },
		"closed, broken": func(m *Machine) Decision { return m.ConnectionClosed(call.ErrServerGarbage, true, moment) },
		"cut off": func(m *Machine) Decision {
			return m.ConnectionClosed(&call.CutOffError{Text: "too much"}, true, moment)
		},
		"lost":         func(m *Machine) Decision { return m.ConnectionLost(call.ErrConnectionLost, false) },
		"lost, full":   func(m *Machine) Decision { return m.ConnectionLost(call.ErrConnectionLost, true) },
		"media failed": func(m *Machine) Decision { return m.Failed(call.ReasonMediaFailed, call.ErrMediaBlocked) },
		"bug":          func(m *Machine) Decision { return m.Failed(call.ReasonInternal, errors.New("bug")) },
		"give up":      func(m *Machine) Decision { return m.GiveUp(call.ErrServerSilent) },
		"overdue":      (*Machine).Overdue,
	}
	for number, name := range livekit.DisconnectReason_name {
		all["leave "+name] = func(m *Machine) Decision {
			return m.ServerLeave(&livekit.LeaveRequest{Reason: livekit.DisconnectReason(number), Action: livekit.LeaveRequest_DISCONNECT})
		}
	}
	for name, l := range map[string]*livekit.LeaveRequest{
		"resume":        {Action: livekit.LeaveRequest_RESUME},
		"reconnect":     {Action: livekit.LeaveRequest_RECONNECT},
		"can reconnect": {CanReconnect: true},
	} {
		all["leave, "+name] = func(m *Machine) Decision { return m.ServerLeave(l) }
		all["refused: leave, "+name] = func(m *Machine) Decision {
			return m.ReconnectRefused(Refusal{Err: errors.New("leave"), Leave: l}, moment)
		}
	}
	all["refused: leave PARTICIPANT_REMOVED"] = func(m *Machine) Decision {
		l := &livekit.LeaveRequest{Reason: livekit.DisconnectReason_PARTICIPANT_REMOVED}
		return m.ReconnectRefused(Refusal{Err: errors.New("leave"), Leave: l, Full: true}, moment)
	}
	for name, err := range map[string]error{
		"banned": &call.BannedError{By: "Mia", Text: "No"}, "removed": &call.PutOutError{Reason: call.ReasonRemoved, By: "Mia"},
		"no such room": call.ErrNoSuchRoom, "token": call.ErrTokenRefused, "cut off": &call.CutOffError{},
		"stopping": call.ErrServerStopping, "busy": call.ErrTooManyTries, "silent": call.ErrServerSilent,
	} {
		for _, full := range []bool{false, true} {
			key := "refused: " + name
			if full {
				key += ", full"
			}
			all[key] = func(m *Machine) Decision {
				return m.ReconnectRefused(Refusal{Err: fmt.Errorf("join: %w", err), Full: full}, moment)
			}
		}
	}
	all["refused: nobody listens"] = func(m *Machine) Decision {
		return m.ReconnectRefused(Refusal{Err: call.ErrUnreachable, NobodyListens: true}, moment)
	}
	for name, err := range map[string]error{
		"nothing": nil, "silence": call.ErrServerSilent, "banned": &call.BannedError{By: "Mia", Text: "No"},
		"dismissed": &call.PutOutError{Reason: call.ReasonDismissed, By: "Mia"},
	} {
		all["door: "+name] = func(m *Machine) Decision { return m.DoorAnswered(err) }
	}
	return all
}

// rules are the whole decision table. The first that fits counts; "*" fits
// everything, and "x*" what begins with x. An outcome is an action, or a reason
// with who and why; "told" is what the door has told.
var rules = []struct {
	input, told, others, cut, door, asking string
	want                                   string
}{
	// While the door is asked why, only its answer and what ends everything count.
	{"door: *", "*", "*", "*", "*", "no", "ignore"},
	{"door: banned", "*", "*", "*", "*", "yes", "banned by Mia: No"},
	{"door: dismissed", "*", "*", "*", "*", "yes", "dismissed by Mia"},
	{"door: *", "-", "*", "*", "*", "yes", "removed"},
	{"door: *", "*", "*", "*", "*", "yes", "told"},
	{"bug", "*", "*", "*", "*", "*", "internal, bug"},
	{"overdue", "-", "*", "*", "*", "*", "ignore"},
	{"overdue", "*", "*", "*", "*", "*", "told"},
	{"media failed", "-", "*", "*", "*", "yes", "removed"},
	{"give up", "-", "*", "*", "*", "yes", "removed"},
	{"media failed", "*", "*", "*", "*", "yes", "told"},
	{"give up", "*", "*", "*", "*", "yes", "told"},
	{"*", "*", "*", "*", "*", "yes", "ignore"},

	// A LeaveRequest that lets us come back.
	{"refused: leave, *", "*", "*", "*", "*", "*", "full reconnect"},
	{"leave, resume", "-", "*", "*", "*", "*", "resume"},
	{"leave, *", "-", "*", "*", "*", "*", "full reconnect"},
	{"leave, *", "*", "*", "*", "*", "*", "told"},

	// One that ends the session: by hand the door may know more.
	{"leave DUPLICATE_IDENTITY", "*", "*", "*", "*", "*", "duplicate"},
	{"leave PARTICIPANT_REMOVED", "-", "*", "*", "yes", "*", "ask the door"},
	{"leave ROOM_DELETED", "-", "*", "*", "yes", "*", "ask the door"},
	{"refused: leave PARTICIPANT_REMOVED", "-", "*", "*", "yes", "*", "ask the door"},
	{"refused: leave PARTICIPANT_REMOVED", "-", "*", "*", "no", "*", "removed"},
	{"leave PARTICIPANT_REMOVED", "-", "*", "*", "*", "*", "removed"},
	{"leave ROOM_DELETED", "-", "*", "*", "*", "*", "dismissed"},
	{"leave UNKNOWN_REASON", "-", "*", "*", "*", "*", "other(0)"},
	{"leave CLIENT_INITIATED", "-", "*", "*", "*", "*", "other(0)"},
	{"leave SERVER_SHUTDOWN", "-", "*", "*", "*", "*", "server_stopped"},
	{"leave ROOM_CLOSED", "-", "*", "*", "*", "*", "room_closed"},
	{"leave JOIN_FAILURE", "-", "*", "*", "*", "*", "join_failed, refused"},
	{"leave MEDIA_FAILURE", "-", "*", "*", "*", "*", "media_failed, media blocked"},
	{"leave STATE_MISMATCH", "-", "*", "*", "*", "*", "connection_lost, connection lost"},
	{"leave SIGNAL_CLOSE", "-", "*", "*", "*", "*", "connection_lost, connection lost"},
	{"leave CONNECTION_TIMEOUT", "-", "*", "*", "*", "*", "connection_lost, connection lost"},
	{"leave MIGRATION", "-", "*", "*", "*", "*", "other(8)"},
	{"leave USER_UNAVAILABLE", "-", "*", "*", "*", "*", "other(11)"},
	{"leave USER_REJECTED", "-", "*", "*", "*", "*", "other(12)"},
	{"leave SIP_TRUNK_FAILURE", "-", "*", "*", "*", "*", "other(13)"},
	{"leave AGENT_ERROR", "-", "*", "*", "*", "*", "other(16)"},
	{"leave *", "*", "*", "*", "*", "*", "told"},
	{"refused: leave *", "*", "*", "*", "*", "*", "told"},

	// The end of the socket: others may have told us why.
	{"closed*", "-", "dismissed", "*", "yes", "*", "ask the door"},
	{"closed*", "-", "dismissed", "*", "no", "*", "dismissed"},
	{"cut off", "-", "dismissed", "*", "yes", "*", "ask the door"},
	{"cut off", "-", "dismissed", "*", "no", "*", "dismissed"},
	{"closed*", "*", "dismissed", "*", "*", "*", "told"},
	{"cut off", "-", "*", "lately", "*", "*", "connection_lost, cut off"},
	{"cut off", "-", "*", "*", "*", "*", "full reconnect"},
	{"closed", "-", "*", "*", "*", "*", "resume"},
	{"closed, broken", "-", "*", "*", "*", "*", "full reconnect"},
	{"lost", "-", "*", "*", "*", "*", "resume"},
	{"lost, full", "-", "*", "*", "*", "*", "full reconnect"},
	{"closed*", "*", "*", "*", "*", "*", "told"},
	{"cut off", "*", "*", "*", "*", "*", "told"},
	{"lost*", "*", "*", "*", "*", "*", "told"},

	// Refusals of a reconnect. The door's own word is final at once; anything else
	// that is final is tried as a full reconnect, which asks the door.
	{"refused: banned*", "*", "*", "*", "*", "*", "banned by Mia: No"},
	{"refused: removed*", "*", "*", "*", "*", "*", "removed by Mia"},
	{"refused: no such room", "*", "*", "*", "*", "*", "full reconnect"},
	{"refused: token", "*", "*", "*", "*", "*", "full reconnect"},
	{"refused: cut off", "*", "*", "*", "*", "*", "full reconnect"},
	{"refused: busy*", "*", "*", "*", "*", "*", "retry"},
	{"refused: silent*", "*", "*", "*", "*", "*", "retry"},
	{"refused: stopping*", "-", "*", "*", "*", "*", "server_stopped"},
	{"refused: nobody listens", "-", "stopped", "*", "*", "*", "server_stopped"},
	{"refused: nobody listens", "*", "stopped", "*", "*", "*", "told"},
	{"refused: nobody listens", "*", "*", "*", "*", "*", "retry"},
	{"refused: no such room, full", "-", "*", "*", "*", "*", "room_closed, no such room"},
	{"refused: token, full", "-", "*", "*", "*", "*", "connection_lost, token"},
	{"refused: cut off, full", "-", "*", "*", "*", "*", "connection_lost, cut off"},
	{"refused: *", "*", "*", "*", "*", "*", "told"},

	// What fails here.
	{"media failed", "-", "*", "*", "*", "*", "media_failed, media blocked"},
	{"give up", "-", "*", "*", "*", "*", "connection_lost, connection lost"},
	{"media failed", "*", "*", "*", "*", "*", "told"},
	{"give up", "*", "*", "*", "*", "*", "told"},
}

func fits(pattern, value string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(value, prefix)
	}
	return pattern == value
}

// causes are the errors that an ending may carry, by their name in rules.
var causes = map[string]error{
	"refused": call.ErrRefused, "media blocked": call.ErrMediaBlocked, "connection lost": call.ErrConnectionLost,
	"cut off": call.ErrCutOff, "no such room": call.ErrNoSuchRoom, "token": call.ErrTokenRefused,
}

// describe is a decision as the rules write it.
func describe(e call.SessionEnded) string {
	out := e.Reason.String()
	if e.By != "" {
		out += " by " + e.By
	}
	if e.Text != "" {
		out += ": " + e.Text
	}
	return out
}

// check compares a decision with a rule's outcome.
func check(d Decision, want string, told *call.Removal) error {
	if d.Action != End {
		if d.Action.String() != want {
			return fmt.Errorf("%v, want %s", d.Action, want)
		}
		if (d.Action == Resume || d.Action == FullReconnect) && d.Cause == nil {
			return fmt.Errorf("%v without a cause", d.Action)
		}
		return nil
	}
	if want == "told" {
		if e := d.Ending; e.Reason != told.Reason || e.By != told.By || e.Text != told.Text || !e.Until.Equal(told.Until) {
			return fmt.Errorf("%+v, want what was told: %+v", e, told)
		}
		return nil
	}
	want, cause, _ := strings.Cut(want, ", ")
	if got := describe(d.Ending); got != want {
		return fmt.Errorf("%s, want %s", got, want)
	}
	if err, known := causes[cause]; known && !errors.Is(d.Ending.Err, err) {
		return fmt.Errorf("the error is %v, want %v", d.Ending.Err, err)
	}
	return nil
}

// TestEveryCombination is the decision table: whatever comes last, whatever was
// known before, the ending is the one that rules say, and there is one.
func TestEveryCombination(t *testing.T) {
	used := make([]bool, len(rules))
	combinations := 0
	everySituation(func(s situation) {
		for name, input := range inputs {
			combinations++
			m := s.machine()
			d := input(m)
			rule := -1
			for i, r := range rules {
				if fits(r.input, name) && fits(r.told, s.told) && fits(r.others, s.others) && fits(r.cut, s.cut) &&
					fits(r.door, s.door) && fits(r.asking, s.asking) {
					rule = i
					break
				}
			}
			if rule < 0 {
				t.Fatalf("no rule for %q in %+v: %v %+v", name, s, d.Action, d.Ending)
			}
			used[rule] = true
			if err := check(d, rules[rule].want, tellings[s.told]); err != nil {
				t.Errorf("%q in %+v: %v", name, s, err)
			}
			if d.Action == End {
				onlyOnce(t, m)
			}
		}
	})
	for i, r := range rules {
		if !used[i] {
			t.Errorf("rule %d is never used: %v", i, r)
		}
	}
	t.Logf("%d combinations", combinations)
}

func everySituation(f func(situation)) {
	for told := range tellings {
		for _, others := range []string{"-", "dismissed", "dismissed before", "stopped", "removed"} {
			for _, cut := range []string{"-", "lately", "before"} {
				for _, door := range []string{"yes", "no"} {
					for _, asking := range []string{"yes", "no"} {
						f(situation{told, others, cut, door, asking})
					}
				}
			}
		}
	}
}

// onlyOnce reports inputs that end a session that has ended.
func onlyOnce(t *testing.T, m *Machine) {
	t.Helper()
	ended := *m
	for name, input := range inputs {
		again := ended
		if d := input(&again); d.Action != Ignore {
			t.Errorf("%q after the end: %v", name, d.Action)
		}
	}
}

// A participant who has left is not removed any more.
func TestLeft(t *testing.T) {
	everySituation(func(s situation) {
		m := s.machine()
		m.Left()
		onlyOnce(t, m)
	})
}

// What the person alone was told says more than what the room hears.
func TestTell(t *testing.T) {
	var m Machine
	if m.Told() || !m.Tell(*tellings["bare"]) || m.Tell(*tellings["banned"]) || m.Tell(*tellings["dismissed"]) || !m.Told() {
		t.Error("the first notice alone is the first")
	}
	if got := m.Overdue().Ending; got.Reason != call.ReasonBanned {
		t.Errorf("ended: %+v", got)
	}
}

// A clock that is off does not end a reconnect for good: it may be set meanwhile.
func TestFinal(t *testing.T) {
	for err, want := range map[error]bool{
		call.ErrClock: false, &call.ClockError{Server: time.Unix(1, 0)}: false, call.ErrJoinUsed: false, call.ErrServerStopping: false,
		call.ErrTooManyTries: false, call.ErrTooManyGuests: false, call.ErrUnreachable: false, call.ErrServerSilent: false,
		call.ErrBadArgument: true, call.ErrIdentityTaken: true, call.ErrInviteExpired: true, &call.BannedError{}: true,
		call.ErrRefused: true, fmt.Errorf("%w: %w", call.ErrServerStopping, call.ErrRefused): false,
	} {
		if got := Final(fmt.Errorf("join: %w", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
