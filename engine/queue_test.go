package engine_test

import (
	"fmt"
	"reflect"
	"testing"

	"foyer/engine"
	"foyer/engine/call"
)

// A reader that takes once per Ready must come to the end, even when the last
// event and the closing wake it together.
func TestQueue_OneTakePerReadyReachesTheEnd(t *testing.T) {
	q := engine.NewQueue()
	q.Put(engine.Stamped{Event: call.HostStopped{}})
	q.Put(engine.Stamped{Event: call.HostStopped{}})
	q.Close()
	q.Put(engine.Stamped{Event: call.HostStopped{}}) // too late
	seen := 0
	for open := true; open; {
		select {
		case <-q.Ready():
		default:
			t.Fatal("the reader would wait for ever")
		}
		var items []engine.Stamped
		items, open = q.Take()
		seen += len(items)
	}
	if seen != 2 {
		t.Errorf("%d events", seen)
	}
}

// What a hostile server can make wait is bounded; what matters is kept, all of
// it and in order.
func TestQueue_AFloodIsBounded(t *testing.T) {
	q := engine.NewQueue()
	put := func(ev call.Event) { q.Put(engine.Stamped{Event: ev}) }
	const rounds = 200_000
	put(call.StateChanged{State: call.StateJoined})
	for i := range rounds {
		put(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "eve", Level: float32(i)}}})
		put(call.QualityChanged{ID: "eve", Quality: call.Quality(i % 3)})
		put(call.StatsReported{})
		put(call.DataReceived{ID: "eve", Payload: fmt.Append(nil, i)})
		if i == rounds/2 {
			put(call.ParticipantLeft{Participant: person("bob", "PA_b")})
		}
	}
	put(call.QualityChanged{ID: "bob", Quality: call.QualityPoor})
	put(call.Left{Room: "r"})
	items, _ := q.Take()
	if len(items) > 5000 {
		t.Fatalf("%d events wait", len(items))
	}
	if q.Dropped() == 0 {
		t.Error("nobody counts what was dropped")
	}
	var order []call.Event
	packets, next := 0, rounds
	for _, s := range items {
		if d, ok := s.Event.(call.DataReceived); ok {
			if packets++; packets == 1 {
				next = rounds - 4096
			}
			if string(d.Payload) != fmt.Sprint(next) {
				t.Fatalf("packet %s, want the newest in order: %d", d.Payload, next)
			}
			next++
			continue
		}
		order = append(order, s.Event)
	}
	want := []call.Event{
		call.StateChanged{State: call.StateJoined},
		call.ParticipantLeft{Participant: person("bob", "PA_b")},
		call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "eve", Level: rounds - 1}}},
		call.QualityChanged{ID: "eve", Quality: call.Quality((rounds - 1) % 3)},
		call.StatsReported{},
		call.QualityChanged{ID: "bob", Quality: call.QualityPoor},
		call.Left{Room: "r"},
	}
	if !reflect.DeepEqual(order, want) {
		t.Errorf("kept %v", order)
	}
	if packets != 4096 || next != rounds {
		t.Errorf("%d packets, the last %d", packets, next-1)
	}
}

func TestQueue_BigPacketsAreBoundedInBytes(t *testing.T) {
	q := engine.NewQueue()
	for range 1000 {
		q.Put(engine.Stamped{Event: call.DataReceived{Payload: make([]byte, 64<<10)}})
	}
	items, _ := q.Take()
	if n := len(items) * 64 << 10; n == 0 || n > 16<<20 {
		t.Errorf("%d bytes wait", n)
	}
}
