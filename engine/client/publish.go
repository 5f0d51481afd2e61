package client

import (
	"context"
	"fmt"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

// publications are our tracks. Only the loop uses them.
type publications struct {
	s     *session
	byCID map[string]*rtp.LocalTrack
}

// Publish implements [call.Session]. It returns when the server has named the
// track and taken the offer; frames may be written at once. Errors wrap
// [call.ErrRefused] when the server does not allow the track.
func (s *session) Publish(ctx context.Context, spec call.TrackSpec) (call.LocalTrack, error) {
	if err := rtp.CheckSpec(spec); err != nil {
		return nil, err
	}
	t, err := rtp.NewLocalTrack(rtp.NewCID(), spec, s.budget, &s.halted)
	if err != nil {
		return nil, err
	}
	if err := s.askWhenReady(ctx, func() (bool, error) { return s.publications.publish(t) }); err != nil {
		return nil, fmt.Errorf("publish %s: %w", spec.Source, err)
	}
	select {
	case err = <-t.Published():
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.done:
		err = call.ErrNotInRoom
	}
	if err != nil {
		s.post(func() { s.publications.unpublish(t) })
		return nil, fmt.Errorf("publish %s: %w", spec.Source, err)
	}
	return t, nil
}

// publish announces a track and offers it in one go: the server handles both in
// order, so that waiting for its name first would only cost a round trip.
func (ps *publications) publish(t *rtp.LocalTrack) (ready bool, err error) {
	if ps.s.over() {
		return true, call.ErrNotInRoom
	}
	if !ps.s.roster.CanPublish() {
		return true, fmt.Errorf("%w: %w", call.ErrRefused, call.ErrListener)
	}
	if ps.s.signal == nil || ps.s.transport == nil || ps.s.reconnection.resuming {
		return false, nil // a resume must not meet half a publication
	}
	reads, err := t.Attach(ps.s.transport.Pub.PC)
	if err != nil {
		return true, err
	}
	for _, read := range reads {
		ps.s.spawn(read)
	}
	ps.byCID[t.CID()] = t
	ps.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: t.AddTrackRequest()}})
	ps.s.negotiation.offer()
	return true, nil
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
func (ps *publications) onPublished(m *livekit.TrackPublishedResponse) {
	t := ps.byCID[m.GetCid()]
	if t == nil || m.GetTrack().GetSid() == "" {
		return
	}
	t.SetInfo(m.GetTrack())
	ps.armTracks()
}

// armTracks lets tracks send whose section is negotiated, and their publishers
// go on.
func (ps *publications) armTracks() {
	if ps.s.transport == nil || ps.s.transport.Pub.PC.RemoteDescription() == nil || ps.s.transport.Pub.Offering {
		return
	}
	for _, t := range ps.byCID {
		if t.Info() != nil && t.Arm() {
			t.SetPublished(nil)
		}
	}
}

// onRefused takes the server's no to a request of ours.
func (ps *publications) onRefused(m *livekit.RequestResponse) {
	if m.GetReason() == livekit.RequestResponse_OK || m.GetReason() == livekit.RequestResponse_QUEUED {
		return
	}
	add, ok := m.GetRequest().(*livekit.RequestResponse_AddTrack)
	if !ok {
		ps.s.log.WithField("reason", m.GetReason().String()).Debug("server refused a request")
		return
	}
	t := ps.byCID[add.AddTrack.GetCid()]
	if t == nil || t.Info() != nil {
		return
	}
	t.SetPublished(fmt.Errorf("%w: %s", call.ErrRefused, m.GetReason()))
	ps.unpublish(t)
}

// unpublish takes a track out of the connection. Twice is once.
func (ps *publications) unpublish(t *rtp.LocalTrack) {
	t.End()
	if ps.byCID[t.CID()] != t {
		return
	}
	delete(ps.byCID, t.CID())
	if ps.s.transport == nil || !t.Attached() {
		return
	}
	if err := t.Detach(ps.s.transport.Pub.PC); err != nil {
		ps.s.log.WithError(err).Debug("track could not be removed")
		return
	}
	ps.s.negotiation.offer()
}

// Unpublish implements [call.Session].
func (s *session) Unpublish(ctx context.Context, lt call.LocalTrack) error {
	t, ok := lt.(*rtp.LocalTrack)
	if !ok || t == nil {
		return fmt.Errorf("unpublish: %w", call.ErrBadArgument)
	}
	t.End() // at once, whatever the loop is doing
	return s.ask(ctx, func() error { s.publications.unpublish(t); return nil })
}

// SetMuted implements [call.Session].
func (s *session) SetMuted(ctx context.Context, lt call.LocalTrack, muted bool) error {
	t, ok := lt.(*rtp.LocalTrack)
	if !ok || t == nil {
		return fmt.Errorf("mute: %w", call.ErrBadArgument)
	}
	if muted {
		t.SetMuted(true) // silence first, then the news of it
	}
	err := s.ask(ctx, func() error {
		if s.publications.byCID[t.CID()] != t {
			return call.ErrNotPublished
		}
		s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{
			Mute: &livekit.MuteTrackRequest{Sid: string(t.SID()), Muted: muted},
		}})
		if t.SetMuted(muted) && !muted {
			t.AskKeyFrames()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mute %s: %w", t.Spec().Source, err)
	}
	return nil
}

// onMuted takes a mute that the host ordered. An unmute from elsewhere is not
// obeyed: only the person may open their own microphone (contract K10).
func (ps *publications) onMuted(m *livekit.MuteTrackRequest) {
	t := ps.bySID(call.SID(m.GetSid()))
	if t == nil || !m.GetMuted() {
		return
	}
	t.SetMuted(true)
	ps.s.emit(call.LocalTrackMuted{SID: t.SID()})
}

// onUnpublished takes a publication that the server has ended.
func (ps *publications) onUnpublished(m *livekit.TrackUnpublishedResponse) {
	t := ps.bySID(call.SID(m.GetTrackSid()))
	if t == nil {
		return
	}
	ps.unpublish(t)
	ps.s.emit(call.LocalTrackGone{SID: t.SID()})
}

// onQualities takes the server's word on which layers are watched.
func (ps *publications) onQualities(m *livekit.SubscribedQualityUpdate) {
	t := ps.bySID(call.SID(m.GetTrackSid()))
	if t == nil {
		return
	}
	for _, c := range m.GetSubscribedCodecs() {
		t.Want(c.GetQualities())
		return // one codec is all we publish
	}
}

func (ps *publications) bySID(sid call.SID) *rtp.LocalTrack {
	for _, t := range ps.byCID {
		if t.SID() == sid && sid != "" {
			return t
		}
	}
	return nil
}

// halfPublished reports whether a publication is in the air. The server might
// know it or not, and would wait for the other half: a fresh join is cleaner.
func (ps *publications) halfPublished() bool {
	for _, t := range ps.byCID {
		if !t.Armed() {
			return true
		}
	}
	return false
}
