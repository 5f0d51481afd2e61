package engine

import (
	"foyer/engine/call"
)

// feedBatch is how many events of a session are taken before whatever else
// waits, such as a wish to leave, gets its turn.
const feedBatch = 256

// takeFeed takes what the session of s has reported. What it reports before
// Dial has returned it waits for.
func (l *loop) takeFeed(s *stay) {
	if l.alive(s) && s.session == nil {
		return
	}
	if len(s.taken) == 0 {
		s.taken = s.feed.Take()
	}
	batch := s.taken[:min(len(s.taken), feedBatch)]
	if s.taken = s.taken[len(batch):]; len(s.taken) > 0 {
		l.later(s.of(noteFeed), func(l *loop) { l.takeFeed(s) })
	}
	for _, ev := range batch {
		l.trace(func() Note { return Note{Kind: NoteSession, Gen: s.gen, Value: ev} })
		l.sessionEvent(s, ev)
	}
}

// sessionEvent is one of these. Events of an earlier stay and of one that is
// ending change nothing.
func (l *loop) sessionEvent(s *stay, ev call.SessionEvent) {
	switch {
	case !l.alive(s):
	case s.joined:
		l.roomEvent(s, ev)
	default:
		l.joiningEvent(s, ev)
	}
}

// joiningEvent comes before we are in the room: nothing is known about anybody
// before the first roster.
func (l *loop) joiningEvent(s *stay, ev call.SessionEvent) {
	switch ev := ev.(type) {
	case call.RosterReplaced:
		l.admitted(s, ev)
	case call.SessionEnded:
		l.sessionEnded(s, ev)
	default:
	}
}

// roomEvent is about a stay that has joined. What the session says about ourselves
// and our tracks is left out: the engine reports those itself.
func (l *loop) roomEvent(s *stay, ev call.SessionEvent) {
	switch ev := ev.(type) {
	case call.SessionEnded:
		l.sessionEnded(s, ev)
	case call.SessionReconnecting:
		l.setState(call.StateReconnecting)
	case call.SessionReconnected:
		l.setState(call.StateJoined)
		l.settleAll()
		l.catchUp(s)
	case call.RosterReplaced:
		l.rosterReplaced(s, ev)
	case call.RulesChanged:
		l.rulesChanged(s, ev.Standing)

	case call.ParticipantJoined:
		l.present(s, ev.Participant)
	case call.ParticipantUpdated:
		l.present(s, ev.Participant)
	case call.ParticipantLeft:
		l.absent(s, ev)

	case call.TrackPublished:
		l.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.TrackUnpublished:
		l.trackEvent(s, ev.ID, ev.Track, ev.Local, false, ev)
	case call.TrackMuted:
		ev.Track.Muted = true
		l.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.TrackUnmuted:
		ev.Track.Muted = false
		l.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.RemoteTrackReady:
		l.subscribe(s, ev.Track)
	case call.RemoteTrackGone:
		l.remoteGone(s, ev.Track)
	case call.LocalTrackMuted:
		l.localMuted(s, ev.SID)
	case call.LocalTrackGone:
		l.localGone(s, ev.SID)

	case call.SpeakersChanged:
		s.speak(ev.Speakers)
		l.emit(ev)
		l.choose(s)
	case call.QualityChanged:
		if _, known := s.roster.get(ev.ID); known || ev.ID == s.self.Identity {
			l.emit(ev)
		}
	case call.DataReceived:
		l.emit(ev)
	case call.ChatReceived:
		l.chatReceived(s, ev.Message)
	case call.ChatMissed:
		l.catchUp(s)
	}
}

// sessionEnded is the session's own end, whoever caused it.
func (l *loop) sessionEnded(s *stay, end call.SessionEnded) {
	s.sessionOver = true
	c := cause{reason: end.Reason, by: end.By, text: end.Text, until: end.Until, err: end.Err}
	switch {
	case end.Reason == call.ReasonInternal && end.Err != nil: // a bug of the session's, which no server can tell of
	case end.Reason == call.ReasonUnknown, end.Reason.Own():
		c.reason = call.ReasonOther(0) // LiveKit's UNKNOWN_REASON
	case end.Reason == call.ReasonConnectionLost && !s.joined:
		c.reason = call.ReasonJoinFailed
		if c.err == nil {
			c.err = call.ErrConnectionLost
		}
	}
	l.leave(c)
}

func (l *loop) trackEvent(s *stay, id call.Identity, t call.Track, local, there bool, ev call.Event) {
	if !local && id != s.self.Identity && s.roster.track(id, t, there) {
		l.choose(s)
		l.emit(ev)
	}
}

// present puts somebody into the roster. The same identity with a new SID is a
// new join: its earlier tracks are gone, though nobody says so.
func (l *loop) present(s *stay, p call.Participant) {
	if p.Identity == s.self.Identity {
		return
	}
	before, known := s.roster.put(p)
	l.choose(s)
	if known && before.SID == p.SID {
		l.emit(call.ParticipantUpdated{Participant: p})
		return
	}
	if known {
		l.unsubscribeOwner(s, before.SID)
	}
	s.people = max(s.people, len(s.roster.people)+1)
	l.emit(call.ParticipantJoined{Participant: p})
}

func (l *loop) absent(s *stay, ev call.ParticipantLeft) {
	known, _ := s.roster.get(ev.Participant.Identity)
	if !s.roster.remove(ev.Participant) {
		return
	}
	delete(s.reception.spoke, ev.Participant.Identity)
	l.unsubscribeOwner(s, known.SID)
	l.choose(s)
	l.emit(ev)
}

// rosterReplaced is the room after a reconnect: replaced, not merged (contract
// O8). A republishing one also ends everything that was received and sent.
func (l *loop) rosterReplaced(s *stay, ev call.RosterReplaced) {
	if ev.SessionID != s.sessionID {
		s.chat.last, s.chat.first = "", 0 // of another session of the room (contract N8)
	}
	l.takeRoster(s, ev)
	for _, r := range s.received() {
		if ev.Republish || !s.roster.hasTrack(r.info.SID) {
			l.unsubscribe(s, r)
		}
	}
	if ev.Republish {
		l.republish(s)
	}
	l.emit(call.RoomUpdated{Session: s.sessionID, Self: s.self, Participants: s.roster.list()})
	if ev.Republish {
		l.setState(call.StateJoined)
	}
	s.reception.told = nil // a new participant has no subscriptions
	l.choose(s)
	l.rulesChanged(s, ev.Standing)
	l.settleAll()
	l.catchUp(s)
}

func (l *loop) takeRoster(s *stay, ev call.RosterReplaced) {
	if ev.Title != "" {
		s.title = ev.Title
	}
	s.sessionID, s.self = ev.SessionID, ev.Self
	s.roster.replace(ev.Participants)
	s.people = max(s.people, len(s.roster.people)+1)
}
