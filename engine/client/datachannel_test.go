package client

import (
	"testing"
	"time"

	"foyer/engine/call"
)

func TestDataFlow(t *testing.T) {
	type step struct {
		after time.Duration // since the last one
		sent  uint64        // in all
		waits uint64
		want  bool
	}
	const s = time.Second
	for name, steps := range map[string][]step{
		"nothing to send":             {{s, 0, 0, false}, {s, 0, 0, false}},
		"it arrives":                  {{s, 100, 100, false}, {s, 100, 0, false}, {s, 200, 100, false}, {s, 200, 0, false}},
		"a little arrives":            {{s, 100, 90, false}, {s, 200, 180, false}, {s, 300, 270, false}},
		"more is sent, none arrives":  {{s, 100, 100, false}, {s, 200, 200, false}},
		"what was sent before counts": {{s, 100, 300, false}},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1000, 0)
			f := dataFlow{at: now, looked: now}
			for i, step := range steps {
				now, f.sent = now.Add(step.after), step.sent
				if f.stalls(step.waits, now) != step.want {
					t.Fatalf("step %d: %v", i, !step.want)
				}
			}
			last, stalled := steps[len(steps)-1].waits, false
			for range dataStalls/dataTick + 1 {
				now = now.Add(dataTick)
				stalled = f.stalls(last, now)
			}
			if stalled != (last > 0) {
				t.Errorf("stalls %v, %d bytes wait", stalled, last)
			}
		})
	}
}

// A computer that has slept has sent nothing, and nothing has stood still.
func TestDataFlowAfterASleep(t *testing.T) {
	now := time.Unix(1000, 0)
	f := dataFlow{at: now, looked: now, sent: 100}
	if f.stalls(100, now.Add(dataTick)) || f.stalls(100, now.Add(time.Hour)) {
		t.Error("it stalls as soon as it wakes")
	}
}

// TestDataChannelsEnd: the data channels, and the connection beneath them, are closed
// while the server can be reached. We join anew, and are heard.
func TestDataChannelsEnd(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		hears(t, b, "ada")
		n, m := a.events(), b.events()
		if err := a.ask(t.Context(), func() error { return a.transport.Pub.PC.SCTP().Stop() }); err != nil {
			t.Fatal(err)
		}
		wait[call.SessionReconnecting](a, n, "reconnecting", nil)
		wait[call.SessionReconnected](a, n, "reconnected", nil)
		eventually(t, "ada is heard", func() bool {
			if err := a.SendData(t.Context(), "after", []byte("it")); err != nil {
				t.Fatal(err)
			}
			for _, l := range b.seen()[m:] {
				if e, ok := l.ev.(call.DataReceived); ok && e.Topic == "after" {
					return true
				}
			}
			return false
		})
	})
}
