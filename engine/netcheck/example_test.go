package netcheck_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"foyer/engine/call"
	"foyer/engine/netcheck"
)

// A test says for each address of a link how far it came.
func ExampleRun() {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = free.Close() // nobody listens there any more

	report := netcheck.Run(context.Background(), call.Link{Hosts: []string{free.Addr().String()}, Room: "hall"})
	a := report.Addresses[0]
	fmt.Println(report.Best, a.Failed, errors.Is(a.Err, call.ErrUnreachable))
	// Output:
	// -1 connect true
}
