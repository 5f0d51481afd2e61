package tracks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/host/stream"
)

// What is in a track decides about it: its type and its codecs. What its sender
// calls it has to fit, or the track is not admitted.

// KnownSources are the tracks that a person has, one of each.
func KnownSources() []livekit.TrackSource {
	return []livekit.TrackSource{
		livekit.TrackSource_CAMERA, livekit.TrackSource_MICROPHONE,
		livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO,
	}
}

// SourcesOf are those that a token lets somebody publish; one that lists none, all.
func SourcesOf(listed []livekit.TrackSource) []livekit.TrackSource {
	if len(listed) == 0 {
		return append(KnownSources(), livekit.TrackSource_UNKNOWN)
	}
	return slices.Clone(listed)
}

// isAudioCodec reports whether a codec is one of audio, as LiveKit reads its name
// (protocol codecs/mime).
func isAudioCodec(codec string) bool {
	codec = strings.ToLower(codec)
	if kind, _, ok := strings.Cut(codec, "/"); ok {
		return kind == "audio"
	}
	return slices.Contains([]string{"opus", "red", "pcmu", "pcma", "g722"}, codec)
}

// isAudio reports whether a track carries audio, whatever it is called.
func isAudio(t *livekit.TrackInfo) bool {
	return t.GetType() != livekit.TrackType_VIDEO || isAudioCodec(t.GetMimeType()) ||
		slices.ContainsFunc(t.GetCodecs(), func(c *livekit.SimulcastCodecInfo) bool { return isAudioCodec(c.GetMimeType()) })
}

// fits reports whether a source is one for audio, or else for video.
func fits(source livekit.TrackSource, audio bool) bool {
	switch source {
	case livekit.TrackSource_CAMERA, livekit.TrackSource_SCREEN_SHARE:
		return !audio
	case livekit.TrackSource_MICROPHONE, livekit.TrackSource_SCREEN_SHARE_AUDIO:
		return audio
	default:
		return true // the permission decides about it
	}
}

// isTrue reports whether a published track is what it says.
func isTrue(t *livekit.TrackInfo) bool {
	audio := isAudio(t)
	return fits(t.GetSource(), audio) && audio == (t.GetType() != livekit.TrackType_VIDEO)
}

// CheckAnnounced refuses a track that is not what it says. No client of good will
// sends one.
func CheckAnnounced(t *livekit.AddTrackRequest) error {
	refuse := func(why string) error {
		return &stream.Violation{Status: stream.StatusPolicy, Reason: why}
	}
	audio := t.GetType() == livekit.TrackType_AUDIO
	switch {
	case t.GetCid() == "" && t.GetSid() == "":
		return refuse("a track without a name")
	case t.GetSource() != livekit.TrackSource_UNKNOWN && !slices.Contains(KnownSources(), t.GetSource()):
		return refuse("a track from a source that nobody knows")
	case !fits(t.GetSource(), audio):
		return refuse(fmt.Sprintf("a track of type %s from a %s", t.GetType(), t.GetSource()))
	case slices.ContainsFunc(t.GetSimulcastCodecs(), func(c *livekit.SimulcastCodec) bool {
		return c.GetCodec() != "" && isAudioCodec(c.GetCodec()) != audio
	}):
		return refuse(fmt.Sprintf("a track of type %s with a codec of another", t.GetType()))
	}
	return nil
}

// SourceName is how a refusal calls a source.
func SourceName(s livekit.TrackSource) string {
	return strings.ReplaceAll(strings.ToLower(s.String()), "_", " ")
}
