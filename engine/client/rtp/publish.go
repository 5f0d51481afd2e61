package rtp

import (
	"crypto/rand"
	"fmt"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

// CheckSpec refuses what cannot be published.
func CheckSpec(spec call.TrackSpec) error {
	kind := spec.Source.Kind()
	switch {
	case kind == call.KindUnknown || spec.Source == call.SourceSpeaker:
		return fmt.Errorf("publish: %w: source %s", call.ErrBadArgument, spec.Source)
	case kind == call.KindAudio && len(spec.Layers) > 0,
		kind == call.KindVideo && (len(spec.Layers) == 0 || len(spec.Layers) > MaxLayers):
		return fmt.Errorf("publish: %w: %d layers of %s", call.ErrBadArgument, len(spec.Layers), spec.Source)
	}
	for _, l := range spec.Layers {
		if l.Width <= 0 || l.Height <= 0 || l.Bitrate <= 0 {
			return fmt.Errorf("publish: %w: layer %dx%d of %d bit/s", call.ErrBadArgument, l.Width, l.Height, l.Bitrate)
		}
	}
	return nil
}

// NewCID names a track before the server does; it must equal the msid's track.
func NewCID() string {
	return "foyer-" + rand.Text()
}

// AddTrackRequest asks the server to publish the track.
func (t *LocalTrack) AddTrackRequest() *livekit.AddTrackRequest {
	req := &livekit.AddTrackRequest{
		Cid: t.CID(), Name: call.Clip(t.Spec().Name, call.MaxName),
		Source: roster.TrackSource(t.Spec().Source), Muted: t.Spec().Muted,
		Type: livekit.TrackType_AUDIO, DisableRed: true,
	}
	if t.Spec().Source.Kind() != call.KindVideo {
		return req
	}
	req.Type = livekit.TrackType_VIDEO
	full := t.Spec().Layers[len(t.Spec().Layers)-1]
	req.Width, req.Height = uint32(full.Width), uint32(full.Height)
	for i, l := range t.Spec().Layers {
		layer := &livekit.VideoLayer{
			Quality: livekit.VideoQuality(i), Width: uint32(l.Width), Height: uint32(l.Height), Bitrate: uint32(l.Bitrate),
		}
		if len(t.Spec().Layers) == 1 {
			layer.Quality = livekit.VideoQuality_HIGH
		} else {
			layer.Rid, layer.SpatialLayer = t.RID(i), int32(i)
		}
		req.Layers = append(req.Layers, layer)
	}
	return req
}
