package roster

import (
	"fmt"
	"slices"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/client/roster/rostertest"
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
		"camera":                    {sourced("TR_1", video, camera, "video/VP8"), true},
		"camera, codec in capitals": {sourced("TR_1", video, camera, "VIDEO/VP8"), true},
		"camera, codec not known":   {sourced("TR_1", video, camera, ""), true},
		"microphone":                {sourced("TR_1", audio, microphone, "audio/red"), true},
		"screen":                    {sourced("TR_1", video, livekit.TrackSource_SCREEN_SHARE, "video/AV1"), true},
		"screen audio":              {sourced("TR_1", audio, livekit.TrackSource_SCREEN_SHARE_AUDIO, "audio/opus"), true},
		"audio as a camera":         {sourced("TR_1", audio, camera, "audio/opus"), false},
		"audio as a screen":         {sourced("TR_1", audio, livekit.TrackSource_SCREEN_SHARE, "audio/opus"), false},
		"a video as a microphone":   {sourced("TR_1", video, microphone, "video/VP8"), false},
		"a video as a tab's audio":  {sourced("TR_1", video, livekit.TrackSource_SCREEN_SHARE_AUDIO, "video/VP8"), false},
		"unknown source":            {sourced("TR_1", audio, livekit.TrackSource_UNKNOWN, "audio/opus"), false},
		"source from the future":    {sourced("TR_1", audio, 77, "audio/opus"), false},
		"data":                      {sourced("TR_1", livekit.TrackType_DATA, camera, ""), false},
		"opus in a video track":     {sourced("TR_1", video, camera, "audio/opus"), false},
		"vp8 in a microphone":       {sourced("TR_1", audio, microphone, "video/VP8"), false},
		"opus among its codecs":     {simulcast, false},
		"no SID":                    {sourced("", video, camera, "video/VP8"), false},
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
	r := New(rostertest.Join(), false, false)
	first := rostertest.Info("eve", "PA_e", 1, infos[30])
	r.Apply(first)
	for version := range uint32(20) {
		slices.Reverse(infos[:20+version])
		for _, e := range r.Apply(rostertest.Info("eve", "PA_e", version+2, infos...)) {
			t.Fatalf("%T of a track that does not count", e)
		}
	}
	if got := r.people["eve"].Tracks; len(got) != 1 || got[0].SID != "TR_30" {
		t.Fatalf("tracks %+v", got)
	}
	rest := slices.DeleteFunc(slices.Clone(infos), func(t *livekit.TrackInfo) bool { return t.GetSid() == "TR_30" })
	r.Apply(rostertest.Info("eve", "PA_e", 99, rest...))
	if got := r.people["eve"].Tracks; len(got) != 1 || got[0].SID != "TR_00" {
		t.Errorf("afterwards %+v", got)
	}
}
