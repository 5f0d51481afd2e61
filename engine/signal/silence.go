package signal

import (
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// A participant who does not beat any more, or, without beats, whose every open
// track has stopped, is marked as lost (contract O4: within 5 s). LiveKit's own
// judgement comes too late for that: it looks every 5 s, at a longer history
// (S sfu/connectionquality), and not at those who publish nothing. Even with
// Opus' DTX a packet comes each 400 ms. Screens are left out: one that nobody
// touches may rest.
const (
	silenceBound = 3 * time.Second
	silenceTick  = 500 * time.Millisecond
)

// onSilenceTick looks for people whose packets have stopped coming.
func (s *session) onSilenceTick() {
	s.alarms.set(alarmSilence, silenceTick)
	if s.phase != phaseUp || s.transport == nil || !s.transport.connected() {
		s.heardSince = time.Now() // it is us who hear nothing
		return
	}
	media := map[call.Identity]time.Time{}
	for _, r := range s.transport.remote {
		if !s.audible(r) {
			continue
		}
		if last := time.Unix(0, r.lastPacket.Load()); last.After(media[r.owner]) {
			media[r.owner] = last
		}
	}
	now := time.Now()
	for id, p := range s.roster.people {
		p.life.listen(media[id], s.heardSince, now)
		s.emit(p.mark()...)
	}
}

// audible tells whether packets of the track must be coming.
func (s *session) audible(r *remoteTrack) bool {
	if !r.ready || r.lastPacket.Load() == 0 || s.paused[r.sid] || s.views[r.sid].GetDisabled() {
		return false
	}
	_, track, ok := s.roster.track(r.ownerSID, r.sid)
	return ok && !track.Muted && track.Source != call.SourceScreen && track.Source != call.SourceScreenAudio
}

// onStreamStates remembers what the server holds back for congestion.
func (s *session) onStreamStates(u *livekit.StreamStateUpdate) {
	for _, st := range u.GetStreamStates() {
		sid := call.SID(st.GetTrackSid())
		if st.GetState() == livekit.StreamState_PAUSED && len(s.paused) < maxViews {
			s.paused[sid] = true
		} else {
			delete(s.paused, sid)
		}
	}
}
