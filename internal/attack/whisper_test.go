//go:build linux

package attack_test

import (
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// whisper speaks to ada and to nobody else, so that host and recorders hear silence. Each
// form is tried before there is a track, in the long form with one, too.
func whisper(s *stage) (string, error) {
	forms := []*livekit.TrackPermission{
		{ParticipantIdentity: s.ada.id, AllTracks: true},
		{ParticipantIdentity: s.ada.id, ParticipantSid: "PA_nobody", AllTracks: true},
		nil, // for nobody: a microphone that is on, and silent
	}
	said := ""
	for _, form := range forms[:many(1, len(forms))] {
		for _, late := range []bool{false, true}[:many(1, 2)] {
			var err error
			if said, err = s.whispers(form, late); err != nil {
				return said, err
			}
		}
	}
	return said, nil
}

func (s *stage) whispers(form *livekit.TrackPermission, late bool) (string, error) {
	g, p, err := s.sender()
	if err != nil {
		return "", err
	}
	chosen := &livekit.SubscriptionPermission{}
	if form != nil {
		chosen.TrackPermissions = []*livekit.TrackPermission{form}
	}
	choose := func() {
		_ = g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: chosen}})
	}
	if !late {
		choose()
	}
	tracks, err := g.Publish(s.ctx, webrtc.MimeTypeOpus, audioTrack("whisper", livekit.TrackSource_MICROPHONE))
	if err != nil {
		if g.In() {
			return "", err
		}
		return cutText(g, 0), s.stats(1)
	}
	if late {
		choose()
		if err := g.AwaitCut(s.ctx, cutLimit); err == nil {
			return cutText(g, 0), nil
		}
	}
	ada, grace := s.ada.Mark(), s.grace.Mark()
	if err := talk(s.ctx, time.Second, tracks...); err != nil {
		return "", err
	}
	if err := s.stats(2); err != nil {
		return "", err
	}
	one, other := s.ada.hears(ada, string(p.ID)), s.grace.hears(grace, string(p.ID))
	if one && other {
		return "heard by everybody", nil
	}
	return "", reached("%s looks as if to speak to all: ada hears it: %v, grace: %v", p.ID, one, other)
}
