package engine_test

import (
	"testing"

	"foyer/engine"
	"foyer/engine/call"
)

// A reader that takes once per Ready must come to the end, even when the last
// event and the closing wake it together.
func TestQueue_OneTakePerReadyReachesTheEnd(t *testing.T) {
	q := engine.NewQueue()
	q.Put(engine.Stamped{Event: call.HostStopped{}})
	q.Put(engine.Stamped{Event: call.HostStopped{}})
	q.Close()
	q.Put(engine.Stamped{Event: call.HostStopped{}}) // too late
	seen := 0
	for open := true; open; {
		select {
		case <-q.Ready():
		default:
			t.Fatal("the reader would wait for ever")
		}
		var items []engine.Stamped
		items, open = q.Take()
		seen += len(items)
	}
	if seen != 2 {
		t.Errorf("%d events", seen)
	}
}
