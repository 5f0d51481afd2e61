//go:build linux

package e2e

import (
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// intruder is a participant of any make who publishes a track whose packets the
// test writes.
type intruder struct {
	*attack.Guest
	t     *testing.T
	track attack.Track
}

// intrude joins and publishes one track of that MIME type.
func intrude(t *testing.T, server *testenv.Server, room, id, mime string) *intruder {
	t.Helper()
	token, err := server.Token(id, id, drive.Grants{"roomJoin": true, "room": room})
	must(t, err)
	g, err := attack.Door{URL: server.Drive.URL}.Enter(t.Context(), call.Identity(id), token)
	must(t, err)
	t.Cleanup(g.Leave)
	must(t, g.Media(t.Context()))
	kind, source := livekit.TrackType_VIDEO, livekit.TrackSource_CAMERA
	if mime == webrtc.MimeTypeOpus {
		kind, source = livekit.TrackType_AUDIO, livekit.TrackSource_MICROPHONE
	}
	tracks, err := g.Publish(t.Context(), mime, &livekit.AddTrackRequest{
		Cid: "bad-track", Name: "bad", Type: kind, Source: source, Width: 640, Height: 360,
	})
	must(t, err)
	return &intruder{g, t, tracks[0]}
}
