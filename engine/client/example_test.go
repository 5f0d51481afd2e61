package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"foyer/engine/call"
	"foyer/engine/client"
)

// A Dialer joins a room, or returns one of the errors of package call.
func ExampleDialer() {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = free.Close() // nobody listens there any more

	ctx := context.Background()
	d := client.New(client.Config{Version: "1.0"})
	req := call.JoinRequest{Link: call.Link{URL: "ws://" + free.Addr().String(), Token: "a.b.c", Identity: "ada"}, Name: "Ada"}

	admission, err := d.Admit(ctx, req) // a LiveKit token is an admission by itself
	fmt.Println(admission.Token, err)
	_, err = d.Dial(ctx, req, func(call.SessionEvent) {})
	fmt.Println(errors.Is(err, call.ErrUnreachable))
	fmt.Println(d.Wait(ctx)) // for what ended sessions have left behind
	// Output:
	// a.b.c <nil>
	// true
	// <nil>
}
