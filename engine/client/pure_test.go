package client

import (
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

func info(id, sid string, version uint32, tracks ...*livekit.TrackInfo) *livekit.ParticipantInfo {
	return &livekit.ParticipantInfo{Identity: id, Sid: sid, Name: "N " + id, Version: version, JoinedAtMs: int64(1000 + version), Tracks: tracks}
}

func trackInfo(sid string, muted bool) *livekit.TrackInfo {
	return &livekit.TrackInfo{Sid: sid, Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Muted: muted, Width: 64, Height: 48}
}

func gone(p *livekit.ParticipantInfo, reason livekit.DisconnectReason) *livekit.ParticipantInfo {
	p = proto.CloneOf(p)
	p.State, p.DisconnectReason = livekit.ParticipantInfo_DISCONNECTED, reason
	p.Version += 10
	return p
}

// eventNames writes events short: Joined(bob) ...
func eventNames(events []call.SessionEvent) string {
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
		}
		names = append(names, n)
	}
	return strings.Join(names, " ")
}

func TestRosterStory(t *testing.T) {
	r := newRoster(joinResponse(info("bob", "PA_b1", 1)))
	for _, step := range []struct {
		what string
		in   *livekit.ParticipantInfo
		want string
	}{
		{"the same again", info("bob", "PA_b1", 1), ""},
		{"somebody new", info("cyd", "PA_c", 1, trackInfo("TR_1", false)), "ParticipantJoined"},
		{"a track", info("bob", "PA_b1", 2, trackInfo("TR_2", false)), "TrackPublished:TR_2 ParticipantUpdated"},
		{"late news", info("bob", "PA_b1", 1), ""},
		{"muted", info("bob", "PA_b1", 3, trackInfo("TR_2", true)), "TrackMuted ParticipantUpdated"},
		{"unmuted", info("bob", "PA_b1", 4, trackInfo("TR_2", false)), "TrackUnmuted ParticipantUpdated"},
		{"replaced track", info("bob", "PA_b1", 5, trackInfo("TR_3", false)), "TrackUnpublished:TR_2 TrackPublished:TR_3 ParticipantUpdated"},
		{"another device", info("bob", "PA_b2", 9), "ParticipantLeft:duplicate ParticipantJoined"},
		{"the first device ends", gone(info("bob", "PA_b1", 6), livekit.DisconnectReason_DUPLICATE_IDENTITY), ""},
		{"late news of the first device", info("bob", "PA_b1", 7), ""},
		{"removed", gone(info("bob", "PA_b2", 9), livekit.DisconnectReason_PARTICIPANT_REMOVED), "ParticipantLeft:removed"},
		{"removed twice", gone(info("bob", "PA_b2", 9), livekit.DisconnectReason_PARTICIPANT_REMOVED), ""},
		{"lost", gone(info("cyd", "PA_c", 1), livekit.DisconnectReason_CONNECTION_TIMEOUT), "ParticipantLeft:connection_lost"},
		{"ourselves", info("ada", "PA_ada", 4), ""},
		{"our old connection", gone(info("ada", "PA_old", 1), livekit.DisconnectReason_DUPLICATE_IDENTITY), ""},
		{"nobody", &livekit.ParticipantInfo{}, ""},
	} {
		if got := eventNames(r.apply(step.in)); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	if len(r.people) != 0 || len(r.sids) != 0 {
		t.Errorf("left over: %v %v", r.people, r.sids)
	}
}

// TestRosterUnseen: who came and went between two updates is news for an
// observer alone.
func TestRosterUnseen(t *testing.T) {
	for observes, want := range map[bool]string{false: "", true: "ParticipantLeft:removed"} {
		r := newRoster(joinResponse())
		r.observes = observes
		got := r.apply(gone(info("bob", "PA_b1", 1), livekit.DisconnectReason_PARTICIPANT_REMOVED))
		if eventNames(got) != want || len(r.people) != 0 || len(r.sids) != 0 {
			t.Errorf("observes %v: %q, want %q; left over: %v %v", observes, eventNames(got), want, r.people, r.sids)
		}
	}
}

// TestJ5_RosterStorm applies random histories and compares with the last states
// (contract J5).
func TestJ5_RosterStorm(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := newRoster(joinResponse())
		truth := map[string]*livekit.ParticipantInfo{}
		seen := map[call.Identity]call.Participant{}
		for version := range uint32(100) {
			id := string(rune('p' + random.IntN(5)))
			p := truth[id]
			switch {
			case p == nil || random.IntN(6) == 0:
				p = info(id, "PA_"+id+string(rune('a'+version%26)), version+1)
			case random.IntN(4) == 0:
				p = gone(p, livekit.DisconnectReason_CLIENT_INITIATED)
			default:
				p = info(id, p.Sid, version+1, trackInfo("TR_"+string(rune('a'+random.IntN(4))), random.IntN(2) == 0))
			}
			truth[id] = p
			if p.State == livekit.ParticipantInfo_DISCONNECTED {
				delete(truth, id)
			}
			follow(t, seen, r.apply(p))
		}
		if len(seen) != len(truth) || len(r.people) != len(truth) {
			t.Fatalf("seed %d: %d people, events say %d, truth is %d", seed, len(r.people), len(seen), len(truth))
		}
		for id, p := range truth {
			want := participantFrom(p, nil)
			if got := seen[call.Identity(id)]; got.SID != want.SID || !slices.Equal(got.Tracks, want.Tracks) {
				t.Fatalf("seed %d: %s is %+v, want %+v", seed, id, got, want)
			}
		}
	}
}

