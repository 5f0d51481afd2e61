package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

// subscriptions are what we receive. Only the loop uses them.
type subscriptions struct {
	s       *session
	wants   []call.Subscription            // what we want to receive
	steered bool                           // it was said by Subscribe
	told    map[call.SID]call.Subscription // what the server knows of it
	paused  map[call.SID]bool              // received tracks that the server holds back
}

// Subscribe implements [call.Session].
func (s *session) Subscribe(ctx context.Context, all []call.Subscription) error {
	if len(all) > rtp.MaxSubscriptions {
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
		s.subscriptions.wants, s.subscriptions.steered = s.roster.Announced(all), true
		s.subscriptions.follow()
		s.subscriptions.readyTracks()
		return nil // without a connection, the reconnect sends it
	})
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// choose decides what to receive while nobody has said it.
func (sb *subscriptions) choose() {
	if !sb.steered {
		chooser := call.Selector{Shown: cmp.Or(sb.s.req.Shown, call.DefaultShown), ObeysMutes: !sb.s.req.Link.IsLiveKit()}
		sb.wants = chooser.Choose(sb.s.roster.Participants())
	}
}

// expect decides what to receive of a room that we have just come into, and
// counts the media sections for it.
func (sb *subscriptions) expect() (audios, videos int) {
	sb.choose()
	sb.wants = sb.s.roster.Announced(sb.wants)
	kinds := sb.s.roster.TrackKinds()
	for _, w := range sb.wants {
		if kinds[w.Track] == call.KindVideo {
			videos++
		} else {
			audios++
		}
	}
	return audios, videos
}

// followRoster goes on after the roster has changed.
func (sb *subscriptions) followRoster() {
	if !sb.steered {
		sb.choose()
		sb.follow()
	}
	sb.readyTracks()
}

// follow tells the server what has changed of what we want.
func (sb *subscriptions) follow() {
	if sb.s.dialer.observe || sb.s.signal == nil || sb.s.over() {
		return
	}
	keep := make(map[call.SID]bool, len(sb.wants))
	for _, w := range sb.wants {
		keep[w.Track] = true
	}
	var off, on []string
	for sid := range sb.told {
		if !keep[sid] {
			off = append(off, string(sid))
			sb.unsubscribe(sid)
		}
	}
	sb.send(off, false)
	var settings []call.Subscription
	for _, w := range sb.wants {
		was, known := sb.told[w.Track]
		if !known {
			on = append(on, string(w.Track))
			sb.revive(w.Track)
		}
		if was.Track = w.Track; was != w {
			settings = append(settings, w)
		}
		sb.told[w.Track] = w
	}
	sb.send(on, true)
	if len(on) > 0 {
		sb.s.negotiation.expectTrack()
	}
	for _, w := range settings {
		sb.sendSettings(w)
	}
}

// followAnew tells the server everything again: of what was said last before a
// connection was lost, nobody knows whether it was heard.
func (sb *subscriptions) followAnew() {
	var off []string
	for sid := range sb.s.roster.TrackKinds() {
		if _, told := sb.told[sid]; !told && len(off) < maxTold {
			off = append(off, string(sid))
		}
	}
	sb.send(off, false)
	clear(sb.told)
	sb.follow()
	for _, w := range sb.wants {
		sb.sendSettings(w)
	}
}

// maxTold limits how many tracks a resume says of that we do not want them.
const maxTold = 1024

func (sb *subscriptions) send(sids []string, on bool) {
	if len(sids) > 0 {
		sb.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{
			Subscription: &livekit.UpdateSubscription{TrackSids: sids, Subscribe: on},
		}})
	}
}

// sendSettings says in what size a track is shown. Without a size the best is
// wanted; LiveKit takes the lowest if nothing is said.
func (sb *subscriptions) sendSettings(w call.Subscription) {
	sb.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{
		TrackSetting: &livekit.UpdateTrackSettings{
			TrackSids: []string{string(w.Track)}, Disabled: w.Paused,
			Width: uint32(w.Width), Height: uint32(w.Height), Quality: livekit.VideoQuality_HIGH,
		},
	}})
}

// unsubscribe ends a subscription on our side.
func (sb *subscriptions) unsubscribe(sid call.SID) {
	delete(sb.told, sid)
	delete(sb.paused, sid)
	if sb.s.transport == nil {
		return
	}
	if r := sb.s.transport.Remote[sid]; r != nil {
		sb.dropTrack(r)
		sb.s.transport.Retired[sid] = r
	}
}

// revive goes on with a track that was unsubscribed, in case the server has not
// ended it meanwhile: then no new one comes.
func (sb *subscriptions) revive(sid call.SID) {
	if sb.s.transport == nil {
		return
	}
	r := sb.s.transport.Retired[sid]
	delete(sb.s.transport.Retired, sid)
	if r != nil && sb.s.transport.Remote[sid] == nil {
		sb.takeTrack(sb.s.transport, r.Again())
	}
}

// forget drops what is known of a track that is gone.
func (sb *subscriptions) forget(sid call.SID) {
	delete(sb.told, sid)
	delete(sb.paused, sid)
	sb.wants = slices.DeleteFunc(sb.wants, func(w call.Subscription) bool { return w.Track == sid })
	if sb.s.transport != nil {
		delete(sb.s.transport.Retired, sid)
	}
}

// onStreamStates remembers what the server holds back for congestion.
func (sb *subscriptions) onStreamStates(u *livekit.StreamStateUpdate) {
	for _, st := range u.GetStreamStates() {
		sid := call.SID(st.GetTrackSid())
		if st.GetState() == livekit.StreamState_PAUSED && len(sb.paused) < rtp.MaxSubscriptions {
			sb.paused[sid] = true
		} else {
			delete(sb.paused, sid)
		}
	}
}
