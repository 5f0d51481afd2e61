package client

import (
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

// onTrack takes in a track whose first packet has come.
func (sb *subscriptions) onTrack(t *rtp.Transport, track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	owner, sid := rtp.SplitStream(track.StreamID(), track.ID())
	delete(t.Retired, sid)
	r := rtp.NewRemoteTrack(owner, sid, track, receiver, t.Receiver().PC)
	if old := t.Remote[sid]; old != nil {
		sb.dropTrack(old)
	}
	sb.takeTrack(t, r)
	sb.s.negotiation.sectionFilled()
	sb.readyTracks()
}

func (sb *subscriptions) takeTrack(t *rtp.Transport, r *rtp.RemoteTrack) {
	t.Remote[r.SID()] = r
	sb.s.spawn(func() {
		r.ReadReports()
		sb.s.post(func() { sb.onTrackEnded(t, r) })
	})
}

func (sb *subscriptions) onTrackEnded(t *rtp.Transport, r *rtp.RemoteTrack) {
	if sb.s.transport == t && t.Remote[r.SID()] == r {
		sb.dropTrack(r)
	}
}

// readyTracks hands out what is both announced and arriving.
func (sb *subscriptions) readyTracks() {
	if sb.s.transport == nil {
		return
	}
	for _, r := range sb.s.transport.Remote {
		if r.HandedOut() {
			continue
		}
		if _, wanted := sb.told[r.SID()]; !wanted {
			continue // asked for a moment ago, or never
		}
		if id, info, ok := sb.s.roster.Track(r.OwnerSID(), r.SID()); ok && r.Carries(info.Kind) {
			r.HandOut(id, info)
			sb.s.emit(call.RemoteTrackReady{Track: r})
		}
	}
}

// refreshInfo tells the readers of a track what its owner says of it now.
func (sb *subscriptions) refreshInfo(track call.Track) {
	if sb.s.transport == nil {
		return
	}
	if r := sb.s.transport.Remote[track.SID]; r != nil {
		r.SetInfo(track)
	}
}

// dropTrack ends a track's reads and takes it back.
func (sb *subscriptions) dropTrack(r *rtp.RemoteTrack) {
	r.Interrupt()
	delete(sb.s.transport.Remote, r.SID())
	if r.HandedOut() {
		sb.s.emit(call.RemoteTrackGone{Track: r})
	}
}

func (sb *subscriptions) dropTracksOf(owner call.SID) {
	for _, r := range sb.tracksOf(owner) {
		sb.dropTrack(r)
	}
}

// tracksOf lists the tracks of somebody's that have arrived.
func (sb *subscriptions) tracksOf(owner call.SID) []*rtp.RemoteTrack {
	if sb.s.transport == nil {
		return nil
	}
	var tracks []*rtp.RemoteTrack
	for _, r := range sb.s.transport.Remote {
		if r.OwnerSID() == owner {
			tracks = append(tracks, r)
		}
	}
	return tracks
}

// mustSend reports whether packets of the track must be coming.
func (sb *subscriptions) mustSend(r *rtp.RemoteTrack) bool {
	if !r.HandedOut() || r.LastPacket().IsZero() || sb.paused[r.SID()] || sb.told[r.SID()].Paused {
		return false
	}
	_, track, ok := sb.s.roster.Track(r.OwnerSID(), r.SID())
	return ok && !track.Muted && track.Source != call.SourceScreen && track.Source != call.SourceScreenAudio
}

// dropAllOf takes back the media of somebody who leaves.
func (sb *subscriptions) dropAllOf(p call.Participant) {
	sb.dropTracksOf(p.SID)
	for _, t := range p.Tracks {
		sb.forget(t.SID)
	}
}
