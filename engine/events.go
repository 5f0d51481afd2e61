package engine

import (
	"maps"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/ratelimit"
)

// feedBatch is how many events of a session are taken before whatever else
// waits, such as a wish to leave, gets its turn.
const feedBatch = 256

// sessionReader turns what the session reports into events and into changes of the
// stay.
type sessionReader struct{ l *loop }

// takeFeed takes what the session of s has reported. What it reports before
// Dial has returned it waits for.
func (sr *sessionReader) takeFeed(s *stay) {
	if sr.l.alive(s) && s.session == nil {
		return
	}
	if len(s.taken) == 0 {
		s.taken = s.feed.Take()
	}
	batch := s.taken[:min(len(s.taken), feedBatch)]
	if s.taken = s.taken[len(batch):]; len(s.taken) > 0 {
		sr.l.later(s.of(noteFeed), func(l *loop) { l.reader.takeFeed(s) })
	}
	for _, ev := range batch {
		sr.l.trace(func() Note { return Note{Kind: NoteSession, Gen: s.gen, Value: ev} })
		sr.take(s, ev)
	}
}

// take is one of these. Events of an earlier stay and of one that is
// ending change nothing.
func (sr *sessionReader) take(s *stay, ev call.SessionEvent) {
	switch {
	case !sr.l.alive(s):
	case s.joined:
		sr.roomEvent(s, ev)
	default:
		sr.joiningEvent(s, ev)
	}
}

// joiningEvent comes before we are in the room: nothing is known about anybody
// before the first roster.
func (sr *sessionReader) joiningEvent(s *stay, ev call.SessionEvent) {
	switch ev := ev.(type) {
	case call.RosterReplaced:
		sr.l.admitted(s, ev)
	case call.SessionEnded:
		sr.ended(s, ev)
	default:
	}
}

// roomEvent is about a stay that has joined. What the session says about ourselves
// and our tracks is left out: the engine reports those itself.
func (sr *sessionReader) roomEvent(s *stay, ev call.SessionEvent) {
	switch ev := ev.(type) {
	case call.SessionEnded:
		sr.ended(s, ev)
	case call.SessionReconnecting:
		sr.l.setState(call.StateReconnecting)
	case call.SessionReconnected:
		sr.l.setState(call.StateJoined)
		sr.l.devices.settleAll()
		sr.l.chat.catchUp(s)
	case call.RosterReplaced:
		sr.rosterReplaced(s, ev)
	case call.WaitersChanged:
		sr.l.emit(ev)
	case call.RulesChanged:
		sr.l.rulesChanged(s, ev.Standing)

	case call.ParticipantJoined:
		sr.present(s, ev.Participant)
	case call.ParticipantUpdated:
		sr.present(s, ev.Participant)
	case call.ParticipantLeft:
		sr.absent(s, ev)

	case call.TrackPublished:
		sr.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.TrackUnpublished:
		sr.trackEvent(s, ev.ID, ev.Track, ev.Local, false, ev)
	case call.TrackMuted:
		ev.Track.Muted = true
		sr.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.TrackUnmuted:
		ev.Track.Muted = false
		sr.trackEvent(s, ev.ID, ev.Track, ev.Local, true, ev)
	case call.RemoteTrackReady:
		sr.l.subscriptions.subscribe(s, ev.Track)
	case call.RemoteTrackGone:
		sr.l.subscriptions.gone(s, ev.Track)
	case call.LocalTrackMuted:
		sr.l.publications.mutedByHost(s, ev.SID)
	case call.LocalTrackGone:
		sr.l.publications.gone(s, ev.SID)

	case call.SpeakersChanged:
		s.speak(ev.Speakers)
		sr.l.emit(ev)
		sr.l.subscriptions.choose(s)
	case call.QualityChanged:
		if _, known := s.roster.Get(ev.ID); known || ev.ID == s.self.Identity {
			sr.l.emit(ev)
		}
	case call.DataReceived:
		if ev.Topic == doorapi.TopicReaction {
			sr.l.reactions.received(s, ev)
		} else {
			sr.l.emit(ev)
		}
	case call.ChatReceived:
		sr.l.chat.received(s, ev.Message)
	case call.ChatMissed:
		sr.l.chat.catchUp(s)
	}
}

