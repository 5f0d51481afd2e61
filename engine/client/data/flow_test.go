package data

import (
	"testing"
	"time"
)

func TestFlow(t *testing.T) {
	type step struct{ sent, waits uint64 } // a second after the one before
	for name, steps := range map[string][]step{
		"nothing to send":             {{0, 0}, {0, 0}},
		"it arrives":                  {{100, 100}, {100, 0}, {200, 100}, {200, 0}},
		"a little arrives":            {{100, 90}, {200, 180}, {300, 270}},
		"more is sent, none arrives":  {{100, 100}, {200, 200}},
		"what was sent before counts": {{100, 300}},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1000, 0)
			f := NewFlow(now)
			waits := uint64(0)
			for i, step := range steps {
				now, f.Sent, waits = now.Add(FlowTick), step.sent, step.waits
				if f.Stalls(waits, now) {
					t.Fatalf("stalls at step %d", i)
				}
			}
			stalls := false
			for range flowStall/FlowTick + 1 {
				now = now.Add(FlowTick)
				stalls = f.Stalls(waits, now)
			}
			if stalls != (waits > 0) {
				t.Errorf("%d bytes wait: stalls %v", waits, stalls)
			}
		})
	}
}

// A computer that has slept has sent nothing, and nothing has stood still.
func TestFlowAfterASleep(t *testing.T) {
	now := time.Unix(1000, 0)
	f := NewFlow(now)
	f.Sent = 100
	if f.Stalls(100, now.Add(FlowTick)) || f.Stalls(100, now.Add(time.Hour)) {
		t.Error("it stalls as soon as it wakes")
	}
}

func TestFlowEnds(t *testing.T) {
	f := NewFlow(time.Unix(1000, 0))
	looks := func() (n int) {
		for ended := false; !ended; n++ {
			ended = f.Ended(true)
		}
		return n
	}
	if f.Ended(false) || f.Ended(true) {
		t.Error("it ends before a removal has had time to say so")
	}
	f.Rest(time.Unix(1001, 0))
	if n := looks(); n != flowEnds {
		t.Errorf("it ends at look %d", n)
	}
}
