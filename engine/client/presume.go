package client

import (
	"time"

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

// timeOut lets somebody go who must have died.
func (s *session) timeOut(id call.Identity, now time.Time) {
	p, ok := s.roster.Get(id)
	if !ok {
		return
	}
	s.log.WithField("peer", p.SID).Info("no sign of life: taken for gone")
	s.timedOut[p.SID] = s.tracksOf(p.SID)
	for _, event := range s.roster.TimeOut(id, now) {
		if left, ok := event.(call.ParticipantLeft); ok {
			s.dropAllOf(left.Participant)
			event, _ = s.departures.Left(left, now) // lost, not removed: it does not wait
		}
		s.emit(event)
	}
}

// bringBack takes in again somebody who has timed out and is there, with the
// tracks that are still announced.
func (s *session) bringBack(sid call.SID) {
	s.log.WithField("peer", sid).Info("was not gone")
	tracks := s.timedOut[sid]
	delete(s.timedOut, sid)
	s.emit(s.roster.BringBack(sid)...)
	if s.transport == nil {
		return
	}
	for _, r := range tracks {
		_, _, announced := s.roster.Track(sid, r.sid)
		if announced && s.transport.remote[r.sid] == nil {
			s.takeTrack(s.transport, r.again())
		}
	}
	s.followRoster()
}
