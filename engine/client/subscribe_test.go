package client

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

func sourced(sid string, kind livekit.TrackType, source livekit.TrackSource, mime string) *livekit.TrackInfo {
	return &livekit.TrackInfo{Sid: sid, Type: kind, Source: source, MimeType: mime}
}

// What a sender says of a track must be one thing, and there is one of each.
func TestTracksThatAreTaken(t *testing.T) {
	const audio, video = livekit.TrackType_AUDIO, livekit.TrackType_VIDEO
	const camera, microphone = livekit.TrackSource_CAMERA, livekit.TrackSource_MICROPHONE
	simulcast := sourced("TR_sim", video, camera, "video/VP8")
	simulcast.Codecs = []*livekit.SimulcastCodecInfo{{MimeType: "audio/opus"}}
	for name, c := range map[string]struct {
		info  *livekit.TrackInfo
		taken bool
	}{
		"camera":                     {sourced("TR_1", video, camera, "video/VP8"), true},
		"camera, codec in capitals":  {sourced("TR_1", video, camera, "VIDEO/VP8"), true},
		"camera, codec not known":    {sourced("TR_1", video, camera, ""), true},
		"microphone":                 {sourced("TR_1", audio, microphone, "audio/red"), true},
		"screen":                     {sourced("TR_1", video, livekit.TrackSource_SCREEN_SHARE, "video/AV1"), true},
		"screen audio":               {sourced("TR_1", audio, livekit.TrackSource_SCREEN_SHARE_AUDIO, "audio/opus"), true},
		"sound as a camera":          {sourced("TR_1", audio, camera, "audio/opus"), false},
		"sound as a screen":          {sourced("TR_1", audio, livekit.TrackSource_SCREEN_SHARE, "audio/opus"), false},
		"a picture as a microphone":  {sourced("TR_1", video, microphone, "video/VP8"), false},
		"a picture as a tab's sound": {sourced("TR_1", video, livekit.TrackSource_SCREEN_SHARE_AUDIO, "video/VP8"), false},
		"unknown source":             {sourced("TR_1", audio, livekit.TrackSource_UNKNOWN, "audio/opus"), false},
		"source from the future":     {sourced("TR_1", audio, 77, "audio/opus"), false},
		"data":                       {sourced("TR_1", livekit.TrackType_DATA, camera, ""), false},
		"opus in a video track":      {sourced("TR_1", video, camera, "audio/opus"), false},
		"vp8 in a microphone":        {sourced("TR_1", audio, microphone, "video/VP8"), false},
		"opus among its codecs":      {simulcast, false},
		"no SID":                     {sourced("", video, camera, "video/VP8"), false},
	} {
		if got := len(admitTracks([]*livekit.TrackInfo{c.info}, nil)) == 1; got != c.taken {
			t.Errorf("%s: taken %v", name, got)
		}
	}
}

// Of sixty cameras one counts, the same each time, though LiveKit lists them in
// no order; when it ends another one may take its place.
func TestOneTrackOfEachSource(t *testing.T) {
	var infos []*livekit.TrackInfo
	for i := range 60 {
		infos = append(infos, sourced(fmt.Sprintf("TR_%02d", i), livekit.TrackType_VIDEO, livekit.TrackSource_CAMERA, "video/VP8"))
	}
	r := newRoster(joinResponse())
	first := info("eve", "PA_e", 1, infos[30])
	r.apply(first)
	for version := range uint32(20) {
		slices.Reverse(infos[:20+version])
		for _, e := range r.apply(info("eve", "PA_e", version+2, infos...)) {
			t.Fatalf("%T of a track that does not count", e)
		}
	}
	if got := r.people["eve"].Tracks; len(got) != 1 || got[0].SID != "TR_30" {
		t.Fatalf("tracks %+v", got)
	}
	rest := slices.DeleteFunc(slices.Clone(infos), func(t *livekit.TrackInfo) bool { return t.GetSid() == "TR_30" })
	r.apply(info("eve", "PA_e", 99, rest...))
	if got := r.people["eve"].Tracks; len(got) != 1 || got[0].SID != "TR_00" {
		t.Errorf("afterwards %+v", got)
	}
}

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

// A guest who publishes many pictures costs a bystander one: of the others
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
		if n := len(b.transport.pub.pc.GetTransceivers()); n > 4 {
			t.Errorf("%d media sections", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
