package host_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/host"
	"foyer/engine/internal/silent"
)

// Settings are checked before anything is opened. Run serves until its context ends.
func ExampleNew() {
	conf := host.Config{
		Data: "rooms", Log: silent.Log(), RoomTTL: 10 * time.Minute,
		LiveKitURL: "ws://rooms.example", APIKey: "key", APISecret: "a secret that is long enough for it",
	}
	_, err := host.New(conf)
	fmt.Println(errors.Is(err, call.ErrServerConfig)) // tokens would travel in plain text

	conf.LiveKitURL = "wss://rooms.example"
	server, err := host.New(conf)
	fmt.Println(err)
	run := func(ctx context.Context) error {
		return server.Run(ctx, func(r host.Ready) { fmt.Println("people may join at", r.URL) })
	}
	_ = run // it needs that LiveKit
	// Output:
	// true
	// <nil>
}
