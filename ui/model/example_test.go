package model_test

import (
	"fmt"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/model"
)

// Events alone change what a window shows.
func ExampleState_Apply() {
	s := model.New()
	for _, e := range []call.Event{
		call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "hall", Self: call.Participant{Identity: "ada", Name: "Ada"}},
		call.ParticipantJoined{Participant: call.Participant{Identity: "bob", Name: "Bob"}},
	} {
		s.Apply(eventqueue.Stamped{Event: e})
	}
	fmt.Println(s.InRoom(), len(s.People))
	s.Apply(eventqueue.Stamped{Event: call.Left{Reason: call.ReasonRemoved}})
	fmt.Println(s.InRoom())
	// Output:
	// true 2
	// false
}

// Addresses in a message are found as people write them.
func ExampleLinks() {
	text := "see https://example.org/a, or ask mailto:ada@example.org (javascript:alert)"
	for _, l := range model.Links(text) {
		fmt.Println(text[l.Start:l.End])
	}
	// Output:
	// https://example.org/a
	// mailto:ada@example.org
}
