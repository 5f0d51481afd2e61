package client

import (
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// LiveKit lets the dead go after 10, 5 and 5 s (livekit-server, pkg/rtc/transport.go,
// participant.go). But pion looks at the first two every 2 s only, and so it is
// 22 s now and then, past the 21 s of contract O4. Therefore we do not wait: a
// peer that used to beat and has given no sign of life for as long is taken for
// gone. It beats once a second, and we look twice a second: 19 to 20.5 s after
// its death. What LiveKit says about it afterwards is no news. If it beats again
// it is back, and also if LiveKit keeps it: that knows better.
const (
	goneBound = 20 * time.Second
	keptBound = 10 * time.Second
)

// presumption is somebody who counts as gone while the server still has them.
type presumption struct {
	*person
	at     time.Time
	tracks []*remoteTrack // interrupted
}

// dead tells whether a peer must be taken for gone. media is when the last
// packet of any track of its came, deaf is until when we could not hear anybody.
// Who has never beaten, may not, or has said that it reconnects, is left to the
// server.
func (l *life) dead(media, deaf, now time.Time, bound time.Duration) bool {
	if !l.canBeat || l.mending || l.beatAt.IsZero() {
		return false
	}
	last := l.beatAt
	for _, t := range []time.Time{media, deaf} {
		if t.After(last) {
			last = t
		}
	}
	return now.Sub(last) > max(bound, l.beatBound)
}

// presume lets somebody go who must be dead.
func (s *session) presume(p *person, now time.Time) {
	s.log.WithField("peer", p.SID).Info("no sign of life: taken for gone")
	for _, event := range s.roster.presume(&presumption{person: p, at: now, tracks: s.tracksOf(p.SID)}) {
		if left, ok := event.(call.ParticipantLeft); ok {
			s.dropAllOf(left.Participant)
			event, _ = s.departures.Left(left, now) // lost, not removed: it does not wait
		}
		s.emit(event)
	}
}

// bringBack takes in again who was taken for gone and is not, with the tracks
// that are still announced.
func (s *session) bringBack(p *presumption) {
	s.log.WithField("peer", p.SID).Info("was not gone")
	s.emit(s.roster.bringBack(p)...)
	if s.transport == nil {
		return
	}
	for _, r := range p.tracks {
		_, _, announced := s.roster.track(p.SID, r.sid)
		if announced && s.transport.remote[r.sid] == nil {
			s.takeTrack(s.transport, r.again())
		}
	}
	s.followRoster()
}

// checkPresumed brings back whom the server keeps.
func (s *session) checkPresumed(now time.Time) {
	for _, p := range s.roster.presumed {
		since := p.at
		if s.heardSince.After(since) {
			since = s.heardSince
		}
		if now.Sub(since) > s.limits.kept {
			s.bringBack(p)
		}
	}
}

func (r *roster) presume(p *presumption) []call.SessionEvent {
	r.presumed[p.Identity] = p
	return r.leave(p.person, call.ReasonConnectionLost)
}

// bringBack begins anew to judge whether somebody is there: one that the server
// keeps without a beat is not presumed again.
func (r *roster) bringBack(p *presumption) []call.SessionEvent {
	delete(r.presumed, p.Identity)
	p.Lost, p.life = false, life{canBeat: !p.Muted}
	return r.add(p.person)
}

// presumedOf finds who has that SID among those taken for gone.
func (r *roster) presumedOf(sid call.SID) *presumption {
	for _, p := range r.presumed {
		if p.SID == sid {
			return p
		}
	}
	return nil
}

// settle takes the server's news of somebody who was taken for gone.
func (r *roster) settle(p *presumption, info *livekit.ParticipantInfo) []call.SessionEvent {
	gone := info.GetState() == livekit.ParticipantInfo_DISCONNECTED
	switch same := call.SID(info.GetSid()) == p.SID; {
	case same && gone:
		delete(r.presumed, p.Identity)
	case same && info.GetVersion() >= p.version:
		p.Participant, p.version = r.participant(info, p.Tracks), info.GetVersion()
		p.callIt()
	case !same && !gone && !joinedAt(info).Before(p.JoinedAt):
		delete(r.presumed, p.Identity)
		return r.join(info)
	}
	return nil
}
