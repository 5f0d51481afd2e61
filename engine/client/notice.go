package client

import (
	"cmp"
	"time"

	"foyer/engine/call"
	"foyer/engine/client/data"
	"foyer/engine/doorapi"
)

// removalTimeout is after how long we leave by ourselves if the server does not
// remove us.
const removalTimeout = time.Second

// permissions are what we may do in the room. Only the loop uses them.
type permissions struct {
	s        *session
	current  call.Standing
	promised call.Role // we have it once the server lets us publish
}

// onCall answers the server first: it waits for that before it acts. What cannot
// be sent is not: it does not wait long.
func (s *session) onCall(in data.Notice) {
	for _, p := range in.Answers() {
		if _, err := s.data.sendPacket(p); err != nil {
			s.log.WithError(err).Debug("call could not be answered")
			break
		}
	}
	if in.Valid && !s.over() {
		s.onNotice(in.Notice)
	}
}

// onNotice takes what the door tells.
func (s *session) onNotice(n doorapi.Notice) {
	switch n.Kind {
	case doorapi.NoticePutOut:
		s.onRemoval(n)
	case doorapi.NoticeDismissed:
		s.ending.OthersLeft(call.ReasonDismissed, time.Now())
		s.expectRemoval(n)
	case doorapi.NoticeLost, doorapi.NoticeBack:
		s.emit(s.roster.SetLostByDoor(n.ID, n.Kind == doorapi.NoticeLost)...)
	case doorapi.NoticeWaiting:
		s.emit(call.WaitersChanged{Count: max(n.Count, 0), Name: n.By})
	default:
		s.permissions.onNotice(n)
	}
}

// onNotice takes what concerns the room's rules and our part in them. A
// right that we are told of holds once the server has given it, which comes by
// another connection: until then it is promised (see followRights).
func (pm *permissions) onNotice(n doorapi.Notice) {
	ours := n.ID == pm.s.roster.Self().Identity
	if n.Kind == doorapi.NoticeRole && ours {
		pm.promised = ""
		if n.Role.Publishes() && !pm.s.roster.CanPublish() {
			pm.promised = n.Role
			return
		}
	}
	pm.change(func(st *call.Standing) {
		switch {
		case n.Kind == doorapi.NoticeMuted && ours:
			st.Muted = true
		case n.Kind == doorapi.NoticeUnmuted && ours:
			st.Muted = pm.s.roster.Self().Muted
		case n.Kind == doorapi.NoticeRoom && n.Room != nil:
			st.Rules = *n.Room
		case n.Kind == doorapi.NoticeRole && ours && n.Role != "":
			st.Role = n.Role
		case n.Kind == doorapi.NoticeChatOff, n.Kind == doorapi.NoticeChatOn:
			st.ChatOff = n.Kind == doorapi.NoticeChatOff
		}
	})
}

// change changes our permissions and reports it if it is another one now.
func (pm *permissions) change(change func(*call.Standing)) {
	before := pm.current
	change(&pm.current)
	if pm.current != before {
		pm.s.emit(call.RulesChanged{Standing: pm.current})
	}
}

// onRemoval takes the news that somebody is to be removed.
func (s *session) onRemoval(n doorapi.Notice) {
	if n.ID == s.roster.Self().Identity {
		s.expectRemoval(n)
	} else {
		s.reportLeft(s.departures.Tell(n.ID, n.Removal(s.credentials.clock), time.Now()))
	}
}

// expectRemoval remembers why we are about to be removed, and leaves if the server
// does not do it.
func (s *session) expectRemoval(n doorapi.Notice) {
	if s.ending.Tell(n.Removal(s.credentials.clock)) {
		s.alarms.Set(alarmRemoval, removalTimeout)
	}
}

// reportLeft reports others whose reason for leaving has come, or comes no more.
func (s *session) reportLeft(left []call.ParticipantLeft) {
	for _, e := range left {
		s.emit(e)
	}
}

// onRemovalOverdue leaves when the server does not remove us after all it said.
func (s *session) onRemovalOverdue() {
	if s.ending.Told() {
		s.sendLeave()
		s.decide(s.ending.Overdue())
	}
}

// follow takes what the server lets us do now, and did before, into our
// permissions. A notice may have promised it, or be lost while there is no data
// channel yet.
func (pm *permissions) follow(muted, couldPublish bool) {
	pm.change(func(st *call.Standing) {
		if pm.s.roster.Self().Muted != muted {
			st.Muted = !muted
		}
		switch can := pm.s.roster.CanPublish(); {
		case can == couldPublish || st.Role == "" || st.Role.Publishes() == can:
		case can:
			st.Role = cmp.Or(pm.promised, call.RoleParticipant)
			pm.promised = ""
		default:
			st.Role = call.RoleListener
		}
	})
}
