package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

// Publish implements [call.Session]. It returns when the server has named the
// track and taken the offer; frames may be written at once. Errors wrap
// [call.ErrRefused] when the server does not allow the track.
func (s *session) Publish(ctx context.Context, spec call.TrackSpec) (call.LocalTrack, error) {
	if err := checkSpec(spec); err != nil {
		return nil, err
	}
	t, err := newLocalTrack(newCID(), spec, &s.halted)
	if err != nil {
		return nil, err
	}
	if err := s.askWhenReady(ctx, func() (bool, error) { return s.publish(t) }); err != nil {
		return nil, fmt.Errorf("publish %s: %w", spec.Source, err)
	}
	select {
	case err = <-t.wait:
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.done:
		err = call.ErrNotInRoom
	}
	if err != nil {
		s.post(func() { s.unpublish(t) })
		return nil, fmt.Errorf("publish %s: %w", spec.Source, err)
	}
	return t, nil
}

func checkSpec(spec call.TrackSpec) error {
	kind := spec.Source.Kind()
	switch {
	case kind == call.KindUnknown || spec.Source == call.SourceSpeaker:
		return fmt.Errorf("publish: %w: source %s", call.ErrBadArgument, spec.Source)
	case kind == call.KindAudio && len(spec.Layers) > 0,
		kind == call.KindVideo && (len(spec.Layers) == 0 || len(spec.Layers) > len(simulcastRIDs())):
		return fmt.Errorf("publish: %w: %d layers of %s", call.ErrBadArgument, len(spec.Layers), spec.Source)
	}
	for _, l := range spec.Layers {
		if l.Width <= 0 || l.Height <= 0 || l.Bitrate <= 0 {
			return fmt.Errorf("publish: %w: layer %dx%d of %d bit/s", call.ErrBadArgument, l.Width, l.Height, l.Bitrate)
		}
	}
	return nil
}

// newCID names a track before the server does; it must equal the msid's track.
func newCID() string {
	raw := make([]byte, 12)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return "foyer-" + hex.EncodeToString(raw)
}

// publish announces a track and offers it in one go: the server handles both in
// order, so that waiting for its name first would only cost a round trip.
func (s *session) publish(t *localTrack) (ready bool, err error) {
	if s.over() {
		return true, call.ErrNotInRoom
	}
	if !s.roster.CanPublish() {
		return true, fmt.Errorf("%w: %w", call.ErrRefused, call.ErrListener)
	}
	if s.wire == nil || s.transport == nil || s.resuming {
		return false, nil // a resume must not meet half a publication
	}
	tx, err := s.addSender(t)
	if err != nil {
		return true, err
	}
	t.tx = tx
	s.pubs[t.cid] = t
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: addTrackRequest(t)}})
	s.negotiate()
	return true, nil
}

func (s *session) addSender(t *localTrack) (*webrtc.RTPTransceiver, error) {
	pc := s.transport.pub.pc
	tx, err := pc.AddTransceiverFromTrack(t.encodings[0].track, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		return nil, fmt.Errorf("add the track: %w", err)
	}
	for _, e := range t.encodings[1:] {
		if err := tx.Sender().AddEncoding(e.track); err != nil {
			_ = pc.RemoveTrack(tx.Sender())
			return nil, fmt.Errorf("add a layer: %w", err)
		}
	}
	sender := tx.Sender() // taken here: an unpublication takes it out of tx
	for layer := range t.encodings {
		s.spawn(func() { t.readFeedback(layer, sender) })
	}
	return tx, nil
}

func addTrackRequest(t *localTrack) *livekit.AddTrackRequest {
	req := &livekit.AddTrackRequest{
		Cid: t.cid, Name: call.Clip(t.spec.Name, call.MaxName), Source: roster.TrackSource(t.spec.Source), Muted: t.spec.Muted,
		Type: livekit.TrackType_AUDIO, DisableRed: true,
	}
	if t.spec.Source.Kind() != call.KindVideo {
		return req
	}
	req.Type = livekit.TrackType_VIDEO
	full := t.spec.Layers[len(t.spec.Layers)-1]
	req.Width, req.Height = uint32(full.Width), uint32(full.Height)
	for i, l := range t.spec.Layers {
		layer := &livekit.VideoLayer{
			Quality: livekit.VideoQuality(i), Width: uint32(l.Width), Height: uint32(l.Height), Bitrate: uint32(l.Bitrate),
		}
		if len(t.spec.Layers) == 1 {
			layer.Quality = livekit.VideoQuality_HIGH
		} else {
			layer.Rid, layer.SpatialLayer = t.encodings[i].rid, int32(i)
		}
		req.Layers = append(req.Layers, layer)
	}
	return req
}

// presence is the handle and the name of a data track without data. LiveKit tells
// the others about somebody who publishes nothing only every three seconds
// (livekit-server, pkg/rtc/room.go, subscriberUpdateInterval), about a publisher of anything at
// once. Servers without data tracks refuse it, which does no harm.
const (
	presenceHandle = 1
	presenceName   = "foyer.presence"
)

