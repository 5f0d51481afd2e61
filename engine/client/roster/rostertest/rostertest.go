// Package rostertest makes what a LiveKit server says of participants, for tests.
package rostertest

import (
	"reflect"
	"strings"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

// Join is the server's answer to ada, who joins a room with others in it.
func Join(others ...*livekit.ParticipantInfo) *livekit.JoinResponse {
	return &livekit.JoinResponse{
		Room:              &livekit.Room{Sid: "RM_1", Name: "room"},
		Participant:       &livekit.ParticipantInfo{Sid: "PA_ada", Identity: "ada", Name: "Ada", JoinedAt: 100},
		OtherParticipants: others, PingInterval: 5, PingTimeout: 15,
	}
}

// Info is a participant in a version of theirs.
func Info(id, sid string, version uint32, tracks ...*livekit.TrackInfo) *livekit.ParticipantInfo {
	return &livekit.ParticipantInfo{
		Identity: id, Sid: sid, Name: "N " + id, Version: version, JoinedAtMs: int64(1000 + version), Tracks: tracks,
	}
}

// Camera is a camera's track.
func Camera(sid string, muted bool) *livekit.TrackInfo {
	return &livekit.TrackInfo{
		Sid: sid, Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Muted: muted, Width: 64, Height: 48,
	}
}

// Gone is that participant's end.
func Gone(p *livekit.ParticipantInfo, reason livekit.DisconnectReason) *livekit.ParticipantInfo {
	p = proto.CloneOf(p)
	p.State, p.DisconnectReason = livekit.ParticipantInfo_DISCONNECTED, reason
	p.Version += 10
	return p
}

// EventNames writes events short: Joined(bob) ...
func EventNames(events []call.SessionEvent) string {
	var names []string
	for _, e := range events {
		n := strings.TrimPrefix(reflect.TypeOf(e).String(), "call.")
		switch e := e.(type) {
		case call.ParticipantLeft:
			n += ":" + e.Reason.String()
		case call.TrackPublished:
			n += ":" + string(e.Track.SID)
		case call.TrackUnpublished:
			n += ":" + string(e.Track.SID)
		default:
		}
		names = append(names, n)
	}
	return strings.Join(names, " ")
}
