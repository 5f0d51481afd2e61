package ending

import (
	"fmt"
	"testing"
	"time"

	"foyer/engine/call"
)

func leaves(id call.Identity, reason call.LeaveReason) call.ParticipantLeft {
	return call.ParticipantLeft{Participant: call.Participant{Identity: id}, Reason: reason}
}

// The reason of a departure over when the notice about it comes, and what it says.
func TestDepartures(t *testing.T) {
	banned := call.Removal{Reason: call.ReasonBanned, By: "Eve", Text: "Enough"}
	for name, test := range map[string]struct {
		notice time.Duration // before the news; negative: after it
		reason call.LeaveReason
		want   call.LeaveReason
	}{
		"before":            {time.Second, call.ReasonRemoved, call.ReasonBanned},
		"after":             {-time.Second / 10, call.ReasonRemoved, call.ReasonBanned},
		"long before":       {removalCounts + 1, call.ReasonRemoved, call.ReasonRemoved},
		"a second device":   {time.Second, call.ReasonDuplicate, call.ReasonDuplicate},
		"while offline":     {time.Second, call.ReasonConnectionLost, call.ReasonBanned},
		"no notice, but by": {-time.Hour, call.ReasonRemoved, call.ReasonRemoved},
		"by themselves":     {-time.Hour, call.ReasonLeft, call.ReasonLeft},
	} {
		var d Departures
		if test.notice > 0 && d.Tell("bob", banned, moment.Add(-test.notice)) != nil {
			t.Errorf("%s: somebody has left before", name)
		}
		got, wait := d.Left(leaves("bob", test.reason), moment)
		if mayBeLate := test.notice <= 0 && test.reason == call.ReasonRemoved; wait != mayBeLate {
			t.Errorf("%s: waits: %v", name, wait)
		}
		if wait {
			var due []call.ParticipantLeft
			if test.notice > -NoticeLag {
				d.Tell("carl", banned, moment)
				due = d.Tell("bob", banned, moment.Add(-test.notice))
			} else {
				due = d.Due(moment.Add(NoticeLag))
			}
			if len(due) != 1 || len(d.Due(moment)) != 0 {
				t.Fatalf("%s: due: %v", name, due)
			}
			got = due[0]
		}
		if got.Reason != test.want || (got.By != "") != (test.want == call.ReasonBanned) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Departures that wait come before what must follow them, and a notice explains
// one departure.
func TestDeparturesInOrder(t *testing.T) {
	joined := func(id call.Identity) call.SessionEvent {
		return call.ParticipantJoined{Participant: call.Participant{Identity: id}}
	}
	for name, test := range map[string]struct {
		before call.SessionEvent
		want   int
	}{
		"the same person": {joined("bob"), 1}, "another": {joined("dora"), 0},
		"a new roster": {call.RosterReplaced{}, 2}, "the end": {call.SessionEnded{}, 2}, "anything else": {call.SessionReconnecting{}, 0},
	} {
		var d Departures
		d.Left(leaves("bob", call.ReasonRemoved), moment)
		d.Left(leaves("carl", call.ReasonRemoved), moment)
		if got := d.Before(test.before, moment); len(got) != test.want || len(got)+len(d.Due(moment)) != 2 {
			t.Errorf("%s: %v", name, got)
		}
	}
	var d Departures
	d.Tell("bob", call.Removal{Reason: call.ReasonBanned}, moment)
	d.Before(joined("bob"), moment)
	if got, _ := d.Left(leaves("bob", call.ReasonLeft), moment); got.Reason != call.ReasonLeft {
		t.Errorf("left again: %+v", got)
	}
}

func TestDeparturesAreBounded(t *testing.T) {
	var d Departures
	for i := range 3 * maxRemovals {
		d.Tell(call.Identity(fmt.Sprint(i)), call.Removal{}, moment)
	}
	if len(d.removals) > maxRemovals {
		t.Errorf("%d notices are kept", len(d.removals))
	}
}
