package client

import (
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

func packet(t testing.TB, sender string, sequence uint32, m *livekit.DataPacket) []byte {
	t.Helper()
	m.ParticipantIdentity, m.ParticipantSid, m.Sequence = sender, "PA_"+sender, sequence
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func header(id string, total uint64) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamHeader{StreamHeader: &livekit.DataStream_Header{
		StreamId: id, Topic: "some.topic", MimeType: "text/plain", TotalLength: &total,
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}}}
}

func chunk(id string, index uint64, text string) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamChunk{StreamChunk: &livekit.DataStream_Chunk{
		StreamId: id, ChunkIndex: index, Content: []byte(text),
	}}}
}

func trailer(id string) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamTrailer{StreamTrailer: &livekit.DataStream_Trailer{StreamId: id}}}
}

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
		{"whole", []*livekit.DataPacket{header("1", 10), chunk("1", 0, "hello"), chunk("1", 1, "world"), trailer("1")}, 0, "helloworld", true},
		{"unknown length", []*livekit.DataPacket{header("1", 0), chunk("1", 0, "grüß"), trailer("1")}, 0, "grüß", true},
		{"empty", []*livekit.DataPacket{header("1", 0), trailer("1")}, 0, "", true},
		{"gap", []*livekit.DataPacket{header("1", 0), chunk("1", 1, "x"), trailer("1")}, 0, "", false},
		{"cut", []*livekit.DataPacket{header("1", 10), chunk("1", 0, "x"), trailer("1")}, 0, "", false},
		{"no header", []*livekit.DataPacket{chunk("1", 0, "x"), trailer("1")}, 0, "", false},
		{"not a text", []*livekit.DataPacket{header("1", 0), chunk("1", 0, "\xff"), trailer("1")}, 0, "", false},
		{"announced too long", []*livekit.DataPacket{header("1", maxText+1), trailer("1")}, 0, "", false},
		{"too long", []*livekit.DataPacket{header("1", 0), chunk("1", 0, long), chunk("1", 1, long), chunk("1", 2, long), chunk("1", 3, long), chunk("1", 4, long), trailer("1")}, 0, "", false},
		{"too late", []*livekit.DataPacket{header("1", 0), chunk("1", 0, "x"), trailer("1")}, streamLife + time.Second, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDataState()
			var events []call.SessionEvent
			for i, p := range test.packets {
				at := now
				if i == len(test.packets)-1 {
					at = now.Add(test.late)
				}
				events = append(events, d.receive(packet(t, "bob", uint32(i+1), p), false, at)...)
			}
			if ok := len(events) == 1; ok != test.ok {
				t.Fatalf("events: %v", events)
			}
			if !test.ok {
				return
			}
			if got := events[0].(call.DataReceived); string(got.Payload) != test.want || got.Topic != "some.topic" || got.ID != "bob" {
				t.Errorf("got %+v", got)
			}
			if len(d.texts.unfinished) != 0 {
				t.Error("something is kept")
			}
		})
	}
}

func TestTextStreamLimits(t *testing.T) {
	d := newDataState()
	now := time.Unix(1000, 0)
	for i := range 3 * maxStreams {
		sender := string(rune('A' + i%26))
		d.receive(packet(t, sender, uint32(i+1), header(strings.Repeat("i", i+1), 0)), false, now)
	}
	if n := len(d.texts.unfinished); n != maxStreams {
		t.Errorf("%d streams are open, at most %d may be", n, maxStreams)
	}
	d.receive(packet(t, "late", 1, header("1", 0)), false, now.Add(2*streamLife))
	if n := len(d.texts.unfinished); n != 1 {
		t.Errorf("%d streams are open after all have expired", n)
	}
}

