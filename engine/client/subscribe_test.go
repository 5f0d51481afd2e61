package client

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

// A message of a few bytes for each of millions of parts is not even read.
func TestMessagesOfManyPartsAreRefused(t *testing.T) {
	update := &livekit.ParticipantUpdate{}
	for range maxParts {
		update.Participants = append(update.Participants, &livekit.ParticipantInfo{})
	}
	raw, err := proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: update}})
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > maxFrame {
		t.Fatalf("%d bytes", len(raw))
	}
	if _, err := parseFrame(raw); err == nil {
		t.Error("read")
	}
	people := &livekit.ParticipantUpdate{}
	for i := range 5000 { // a room as large as they get
		p := info(fmt.Sprint("p", i), fmt.Sprint("PA_", i), 1, trackInfo(fmt.Sprint("TR_", i), false), trackInfo(fmt.Sprint("TS_", i), false))
		p.Attributes = map[string]string{"a": "b"}
		people.Participants = append(people.Participants, p)
	}
	raw, err = proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: people}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseFrame(raw); err != nil {
		t.Errorf("a large room: %v", err)
	}
}

func TestNamesDoNotKeepWhatWasCutOff(t *testing.T) {
	const rounds, length = 100, 1 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := make([]string, rounds)
	for i := range kept {
		kept[i] = call.Label(strings.Repeat(string(rune('a'+i%26)), length))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grew := int64(after.HeapAlloc) - int64(before.HeapAlloc); grew > rounds*length/4 {
		t.Errorf("%d names keep %d MB", rounds, grew>>20)
	}
	for _, name := range kept {
		if len(name) != call.MaxName {
			t.Fatalf("a name of %d bytes", len(name))
		}
	}
}

// A guest who publishes many frames costs a bystander one: of the others
// nothing is announced, nothing is received, and no media section is there.
func TestManyTracksCostABystanderOne(t *testing.T) {
	server := sharedServer(t)
	room := roomName(t)
	b := join(t, server.request(t, room, "bystander"), nil)
	b.connected()
	eve := join(t, server.request(t, room, "eve"), nil)
	eve.connected()
	large := call.Layer{Width: 4096, Height: 2304, FPS: 20, Bitrate: 500_000}
	const many = 20 // sixty take too long here: see package attack
	for range many {
		publish(t, eve, cameraSpec(large))
	}
	ready, _, _ := wait[call.RemoteTrackReady](b, 0, "a track", nil)
	eventually(t, "all are known to the server", func() bool {
		p, err := server.rooms.GetParticipant(server.api(t, room), &livekit.RoomParticipantIdentity{Room: room, Identity: "eve"})
		return err == nil && len(p.GetTracks()) == many
	})
	time.Sleep(500 * time.Millisecond) // what must not come has no event
	for _, e := range b.seen() {
		switch e := e.ev.(type) {
		case call.RemoteTrackReady:
			if e.Track.Info().SID != ready.Track.Info().SID {
				t.Errorf("a second track is received: %s", e.Track.Info().SID)
			}
		case call.TrackPublished:
			if e.Track.SID != ready.Track.Info().SID {
				t.Errorf("a second track is announced: %s", e.Track.SID)
			}
		}
	}
	if err := b.ask(t.Context(), func() error {
		if n := len(b.transport.Pub.PC.GetTransceivers()); n > 4 {
			t.Errorf("%d media sections", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
