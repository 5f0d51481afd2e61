package refusal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/refusal"
)

// What a refusal means, to somebody who comes and to somebody who comes back.
func TestRefusals(t *testing.T) {
	until := time.Unix(2_000_000_000, 0)
	for name, test := range map[string]struct {
		err             error
		join, reconnect call.LeaveReason
		late            bool // the join took too long
	}{
		"banned":       {&call.BannedError{By: "Eve", Text: "Enough", Until: until}, call.ReasonBanned, call.ReasonBanned, false},
		"removed":      {&call.PutOutError{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}, call.ReasonRemoved, call.ReasonRemoved, false},
		"turned away":  {&call.PutOutError{Reason: call.ReasonTurnedAway, By: "Eve", Text: "Enough"}, call.ReasonTurnedAway, call.ReasonTurnedAway, false},
		"media":        {call.ErrMediaBlocked, call.ReasonMediaFailed, call.ReasonConnectionLost, false},
		"no such room": {call.ErrNoSuchRoom, call.ReasonJoinFailed, call.ReasonRoomClosed, false},
		"cut off":      {&call.CutOffError{Text: "too much"}, call.ReasonJoinFailed, call.ReasonConnectionLost, false},
		"a full room":  {call.ErrRoomFull, call.ReasonJoinFailed, call.ReasonConnectionLost, false},
		"no answer":    {context.DeadlineExceeded, call.ReasonJoinFailed, call.ReasonConnectionLost, true},
		"no media in time": {fmt.Errorf("%w: %w", call.ErrMediaBlocked, context.DeadlineExceeded),
			call.ReasonMediaFailed, call.ReasonConnectionLost, false},
	} {
		err := fmt.Errorf("join: %w", test.err)
		join, reconnect := refusal.Join(err), refusal.Reconnect(err)
		if join.Reason != test.join || reconnect.Reason != test.reconnect {
			t.Errorf("%s: %s, %s; want %s, %s", name, join.Reason, reconnect.Reason, test.join, test.reconnect)
		}
		for _, end := range []call.SessionEnded{join, reconnect} {
			if _, removal := call.RemovalFrom(err); removal != (end.By == "Eve") || removal != (end.Text == "Enough") {
				t.Errorf("%s: %+v", name, end)
			}
			if !errors.Is(end.Err, test.err) {
				t.Errorf("%s: the error is %v", name, end.Err)
			}
		}
		if timeout := errors.Is(join.Err, call.ErrJoinTimeout); timeout != test.late {
			t.Errorf("%s: the error of the join is %v", name, join.Err)
		}
		if join.Reason == call.ReasonBanned && (!join.Until.Equal(until) || join != reconnect) {
			t.Errorf("%s: %+v, %+v", name, join, reconnect)
		}
	}
}

// Whatever was the last failure, a connection that is lost is called so, once.
func TestLost(t *testing.T) {
	for _, err := range []error{nil, call.ErrServerSilent, fmt.Errorf("%w: %w", call.ErrConnectionLost, call.ErrServerSilent)} {
		end := refusal.Lost(err)
		if end.Reason != call.ReasonConnectionLost || !errors.Is(end.Err, call.ErrConnectionLost) || err != nil && !errors.Is(end.Err, call.ErrServerSilent) {
			t.Errorf("%v: %+v", err, end)
		}
		if again := refusal.Lost(end.Err); again != end {
			t.Errorf("%v: %v", err, again.Err)
		}
	}
}
