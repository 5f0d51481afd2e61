package roster

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
		if !hasSID(info) || !codecsFit(info) {
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

func hasSID(t *livekit.TrackInfo) bool { return t.GetSid() != "" && len(t.GetSid()) <= call.MaxIDBytes }

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

// sources are LiveKit's names of ours.
var sources = map[call.Source]livekit.TrackSource{
	call.SourceCamera:      livekit.TrackSource_CAMERA,
	call.SourceMicrophone:  livekit.TrackSource_MICROPHONE,
	call.SourceScreen:      livekit.TrackSource_SCREEN_SHARE,
	call.SourceScreenAudio: livekit.TrackSource_SCREEN_SHARE_AUDIO,
}

func sourceFrom(theirs livekit.TrackSource) call.Source {
	for source, name := range sources {
		if name == theirs {
			return source
		}
	}
	return call.SourceUnknown
}

// TrackSource is what LiveKit calls a source, UNKNOWN for what it does not have.
func TrackSource(s call.Source) livekit.TrackSource { return sources[s] }

// TrackKinds are the kinds of all tracks that others have announced.
func (r *Roster) TrackKinds() map[call.SID]call.Kind {
	kinds := map[call.SID]call.Kind{}
	for _, p := range r.people {
		for _, t := range p.Tracks {
			kinds[t.SID] = t.Kind
		}
	}
	return kinds
}

// Announced leaves out of wants what is not, or no longer, announced.
func (r *Roster) Announced(wants []call.Subscription) []call.Subscription {
	kinds := r.TrackKinds()
	return slices.DeleteFunc(slices.Clone(wants), func(w call.Subscription) bool {
		_, announced := kinds[w.Track]
		return !announced
	})
}
