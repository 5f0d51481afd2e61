package engine_test

import (
	"context"
	"fmt"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
	"foyer/engine/eventqueue"
)

// A stay from Join to its one Left. The program passes a real client, media and
// devices; here the server is a test's.
func ExampleEngine() {
	ledger := &enginetest.Ledger{}
	e := engine.New(engine.Config{
		Devices: &enginetest.Devices{Ledger: ledger},
		Media:   &enginetest.Media{Ledger: ledger},
		Dialer:  &enginetest.Dialer{Ledger: ledger},
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Run(context.Background()) // fails only if it runs twice
	}()
	link := call.Link{URL: "wss://rooms.example", Token: "a.b.c", Identity: "ada"}
	if err := e.Do(engine.Join{Link: link, Name: "Ada", Identity: "ada"}); err != nil {
		fmt.Println(err)
	}
	for open := true; open; {
		<-e.Events().Ready()
		var items []eventqueue.Stamped
		if items, open = e.Events().Take(); len(items) == 0 {
			continue
		}
		for _, item := range items {
			switch ev := item.Event.(type) {
			case call.StateChanged:
				fmt.Println("state", ev.State)
				if ev.State == call.StateJoined {
					_ = e.Do(engine.Leave{}) // we are in a room
				}
			case call.Left:
				fmt.Println("left because", ev.Reason)
				_ = e.Close(context.Background()) // it has a bound of its own
			}
		}
	}
	<-ended
	// Output:
	// state joining
	// state joined
	// state leaving
	// state idle
	// left because left
}
