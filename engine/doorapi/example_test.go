package doorapi_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// A refusal travels as JSON and becomes the same error at the other end.
func ExampleErrorFrom() {
	refusal, ok := doorapi.ErrorFrom(call.ErrRoomFull)
	body, err := json.Marshal(refusal)
	fmt.Println(ok, refusal.Status(), string(body), err)

	var received doorapi.Error
	err = json.Unmarshal(body, &received)
	fmt.Println(errors.Is(received.Err(), call.ErrRoomFull), err)
	// Output:
	// true 409 {"error":"room_full","message":"room is full"} <nil>
	// true <nil>
}
