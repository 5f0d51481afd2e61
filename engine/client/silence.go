package client

import (
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// A participant who does not beat any more, or, without beats, whose every open
// track has stopped, is marked as lost (contract O4: within 5 s). LiveKit's own
// judgement comes too late for that: it looks every 5 s, at a longer history
// (livekit-server, pkg/sfu/connectionquality), and not at those who publish nothing. Even with
// Opus' DTX a packet comes each 400 ms. Screens are left out: one that nobody
// touches may rest.
const (
	silenceBound = 3 * time.Second
	silenceTick  = 500 * time.Millisecond
	sleepBound   = 2 * time.Second // a tick that comes so late finds a program that was stopped
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
	due, all := s.lastPackets()
	for id, p := range s.roster.people {
		if p.life.dead(all[id], s.heardSince, now, s.limits.gone) {
			s.presume(p, now)
			continue
		}
		p.life.listen(due[id], s.heardSince, now)
		s.emit(p.mark()...)
	}
	s.checkPresumed(now)
}

// lastPackets is when the last packet of each person's came: of a track that
// must be sending now, and of any track.
func (s *session) lastPackets() (due, all map[call.Identity]time.Time) {
	due, all = map[call.Identity]time.Time{}, map[call.Identity]time.Time{}
	for _, r := range s.transport.remote {
		last := time.Unix(0, r.lastPacket.Load())
		if last.After(all[r.owner]) {
			all[r.owner] = last
		}
		if s.audible(r) && last.After(due[r.owner]) {
			due[r.owner] = last
		}
	}
	return due, all
}

// audible tells whether packets of the track must be coming.
func (s *session) audible(r *remoteTrack) bool {
	if !r.ready || r.lastPacket.Load() == 0 || s.paused[r.sid] || s.subs[r.sid].Paused {
		return false
	}
	_, track, ok := s.roster.track(r.ownerSID, r.sid)
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
