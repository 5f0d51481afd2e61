package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// many is more than any bound on what waits.
const many = 70_000

// A server that says a thousand things before Dial has returned, and then the
// end: the end counts.
func TestJ4_TheEndIsNeverDroppedBeforeDialReturns(t *testing.T) {
	for name, c := range map[string]struct {
		say    func(i int) call.SessionEvent
		n      int
		reason call.LeaveReason
	}{
		"packets":  {func(i int) call.SessionEvent { return call.DataReceived{Payload: fmt.Append(nil, i)} }, many, call.ReasonRemoved},
		"speakers": {func(int) call.SessionEvent { return call.SpeakersChanged{} }, many, call.ReasonRemoved},
		"people":   {arrival, 5000, call.ReasonRemoved},
		// Past every bound the flood itself is the end.
		"too many people": {arrival, many, call.ReasonJoinFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig, cfg *engine.Config) {
					cfg.Dialer = &eagerDialer{Dialer: r.dialer, say: func(sink func(call.SessionEvent)) {
						for i := range c.n {
							sink(c.say(i))
						}
						sink(call.SessionEnded{Reason: call.ReasonRemoved})
					}}
				})
				r.do(joinCommand())
				pass(2 * time.Second)
				left := r.wantLeft(1, c.reason)
				if c.reason == call.ReasonJoinFailed && !errors.Is(left.Err, call.ErrServerFlood) {
					t.Errorf("error %v", left.Err)
				}
				r.wantAllClosed()
				r.end()
			})
		})
	}
}

func arrival(i int) call.SessionEvent {
	return call.ParticipantJoined{Participant: person(fmt.Sprint(i), call.SID(fmt.Sprint("PA_", i)))}
}

// When nobody reads, the stay ends before its events fill the memory, and the
// end itself waits for the reader.
func TestJ4_EventsThatNobodyReadsEndTheStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &enginetest.Ledger{}
		dialer := &enginetest.Dialer{Ledger: ledger}
		e := engine.New(engine.Config{
			Devices: &enginetest.Devices{Ledger: ledger}, Media: &enginetest.Media{Ledger: ledger}, Dialer: dialer,
		})
		go func() { _ = e.Run(t.Context()) }()
		if err := e.Do(joinCommand()); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute) // the reader has gone away, and does not only lag behind
		for i := range many {
			dialer.Last().Tell(call.ParticipantUpdated{Participant: person("eve", call.SID(fmt.Sprint("PA_", i)))})
			if i%1000 == 0 {
				settle()
			}
		}
		pass(grace)
		items, _ := e.Events().Take()
		if len(items) > many {
			t.Errorf("%d events wait", len(items))
		}
		left, ok := items[len(items)-1].Event.(call.Left)
		if !ok || left.Reason != call.ReasonInternal || len(left.Released) != 3 {
			t.Errorf("the last event is %+v", items[len(items)-1].Event)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// eagerDialer says something before it returns.
type eagerDialer struct {
	*enginetest.Dialer
	say func(sink func(call.SessionEvent))
}

func (d *eagerDialer) Dial(ctx context.Context, req call.JoinRequest, sink func(call.SessionEvent)) (call.Session, error) {
	d.say(sink)
	<-time.After(time.Second)
	return d.Dialer.Dial(ctx, req, func(call.SessionEvent) {})
}
