package client

import (
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

func TestCheckSpec(t *testing.T) {
	l := call.Layer{Width: 1, Height: 1, Bitrate: 1}
	for _, test := range []struct {
		spec call.TrackSpec
		ok   bool
	}{
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{l}}, true},
		{call.TrackSpec{Source: call.SourceMicrophone}, true},
		{call.TrackSpec{Source: call.SourceScreen, Layers: []call.Layer{l, l, l}}, true},
		{call.TrackSpec{Source: call.SourceCamera}, false},
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{l, l, l, l}}, false},
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{{}}}, false},
		{call.TrackSpec{Source: call.SourceMicrophone, Layers: []call.Layer{l}}, false},
		{call.TrackSpec{Source: call.SourceSpeaker}, false},
		{call.TrackSpec{}, false},
	} {
		if err := checkSpec(test.spec); (err == nil) != test.ok {
			t.Errorf("%+v: %v", test.spec, err)
		}
	}
}

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
	silent := logrus.New()
	silent.SetLevel(logrus.PanicLevel)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseFrame(raw)
		if err != nil {
			return
		}
		d := New(Config{Log: silent})
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

// bareSession has joined and has neither a loop nor connections; what it dials
// fails at once.
func bareSession(d *Dialer, join *livekit.JoinResponse) *session {
	s := emptySession(d, call.JoinRequest{Link: call.Link{URL: "ws://127.0.0.1:1", Token: "t"}}, nil)
	s.joinInfo, s.roster, s.log = join, roster.New(join, false), d.log
	s.cancel()
	return s
}
