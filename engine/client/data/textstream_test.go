package data

import (
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/client/data/datatest"
)

func TestTextStreams(t *testing.T) {
	now := time.Unix(1000, 0)
	long := strings.Repeat("x", 15000)
	for _, test := range []struct {
		name    string
		packets []*livekit.DataPacket
		late    time.Duration // before the last packet
		want    string
		ok      bool
	}{
		{"whole", []*livekit.DataPacket{datatest.Header("1", 10), datatest.Chunk("1", 0, "hello"), datatest.Chunk("1", 1, "world"), datatest.Trailer("1")}, 0, "helloworld", true},
		{"unknown length", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Chunk("1", 0, "grüß"), datatest.Trailer("1")}, 0, "grüß", true},
		{"empty", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Trailer("1")}, 0, "", true},
		{"gap", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Chunk("1", 1, "x"), datatest.Trailer("1")}, 0, "", false},
		{"cut", []*livekit.DataPacket{datatest.Header("1", 10), datatest.Chunk("1", 0, "x"), datatest.Trailer("1")}, 0, "", false},
		{"no header", []*livekit.DataPacket{datatest.Chunk("1", 0, "x"), datatest.Trailer("1")}, 0, "", false},
		{"not a text", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Chunk("1", 0, "\xff"), datatest.Trailer("1")}, 0, "", false},
		{"announced too long", []*livekit.DataPacket{datatest.Header("1", maxText+1), datatest.Trailer("1")}, 0, "", false},
		{"too long", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Chunk("1", 0, long), datatest.Chunk("1", 1, long), datatest.Chunk("1", 2, long), datatest.Chunk("1", 3, long), datatest.Chunk("1", 4, long), datatest.Trailer("1")}, 0, "", false},
		{"too late", []*livekit.DataPacket{datatest.Header("1", 0), datatest.Chunk("1", 0, "x"), datatest.Trailer("1")}, streamLife + time.Second, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := NewReceiver(false)
			var events []Item
			for i, p := range test.packets {
				at := now
				if i == len(test.packets)-1 {
					at = now.Add(test.late)
				}
				events = append(events, d.Receive(datatest.Packet(t, "bob", uint32(i+1), p), false, at)...)
			}
			if ok := len(events) == 1; ok != test.ok {
				t.Fatalf("events: %v", events)
			}
			if !test.ok {
				return
			}
			if got := events[0].(Received); string(got.Payload) != test.want || got.Topic != "some.topic" || got.ID != "bob" {
				t.Errorf("got %+v", got)
			}
			if len(d.texts.unfinished) != 0 {
				t.Error("something is kept")
			}
		})
	}
}

func TestTextStreamLimits(t *testing.T) {
	d := NewReceiver(false)
	now := time.Unix(1000, 0)
	for i := range 3 * maxStreams {
		sender := string(rune('A' + i%26))
		d.Receive(datatest.Packet(t, sender, uint32(i+1), datatest.Header(strings.Repeat("i", i+1), 0)), false, now)
	}
	if n := len(d.texts.unfinished); n != maxStreams {
		t.Errorf("%d streams are open, at most %d may be", n, maxStreams)
	}
	d.Receive(datatest.Packet(t, "late", 1, datatest.Header("1", 0)), false, now.Add(2*streamLife))
	if n := len(d.texts.unfinished); n != 1 {
		t.Errorf("%d streams are open after all have expired", n)
	}
}
