package reach_test

import (
	"fmt"

	"foyer/engine/call/reach"
)

// The addresses of a link tell who can probably join by it.
func ExampleOf() {
	kind, _ := reach.Of([]string{"192.168.1.10:7843"})
	fmt.Println(kind)
	kind, public := reach.Of([]string{"192.168.1.10:7843", "meet.example.org:7843"})
	fmt.Println(kind, public)
	// Output:
	// network
	// internet meet.example.org:7843
}

// A host's own name for the server may have a port, or none.
func ExampleParsePublic() {
	h, err := reach.ParsePublic("Meet.example.org")
	fmt.Println(h.At(7843), err)
	_, err = reach.ParsePublic("127.0.0.1")
	fmt.Println(err != nil)
	// Output:
	// meet.example.org:7843 <nil>
	// true
}
