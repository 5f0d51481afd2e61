package client

import (
	"slices"
	"strings"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// admitTracks are the tracks of somebody's that count: one of each source, whose kind
// and codec are the source's. Of several the one stays that was known before;
// the others do not exist for us until it ends.
func admitTracks(infos []*livekit.TrackInfo, before []call.Track) []call.Track {
	var tracks []call.Track
	for _, info := range infos {
		if !named(info) || !codecsFit(info) {
			continue
		}
		t := trackFrom(info)
		if !t.Fits() {
			continue
		}
		i := slices.IndexFunc(tracks, func(o call.Track) bool { return o.Source == t.Source })
		switch {
		case i < 0:
			tracks = append(tracks, t)
		case preferred(t, tracks[i], before):
			tracks[i] = t
		}
	}
	return tracks
}

// preferred reports whether a counts, and not b, of the same source. LiveKit
// lists tracks in no order.
func preferred(a, b call.Track, before []call.Track) bool {
	_, knownA := findTrack(before, a.SID)
	_, knownB := findTrack(before, b.SID)
	if knownA != knownB {
		return knownA
	}
	return a.SID < b.SID
}

func named(t *livekit.TrackInfo) bool { return t.GetSid() != "" && len(t.GetSid()) <= call.MaxIDBytes }

// codecsFit reports whether what a track says of its codecs is of its kind.
func codecsFit(t *livekit.TrackInfo) bool {
	kind := "audio/"
	if t.GetType() == livekit.TrackType_VIDEO {
		kind = "video/"
	}
	fits := func(mime string) bool { return mime == "" || strings.HasPrefix(strings.ToLower(mime), kind) }
	for _, c := range t.GetCodecs() {
		if !fits(c.GetMimeType()) {
			return false
		}
	}
	return fits(t.GetMimeType())
}

func trackFrom(t *livekit.TrackInfo) call.Track {
	track := call.Track{
		SID: call.SID(t.GetSid()), Source: sourceFrom(t.GetSource()), Name: call.Label(t.GetName()), Muted: t.GetMuted(),
		Width: int(t.GetWidth()), Height: int(t.GetHeight()),
	}
	switch t.GetType() {
	case livekit.TrackType_AUDIO:
		track.Kind = call.KindAudio
	case livekit.TrackType_VIDEO:
		track.Kind = call.KindVideo
	default:
	}
	return track
}

func sourceFrom(s livekit.TrackSource) call.Source {
	switch s {
	case livekit.TrackSource_CAMERA:
		return call.SourceCamera
	case livekit.TrackSource_MICROPHONE:
		return call.SourceMicrophone
	case livekit.TrackSource_SCREEN_SHARE:
		return call.SourceScreen
	case livekit.TrackSource_SCREEN_SHARE_AUDIO:
		return call.SourceScreenAudio
	default:
		return call.SourceUnknown
	}
}

func sourceTo(s call.Source) livekit.TrackSource {
	switch s {
	case call.SourceCamera:
		return livekit.TrackSource_CAMERA
	case call.SourceMicrophone:
		return livekit.TrackSource_MICROPHONE
	case call.SourceScreen:
		return livekit.TrackSource_SCREEN_SHARE
	case call.SourceScreenAudio:
		return livekit.TrackSource_SCREEN_SHARE_AUDIO
	default:
		return livekit.TrackSource_UNKNOWN
	}
}
