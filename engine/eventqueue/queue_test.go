package eventqueue_test

import (
	"fmt"
	"reflect"
	"testing"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// A reader that takes once per Ready must come to the end, even when the last
// event and the closing wake it together.
func TestQueue_OneTakePerReadyReachesTheEnd(t *testing.T) {
	q := eventqueue.New()
	q.Put(eventqueue.Stamped{Event: call.RoomServerStopped{}})
	q.Put(eventqueue.Stamped{Event: call.RoomServerStopped{}})
	q.Close()
	q.Put(eventqueue.Stamped{Event: call.RoomServerStopped{}}) // too late
	seen := 0
	for open := true; open; {
		select {
		case <-q.Ready():
		default:
			t.Fatal("the reader would wait forever")
		}
		var items []eventqueue.Stamped
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
	q := eventqueue.New()
	put := func(ev call.Event) { q.Put(eventqueue.Stamped{Event: ev}) }
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
	q := eventqueue.New()
	for range 1000 {
		q.Put(eventqueue.Stamped{Event: call.DataReceived{Payload: make([]byte, 64<<10)}})
	}
	items, _ := q.Take()
	if n := len(items) * 64 << 10; n == 0 || n > 16<<20 {
		t.Errorf("%d bytes wait", n)
	}
}

// The watcher of the events knows of each before their reader does, in order.
func TestQueue_TapSeesEachEventBeforeTheReader(t *testing.T) {
	q := eventqueue.New()
	var tapped []call.Event
	q.Tap = func(e eventqueue.Stamped) { tapped = append(tapped, e.Event) }
	q.Put(eventqueue.Stamped{Event: call.RoomServerStopped{}})
	q.Put(eventqueue.Stamped{Event: call.Left{Room: "r"}})
	if len(tapped) != 0 {
		t.Errorf("%d events seen by Put, on the engine's goroutine", len(tapped))
	}
	if items, _ := q.Take(); len(items) != 2 {
		t.Fatalf("%d events taken", len(items))
	}
	if want := []call.Event{call.RoomServerStopped{}, call.Left{Room: "r"}}; !reflect.DeepEqual(tapped, want) {
		t.Errorf("tapped %v", tapped)
	}
}

func person(id string, sid call.SID) call.Participant {
	return call.Participant{Identity: call.Identity(id), SID: sid, Name: id}
}
