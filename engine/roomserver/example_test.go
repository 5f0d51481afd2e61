package roomserver_test

import (
	"errors"
	"fmt"
	"os"

	"foyer/engine/call"
	"foyer/engine/roomserver"
)

// A server prints how it is reached, as foyer serve does.
func ExampleWriteReady() {
	err := roomserver.WriteReady(os.Stdout, roomserver.Ready{
		URL: "https://127.0.0.1:7843", AdminKeyFile: "admin-key.json", LiveKitKeyFile: "livekit-key.json",
		Hosts: []string{"192.168.1.10:7843"}, Reach: "network", Who: "Everyone on your network can join.",
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"event":"ready","url":"https://127.0.0.1:7843","admin_key_file":"admin-key.json","livekit_key_file":"livekit-key.json","hosts":["192.168.1.10:7843"],"reach":"network","who":"Everyone on your network can join."}
}

// A server that does not start tells the window why; the window has the same error.
func ExampleFailureFromCode() {
	problem := fmt.Errorf("listen on :7843: %w", call.ErrPortInUse)
	if err := roomserver.WriteFailure(os.Stdout, problem); err != nil {
		fmt.Println(err)
	}
	fmt.Println(errors.Is(roomserver.FailureFromCode(roomserver.FailureCode(problem)), call.ErrPortInUse))
	// Output:
	// {"event":"failed","error":"port_in_use"}
	// true
}
