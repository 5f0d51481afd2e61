package client

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

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
