package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// maxSubscriptions is how many tracks are received at once.
const maxSubscriptions = call.MaxVoices + call.MaxVideos

// Subscribe implements [call.Session].
func (s *session) Subscribe(ctx context.Context, all []call.Subscription) error {
	if len(all) > maxSubscriptions {
		return fmt.Errorf("subscribe: %w: %d tracks", call.ErrTooLong, len(all))
	}
	for _, w := range all {
		if w.Track == "" || w.Width < 0 || w.Height < 0 {
			return fmt.Errorf("subscribe: %w: %q, %dx%d", call.ErrBadArgument, w.Track, w.Width, w.Height)
		}
	}
	err := s.ask(ctx, func() error {
		if s.over() {
			return call.ErrNotInRoom
		}
		s.wants, s.steered = s.roster.Announced(all), true
		s.follow()
		s.readyTracks()
		return nil // without a connection, the reconnect sends it
	})
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// choose decides what to receive while nobody has said it.
func (s *session) choose() {
	if !s.steered {
		chooser := call.Selector{Shown: cmp.Or(s.req.Shown, call.DefaultShown), ObeysMutes: !s.req.Link.Plain()}
		s.wants = chooser.Choose(s.roster.Participants())
	}
}

// expect decides what to receive of a room that we have just come into, and
// counts the media sections for it.
func (s *session) expect() (audios, videos int) {
	s.choose()
	s.wants = s.roster.Announced(s.wants)
	kinds := s.roster.TrackKinds()
	for _, w := range s.wants {
		if kinds[w.Track] == call.KindVideo {
			videos++
		} else {
			audios++
		}
	}
	return audios, videos
}

// followRoster goes on after the roster has changed.
func (s *session) followRoster() {
	if !s.steered {
		s.choose()
		s.follow()
	}
	s.readyTracks()
}

// follow tells the server what has changed of what we want.
func (s *session) follow() {
	if s.dialer.observe || s.wire == nil || s.over() {
		return
	}
	keep := make(map[call.SID]bool, len(s.wants))
	for _, w := range s.wants {
		keep[w.Track] = true
	}
	var off, on []string
	for sid := range s.subs {
		if !keep[sid] {
			off = append(off, string(sid))
			s.unsubscribe(sid)
		}
	}
	s.sendSubscription(off, false)
	var settings []call.Subscription
	for _, w := range s.wants {
		was, known := s.subs[w.Track]
		if !known {
			on = append(on, string(w.Track))
			s.revive(w.Track)
		}
		if was.Track = w.Track; was != w {
			settings = append(settings, w)
		}
		s.subs[w.Track] = w
	}
	s.sendSubscription(on, true)
	for _, w := range settings {
		s.sendSettings(w)
	}
}

// followAnew tells the server everything again: of what was said last before a
// connection was lost, nobody knows whether it was heard.
func (s *session) followAnew() {
	var off []string
	for sid := range s.roster.TrackKinds() {
		if _, told := s.subs[sid]; !told && len(off) < maxTold {
			off = append(off, string(sid))
		}
	}
	s.sendSubscription(off, false)
	clear(s.subs)
	s.follow()
	for _, w := range s.wants {
		s.sendSettings(w)
	}
}

// maxTold bounds how many tracks a resume says of that we do not want them.
const maxTold = 1024

func (s *session) sendSubscription(sids []string, on bool) {
	if len(sids) > 0 {
		s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{
			Subscription: &livekit.UpdateSubscription{TrackSids: sids, Subscribe: on},
		}})
	}
}

// sendSettings says in what size a track is shown. Without a size the best is
// wanted; LiveKit takes the lowest if nothing is said.
func (s *session) sendSettings(w call.Subscription) {
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{
		TrackSetting: &livekit.UpdateTrackSettings{
			TrackSids: []string{string(w.Track)}, Disabled: w.Paused,
			Width: uint32(w.Width), Height: uint32(w.Height), Quality: livekit.VideoQuality_HIGH,
		},
	}})
}

// unsubscribe ends a subscription on our side.
func (s *session) unsubscribe(sid call.SID) {
	delete(s.subs, sid)
	delete(s.paused, sid)
	if s.transport == nil {
		return
	}
	if r := s.transport.remote[sid]; r != nil {
		s.dropTrack(r)
		s.transport.retired[sid] = r
	}
}

// revive goes on with a track that was unsubscribed, in case the server has not
// ended it meanwhile: then no new one comes.
func (s *session) revive(sid call.SID) {
	if s.transport == nil {
		return
	}
	r := s.transport.retired[sid]
	delete(s.transport.retired, sid)
	if r != nil && s.transport.remote[sid] == nil {
		s.takeTrack(s.transport, r.again())
	}
}

// forget drops what is known of a track that is gone.
func (s *session) forget(sid call.SID) {
	delete(s.subs, sid)
	delete(s.paused, sid)
	s.wants = slices.DeleteFunc(s.wants, func(w call.Subscription) bool { return w.Track == sid })
	if s.transport != nil {
		delete(s.transport.retired, sid)
	}
}
