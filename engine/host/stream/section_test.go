package stream

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

const (
	sdpHead   = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	audioLine = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
	videoLine = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
)

// lines joins lines of a description.
func lines(all ...string) string { return strings.Join(all, "\r\n") + "\r\n" }

// sending is a section that sends a track by one stream.
func sending(mid, stream int) string {
	return audioLine + lines(fmt.Sprintf("a=mid:%d", mid), "a=sendonly", "a=msid:s n", fmt.Sprintf("a=ssrc:%d cname:x", stream))
}

// TestSectionsAsPionReadsThem: an offer is refused if pion would take streams for known
// without a receiver for them. LiveKit keeps what comes of those, and nobody is told.
func TestSectionsAsPionReadsThem(t *testing.T) {
	var many, crowd string
	for n := range maxCarrying + 1 {
		if many += sending(n, n+1); n < maxCarrying {
			crowd = many
		}
	}
	sim := lines("a=mid:0", "a=sendonly", "a=msid:s n", "a=ssrc-group:SIM 1 2", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x")
	layers := lines("a=mid:0", "a=sendonly", "a=rid:q send", "a=rid:h send", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x", "a=ssrc:3 cname:x")
	for name, tt := range map[string]struct {
		sdp  string
		fine bool
		want []Section
	}{
		"a microphone": {sdpHead + sending(0, 1), true, []Section{{MID: "0", Audio: true, Sends: true, Streams: []uint32{1}}}},
		"with repairs": {sdpHead + videoLine + lines("a=mid:1", "a=sendrecv", "a=msid:s n", "a=ssrc-group:FID 1 2", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x"),
			true, []Section{{MID: "1", Sends: true, Receives: true, Streams: []uint32{1, 2}}}},
		"repairs first": {sdpHead + videoLine + lines("a=mid:1", "a=sendonly", "a=ssrc:2 cname:x", "a=ssrc:1 cname:x", "a=ssrc-group:FID 1 2"), true, nil},
		"corrected": {sdpHead + videoLine + lines("a=mid:1", "a=sendonly", "a=ssrc-group:FEC-FR 1 3", "a=ssrc:1 cname:x", "a=ssrc:3 cname:x"),
			true, []Section{{MID: "1", Sends: true, Streams: []uint32{1, 3}, Corrects: true}}},
		"layers":                    {sdpHead + videoLine + "a=msid:s n\r\n" + layers, true, []Section{{MID: "0", Sends: true}}},
		"layers without a track":    {sdpHead + videoLine + layers, false, nil},
		"layers of no name":         {sdpHead + videoLine + "a=msid: n\r\n" + layers, false, nil},
		"receiving":                 {sdpHead + videoLine + lines("a=mid:1", "a=recvonly", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x"), true, []Section{{MID: "1", Receives: true}}},
		"resting":                   {sdpHead + videoLine + lines("a=mid:1", "a=inactive"), true, []Section{{MID: "1"}}},
		"two in one section":        {sdpHead + videoLine + sim, false, nil},
		"a repair of nothing":       {sdpHead + videoLine + lines("a=mid:1", "a=sendonly", "a=ssrc-group:FID x 2", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x"), false, nil},
		"as many tracks as may be":  {sdpHead + crowd, true, nil},
		"one more":                  {sdpHead + many, false, nil},
		"one name twice":            {sdpHead + sending(0, 1) + sending(0, 2), false, nil},
		"no name":                   {sdpHead + audioLine + lines("a=sendonly", "a=ssrc:1 cname:x"), false, nil},
		"a name of nothing":         {sdpHead + audioLine + lines("a=mid:", "a=mid:1", "a=sendonly", "a=ssrc:1 cname:x"), false, nil},
		"a long name":               {sdpHead + audioLine + lines("a=mid:"+strings.Repeat("m", maxMID+1), "a=recvonly"), false, nil},
		"no direction":              {sdpHead + audioLine + lines("a=mid:0", "a=ssrc:1 cname:x"), false, nil},
		"hundreds of streams":       {sdpHead + audioLine + lines("a=mid:0", "a=recvonly") + numbered("a=ssrc:%d cname:x\r\n", 100), false, nil},
		"hundreds of repairs":       {sdpHead + audioLine + lines("a=mid:0", "a=sendonly") + numbered("a=ssrc-group:FID 1 %d\r\n", 100), false, nil},
		"data":                      {sdpHead + lines("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:0"), true, nil},
		"lines before all sections": {sdpHead + lines("a=ssrc:1 cname:x", "a=ssrc:2 cname:x") + sending(0, 1), true, nil},
	} {
		var got []Section
		media := told{sections: func(all []Section) error { got = all; return nil }}
		s := &scanner{media: media}
		s.reset()
		err := s.scan(mustMarshal(t, offer(tt.sdp)))
		if (err == nil) != tt.fine {
			t.Errorf("%s: %v", name, err)
		}
		if tt.want != nil && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
		raw, _ := proto.Marshal(&livekit.JoinRequest{PublisherOffer: &livekit.SessionDescription{Type: "offer", Sdp: tt.sdp}})
		if err := CheckJoin(raw, media); (err == nil) != tt.fine {
			t.Errorf("%s, with a join: %v", name, err)
		}
	}
}

func numbered(format string, n int) (text string) {
	for k := range n {
		text += fmt.Sprintf(format, k+2)
	}
	return text
}

// TestAnswersSendNothing: who answers receives. What somebody says of before is not
// looked at: the server's own offers are in it.
func TestAnswersSendNothing(t *testing.T) {
	fine := sdpHead + videoLine + lines("a=mid:0", "a=recvonly")
	sends := sdpHead + sending(0, 1)
	answer := func(sdp string) *livekit.SignalRequest {
		return &livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: sdp}}}
	}
	memory := &livekit.SyncState{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdpHead + sending(0, 1) + sending(0, 2)}}
	for name, tt := range map[string]struct {
		m    *livekit.SignalRequest
		fine bool
	}{
		"receiving": {answer(fine), true}, "sending": {answer(sends), false},
		"before": {&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: memory}}, true},
	} {
		s := &scanner{media: told{sections: func([]Section) error { t.Errorf("%s is told", name); return nil }}}
		s.reset()
		if err := s.scan(mustMarshal(t, tt.m)); (err == nil) != tt.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
	raw, _ := proto.Marshal(&livekit.JoinRequest{SyncState: memory})
	if err := CheckJoin(raw, told{}); err != nil {
		t.Errorf("a join that says what was before: %v", err)
	}
}
