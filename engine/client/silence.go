package client

import (
	"maps"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

// A participant who does not beat any more, or, without beats, whose every open
// track has stopped, is marked as lost (contract O4: within 5 s). LiveKit's own
// judgement comes too late for that: it looks every 5 s, at a longer history
// (livekit-server, pkg/sfu/connectionquality), and not at those who publish nothing. Even with
// Opus' DTX a packet comes each 400 ms. Screens are left out: one that nobody
// touches may rest.
const (
	silenceTick = 500 * time.Millisecond
	sleepBound  = 2 * time.Second // a tick that comes so late finds a program that was stopped
)

// onSilenceTick looks for people whose packets have stopped coming.
func (s *session) onSilenceTick() {
	s.alarms.set(alarmSilence, silenceTick)
	now := time.Now()
	slept := now.Sub(s.listenedAt) > sleepBound
	s.listenedAt = now
	if slept || s.phase != phaseUp || s.transport == nil || !s.transport.connected() {
		s.heardSince = now // it is us who hear nothing
		return
	}
	events, dead := s.roster.Listen(s.lastPackets(), s.heardSince, now, s.limits.gone)
	s.emit(events...)
	for _, id := range dead {
		s.timeOut(id, now)
	}
	for _, sid := range s.roster.KeptByServer(s.heardSince, now, s.limits.kept) {
		s.bringBack(sid)
	}
	maps.DeleteFunc(s.timedOut, func(sid call.SID, _ []*remoteTrack) bool { return !s.roster.TimedOut(sid) })
}

// lastPackets is when the last packets of each person's came.
func (s *session) lastPackets() map[call.Identity]roster.Packets {
	packets := map[call.Identity]roster.Packets{}
	for _, r := range s.transport.remote {
		last, p := time.Unix(0, r.lastPacket.Load()), packets[r.owner]
		if last.After(p.Any) {
			p.Any = last
		}
		if s.audible(r) && last.After(p.Due) {
			p.Due = last
		}
		packets[r.owner] = p
	}
	return packets
}

// audible tells whether packets of the track must be coming.
func (s *session) audible(r *remoteTrack) bool {
	if !r.ready || r.lastPacket.Load() == 0 || s.paused[r.sid] || s.subs[r.sid].Paused {
		return false
	}
	_, track, ok := s.roster.Track(r.ownerSID, r.sid)
	return ok && !track.Muted && track.Source != call.SourceScreen && track.Source != call.SourceScreenAudio
}

// onStreamStates remembers what the server holds back for congestion.
func (s *session) onStreamStates(u *livekit.StreamStateUpdate) {
	for _, st := range u.GetStreamStates() {
		sid := call.SID(st.GetTrackSid())
		if st.GetState() == livekit.StreamState_PAUSED && len(s.paused) < maxSubscriptions {
			s.paused[sid] = true
		} else {
			delete(s.paused, sid)
		}
	}
}
