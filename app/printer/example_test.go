package printer_test

import (
	"context"
	"os"
	"time"

	"foyer/app/printer"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// Each event is a line of JSON. Finish waits until the reader has them all.
func ExamplePrinter() {
	p := printer.New(os.Stdout)
	at := time.UnixMilli(1_796_126_400_000)
	p.Event(eventqueue.Stamped{Event: call.StateChanged{State: call.StateJoining}, At: at})
	p.Event(eventqueue.Stamped{Event: call.StateChanged{State: call.StateJoined}, At: at})
	p.Finish(context.Background())
	// Output:
	// {"event":"state","state":"joining","ts":1796126400000}
	// {"event":"state","state":"joined","ts":1796126400000}
}
