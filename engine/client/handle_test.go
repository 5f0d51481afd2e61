package client

import (
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/signalconn"
)

// FuzzFrame hands arbitrary messages to a session that has just joined.
func FuzzFrame(f *testing.F) {
	for _, m := range []*livekit.SignalResponse{
		{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{info("bob", "PA_b", 2, trackInfo("TR_1", true))}}}},
		{Message: &livekit.SignalResponse_SpeakersChanged{SpeakersChanged: &livekit.SpeakersChanged{Speakers: []*livekit.SpeakerInfo{{Sid: "PA_b", Active: true}}}}},
		leaveMessage(livekit.DisconnectReason_ROOM_DELETED, livekit.LeaveRequest_DISCONNECT),
		leaveMessage(livekit.DisconnectReason_UNKNOWN_REASON, livekit.LeaveRequest_RESUME),
		{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: "x"}},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := signalconn.ParseFrame(raw)
		if err != nil {
			return
		}
		d := New(Config{})
		s := bareSession(d, joinResponse(info("bob", "PA_b", 1)))
		ended := 0
		s.sink = func(e call.SessionEvent) {
			if _, ok := e.(call.SessionEnded); ok {
				ended++
			} else if ended > 0 {
				t.Errorf("%T after the end", e)
			}
		}
		s.onMessage(nil, m)
		s.onMessage(nil, m)
		if ended > 1 {
			t.Errorf("ended %d times", ended)
		}
		s.Close()
	})
}
