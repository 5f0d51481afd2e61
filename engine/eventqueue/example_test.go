package eventqueue_test

import (
	"fmt"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// Events keep their order; of measurements that nobody has read only the newest
// is left.
func ExampleQueue() {
	q := eventqueue.New()
	q.Put(eventqueue.Stamped{Event: call.StateChanged{State: call.StateJoining}})
	q.Put(eventqueue.Stamped{Event: call.StatsReported{}})
	q.Put(eventqueue.Stamped{Event: call.StatsReported{}})
	q.Put(eventqueue.Stamped{Event: call.StateChanged{State: call.StateJoined}})
	q.Close()
	for open := true; open; {
		<-q.Ready()
		var items []eventqueue.Stamped
		items, open = q.Take()
		for _, item := range items {
			fmt.Printf("%T\n", item.Event)
		}
	}
	// Output:
	// call.StateChanged
	// call.StatsReported
	// call.StateChanged
}