// follow keeps a roster by the events alone, as a reader of them does.
func follow(t *testing.T, seen map[call.Identity]call.Participant, events []call.SessionEvent) {
	t.Helper()
	for _, e := range events {
		switch e := e.(type) {
		case call.ParticipantJoined:
			if _, twice := seen[e.Participant.Identity]; twice {
				t.Fatalf("%s joins twice", e.Participant.Identity)
			}
			seen[e.Participant.Identity] = e.Participant
		case call.ParticipantUpdated:
			seen[e.Participant.Identity] = e.Participant
		case call.ParticipantLeft:
			if _, there := seen[e.Participant.Identity]; !there {
				t.Fatalf("%s leaves twice", e.Participant.Identity)
			}
			delete(seen, e.Participant.Identity)
		}
	}
}

func TestO8_RosterReplace(t *testing.T) {
	r := newRoster(joinResponse(info("bob", "PA_b", 1), info("cyd", "PA_c", 1), info("dan", "PA_d", 1)))
	got := eventNames(r.replace([]*livekit.ParticipantInfo{
		{Sid: "PA_ada", Identity: "ada"}, info("bob", "PA_b", 1), info("cyd", "PA_c2", 5), info("eve", "PA_e", 1),
	}))
	if want := "ParticipantLeft:left ParticipantLeft:duplicate ParticipantJoined ParticipantJoined"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSpeakersAndQuality(t *testing.T) {
	r := newRoster(joinResponse(info("bob", "PA_b", 1), info("cyd", "PA_c", 1)))
	speakers := func(events []call.SessionEvent) []call.SpeakerLevel {
		return events[0].(call.SpeakersChanged).Speakers
	}
	r.speak([]*livekit.SpeakerInfo{{Sid: "PA_b", Level: 0.2, Active: true}})
	got := speakers(r.speak([]*livekit.SpeakerInfo{{Sid: "PA_ada", Level: 7, Active: true}, {Sid: "PA_?", Level: 1, Active: true}}))
	if want := []call.SpeakerLevel{{ID: "ada", Level: 1}, {ID: "bob", Level: 0.2}}; !slices.Equal(got, want) {
		t.Errorf("speakers %v, want %v", got, want)
	}
	if got := eventNames(r.apply(gone(info("bob", "PA_b", 1), 1))); got != "ParticipantLeft:left SpeakersChanged" {
		t.Errorf("a leaving speaker: %s", got)
	}
	quality := func(q livekit.ConnectionQuality) string {
		return eventNames(r.judge([]*livekit.ConnectionQualityInfo{{ParticipantSid: "PA_c", Quality: q}}))
	}
	if got := quality(livekit.ConnectionQuality_LOST); got != "QualityChanged ParticipantUpdated" || !r.people["cyd"].Lost {
		t.Errorf("lost: %s", got)
	}
	r.apply(info("cyd", "PA_c", 2, trackInfo("TR_1", false)))
	if !r.people["cyd"].Lost {
		t.Error("a track cleared the mark of a lost connection")
	}
	if got := quality(livekit.ConnectionQuality_GOOD); got != "QualityChanged ParticipantUpdated" || r.people["cyd"].Lost {
		t.Errorf("back: %s", got)
	}
}

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

func FuzzDoorAnswer(f *testing.F) {
	f.Add(200, []byte(`{"token":"a.b.c","title":"T"}`))
	f.Add(403, []byte(`{"error":"banned","until":1}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		answer, err := parseDoorAnswer(status, body, time.Now())
		if err == nil && (answer.Token == "" || !headerSafe(answer.Token) || status != http.StatusOK) {
			t.Errorf("accepted %+v with status %d", answer, status)
		}
		if err != nil && !isCallError(err) {
			t.Errorf("error of no kind: %v", err)
		}
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
	s.joinInfo, s.roster, s.log = join, newRoster(join), d.log
	s.cancel()
	return s
}