// ended is the session's own end, whoever caused it.
func (sr *sessionReader) ended(s *stay, end call.SessionEnded) {
	s.sessionOver = true
	bug := end.Reason == call.ReasonInternal && end.Err != nil // of the session's, which no server can tell of
	if !bug && (end.Reason == call.ReasonUnknown || end.Reason.Own()) {
		end.Reason = call.ReasonOther(0) // LiveKit's UNKNOWN_REASON
	}
	sr.l.leave(end)
}

func (sr *sessionReader) trackEvent(s *stay, id call.Identity, t call.Track, local, there bool, ev call.Event) {
	if !local && id != s.self.Identity && s.roster.Track(id, t, there) {
		sr.l.subscriptions.choose(s)
		sr.l.emit(ev)
	}
}

// present puts somebody into the roster. The same identity with a new SID is a
// new join: its earlier tracks are gone, though nobody says so.
func (sr *sessionReader) present(s *stay, p call.Participant) {
	if p.Identity == s.self.Identity {
		if p.SID == s.self.SID {
			s.self.Hand = p.Hand
			sr.l.hands.changed(s)
		}
		return
	}
	before, known := s.roster.Put(p)
	sr.l.subscriptions.choose(s)
	if before.Hand != p.Hand {
		sr.l.hands.changed(s)
	}
	if known && before.SID == p.SID {
		sr.l.emit(call.ParticipantUpdated{Participant: p})
		return
	}
	if known {
		sr.l.subscriptions.unsubscribeOwner(s, before.SID)
	}
	s.people = max(s.people, s.roster.Len()+1)
	sr.l.emit(call.ParticipantJoined{Participant: p})
}

func (sr *sessionReader) absent(s *stay, ev call.ParticipantLeft) {
	known, _ := s.roster.Get(ev.Participant.Identity)
	if !s.roster.Remove(ev.Participant) {
		return
	}
	delete(s.reception.spoke, ev.Participant.Identity)
	delete(s.reacting, ev.Participant.Identity)
	if known.Hand != 0 {
		sr.l.hands.changed(s)
	}
	sr.l.subscriptions.unsubscribeOwner(s, known.SID)
	sr.l.subscriptions.choose(s)
	sr.l.emit(ev)
}

// rosterReplaced is the room after a reconnect: replaced, not merged (contract
// O8). A republishing one also ends everything that was received and sent.
func (sr *sessionReader) rosterReplaced(s *stay, ev call.RosterReplaced) {
	if ev.SessionID != s.sessionID {
		s.chat.last, s.chat.first = "", 0 // of another session of the room (contract N8)
	}
	sr.takeRoster(s, ev)
	for _, r := range s.received() {
		if ev.Republish || !s.roster.HasTrack(r.info.SID) {
			sr.l.subscriptions.unsubscribe(s, r)
		}
	}
	if ev.Republish {
		sr.l.publications.republish(s)
	}
	sr.l.emit(call.RoomUpdated{Session: s.sessionID, Self: s.self, Participants: s.roster.List()})
	if ev.Republish {
		sr.l.setState(call.StateJoined)
	}
	s.reception.told = nil // a new participant has no subscriptions
	sr.l.subscriptions.choose(s)
	sr.l.rulesChanged(s, ev.Standing)
	sr.l.devices.settleAll()
	sr.l.hands.replaced(s)
	sr.l.chat.catchUp(s)
}

func (sr *sessionReader) takeRoster(s *stay, ev call.RosterReplaced) {
	if ev.Title != "" {
		s.title = ev.Title
	}
	s.sessionID, s.self = ev.SessionID, ev.Self
	s.roster.Replace(ev.Participants)
	maps.DeleteFunc(s.reacting, func(id call.Identity, _ *ratelimit.Pace) bool {
		return id != s.self.Identity && !s.roster.Has(id)
	})
	s.people = max(s.people, s.roster.Len()+1)
}