// showPresence makes our coming and going heard at once (contract L4).
func (s *session) showPresence() {
	if s.dialer.observe {
		return
	}
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PublishDataTrackRequest{
		PublishDataTrackRequest: &livekit.PublishDataTrackRequest{PubHandle: presenceHandle, Name: presenceName},
	}})
}

// onPublished takes the server's name for a track.
func (s *session) onPublished(m *livekit.TrackPublishedResponse) {
	t := s.pubs[m.GetCid()]
	if t == nil || m.GetTrack().GetSid() == "" {
		return
	}
	sid := call.SID(m.GetTrack().GetSid())
	t.sid.Store(&sid)
	t.info = m.GetTrack()
	s.armTracks()
}

// armTracks lets tracks send whose section is negotiated, and their publishers
// go on.
func (s *session) armTracks() {
	if s.transport == nil || s.transport.pub.pc.RemoteDescription() == nil || s.transport.pub.offering {
		return
	}
	for _, t := range s.pubs {
		if t.info != nil && t.arm() {
			t.wait <- nil
		}
	}
}

// onRefused takes the server's no to a request of ours.
func (s *session) onRefused(m *livekit.RequestResponse) {
	if m.GetReason() == livekit.RequestResponse_OK || m.GetReason() == livekit.RequestResponse_QUEUED {
		return
	}
	add, ok := m.GetRequest().(*livekit.RequestResponse_AddTrack)
	if !ok {
		s.log.WithField("reason", m.GetReason().String()).Debug("server refused a request")
		return
	}
	t := s.pubs[add.AddTrack.GetCid()]
	if t == nil || t.info != nil {
		return
	}
	t.wait <- fmt.Errorf("%w: %s", call.ErrRefused, m.GetReason())
	s.unpublish(t)
}

// unpublish takes a track out of the connection. Twice is once.
func (s *session) unpublish(t *localTrack) {
	t.dead.Store(true)
	if s.pubs[t.cid] != t {
		return
	}
	delete(s.pubs, t.cid)
	if s.transport == nil || t.tx == nil {
		return
	}
	if err := s.transport.pub.pc.RemoveTrack(t.tx.Sender()); err != nil {
		s.log.WithError(err).Debug("track could not be removed")
		return
	}
	s.negotiate()
}

// Unpublish implements [call.Session].
func (s *session) Unpublish(ctx context.Context, lt call.LocalTrack) error {
	t, ok := lt.(*localTrack)
	if !ok || t == nil {
		return fmt.Errorf("unpublish: %w", call.ErrBadArgument)
	}
	t.dead.Store(true) // at once, whatever the loop is doing
	return s.ask(ctx, func() error { s.unpublish(t); return nil })
}

// SetMuted implements [call.Session].
func (s *session) SetMuted(ctx context.Context, lt call.LocalTrack, muted bool) error {
	t, ok := lt.(*localTrack)
	if !ok || t == nil {
		return fmt.Errorf("mute: %w", call.ErrBadArgument)
	}
	if muted {
		t.muted.Store(true) // silence first, then the news of it
	}
	err := s.ask(ctx, func() error {
		if s.pubs[t.cid] != t {
			return call.ErrNotPublished
		}
		s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{
			Mute: &livekit.MuteTrackRequest{Sid: string(t.SID()), Muted: muted},
		}})
		if t.muted.Swap(muted) && !muted {
			t.askKeyFrames()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mute %s: %w", t.spec.Source, err)
	}
	return nil
}

// onMuted takes a mute that the host ordered. An unmute from elsewhere is not
// obeyed: only the person may open their own microphone (contract K10).
func (s *session) onMuted(m *livekit.MuteTrackRequest) {
	t := s.pubBySID(call.SID(m.GetSid()))
	if t == nil || !m.GetMuted() {
		return
	}
	t.muted.Store(true)
	s.emit(call.LocalTrackMuted{SID: t.SID()})
}

// onUnpublished takes a publication that the server has ended.
func (s *session) onUnpublished(m *livekit.TrackUnpublishedResponse) {
	t := s.pubBySID(call.SID(m.GetTrackSid()))
	if t == nil {
		return
	}
	s.unpublish(t)
	s.emit(call.LocalTrackGone{SID: t.SID()})
}

// onQualities takes the server's word on which layers are watched.
func (s *session) onQualities(m *livekit.SubscribedQualityUpdate) {
	t := s.pubBySID(call.SID(m.GetTrackSid()))
	if t == nil {
		return
	}
	for _, c := range m.GetSubscribedCodecs() {
		t.want(c.GetQualities())
		return // one codec is all we publish
	}
}

func (s *session) pubBySID(sid call.SID) *localTrack {
	for _, t := range s.pubs {
		if t.SID() == sid && sid != "" {
			return t
		}
	}
	return nil
}