func TestDataDuplicatesAndLegacyChat(t *testing.T) {
	d := newDataState()
	topic := "t"
	user := &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte("p")}}}
	for i, want := range []int{1, 0, 1} {
		if got := len(d.receive(packet(t, "bob", []uint32{5, 5, 6}[i], user), false, time.Now())); got != want {
			t.Errorf("packet %d: %d events, want %d", i, got, want)
		}
	}
	legacy := legacyChatTopic
	for payload, want := range map[string]int{`{"message":"m","ignoreLegacy":true}`: 0, `{"id":"1","message":"m"}`: 1, `{"message":"m"}`: 0, `nonsense`: 0} {
		p := &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &legacy, Payload: []byte(payload)}}}
		if got := len(d.receive(packet(t, "bob", 0, p), false, time.Now())); got != want {
			t.Errorf("%s: %d events, want %d", payload, got, want)
		}
	}
}

func TestKeptPackets(t *testing.T) {
	d := newDataState()
	for i := range uint32(100) {
		d.keep(i+1, make([]byte, 10_000))
	}
	if d.keptSize > keptBytes || len(d.kept) > keptPackets {
		t.Errorf("%d packets, %d bytes are kept", len(d.kept), d.keptSize)
	}
	if got := len(d.after(98)); got != 2 {
		t.Errorf("%d packets after 98, want 2", got)
	}
}

func TestRateControl(t *testing.T) {
	var r rateControl
	r.reset()
	now := time.Unix(1000, 0)
	step := func(lost float64, times int) int {
		for range times {
			now = now.Add(rateHold)
			r.report(lost, now)
		}
		return r.apply(1000)
	}
	if got := step(0, 10); got != 1000 {
		t.Errorf("without loss: %d", got)
	}
	if got := step(0.2, 2); got > 900 || got < 700 {
		t.Errorf("after 20 %% loss: %d", got)
	}
	before := r.apply(1000)
	if got := step(0.05, 5); got != before {
		t.Errorf("5 %% loss changed %d to %d", before, got)
	}
	if got := step(0.9, 50); got != 1000*rateFloor {
		t.Errorf("floor: %d", got)
	}
	if got := step(0, 100); got != 1000 {
		t.Errorf("recovered: %d", got)
	}
}

func TestSplitStream(t *testing.T) {
	for _, test := range []struct{ stream, track, owner, sid string }{
		{"PA_1|TR_1", "TR_1", "PA_1", "TR_1"},
		{"PA_1|camera", "TR_2", "PA_1", "TR_2"},
		{"PA_1", "TR_3", "PA_1", "TR_3"},
		{"", "", "", ""},
	} {
		owner, sid := splitStream(test.stream, test.track)
		if string(owner) != test.owner || string(sid) != test.sid {
			t.Errorf("%q %q: %q %q", test.stream, test.track, owner, sid)
		}
	}
}

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

func TestFromNTP(t *testing.T) {
	want := time.Unix(1_700_000_000, 500_000_000)
	if got := fromNTP(uint64(want.Unix()+ntpEpoch)<<32 | 1<<31); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOpenNothingOfH264(t *testing.T) {
	tr, err := newTransport(transportConfig{log: pionLog{testLog(t)}, events: transportEvents{
		candidate: func(*transport, *peer, *webrtc.ICECandidate) {}, state: func(*transport, *peer, webrtc.PeerConnectionState) {},
		dataReady: func(*transport) {},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close(time.Second, func(f func()) { f() })
	if err := tr.addSections(1, 1); err != nil {
		t.Fatal(err)
	}
	offer, err := tr.pub.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VP8/90000", "opus/48000/2", "useinbandfec=1", "transport-cc", "ssrc-audio-level", "nack pli"} {
		if !strings.Contains(offer.SDP, want) {
			t.Errorf("offer lacks %q", want)
		}
	}
	for _, unwanted := range []string{"H264", "VP9", "AV1", "rtx"} {
		if strings.Contains(offer.SDP, unwanted) {
			t.Errorf("offer has %q", unwanted)
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(403, []byte(`{"error":"banned","until":1}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if statusError(status, body) == nil {
			t.Error("a refusal without an error")
		}
	})
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
