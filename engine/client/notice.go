package client

import (
	"encoding/json"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Limits of notices.
const (
	removalTimeout = time.Second // we leave by ourselves if the server does not remove us
	maxCallID      = 64          // bytes of an RPC's id
)

// unsupportedMethod is LiveKit's code of an RPC that nobody answers
// (livekit-server pkg/utils DataChannelRpcUnsupportedMethod).
const unsupportedMethod = 1400

// incomingNotice is a notice, or a call that must be answered; call is its id.
type incomingNotice struct {
	call   string
	known  bool // the method
	notice doorapi.Notice
	valid  bool
}

// hearNotice takes a notice to everybody. The SFU writes the sender into what
// participants send, so that only the server's own packets have none.
func (d *dataState) hearNotice(packet *livekit.DataPacket, u *livekit.UserPacket) {
	if packet.GetParticipantIdentity() != "" {
		return
	}
	if n, ok := parseNotice(u.GetPayload()); ok {
		d.notices = append(d.notices, incomingNotice{notice: n, valid: true})
	}
}

// hearCall takes the server's RPC. It bears its own id as the sender (S
// rtc/participant.go PerformRpc), which a participant could have as well: but
// the SFU writes a participant's SID into what that sends.
func (d *dataState) hearCall(packet *livekit.DataPacket, r *livekit.RpcRequest) {
	id := r.GetId()
	if id == "" || len(id) > maxCallID || packet.GetParticipantSid() != "" || packet.GetParticipantIdentity() != id {
		return
	}
	in := incomingNotice{call: id, known: r.GetMethod() == doorapi.MethodNotice}
	if in.known {
		in.notice, in.valid = parseNotice([]byte(r.GetPayload()))
	}
	d.notices = append(d.notices, in)
}

// parseNotice reads a notice and makes it fit to be shown.
func parseNotice(raw []byte) (doorapi.Notice, bool) {
	var n doorapi.Notice
	if len(raw) > doorapi.MaxNotice || json.Unmarshal(raw, &n) != nil || n.Kind == "" || len(n.ID) > call.MaxIDBytes {
		return doorapi.Notice{}, false
	}
	n.By, n.Text = call.Label(n.By), call.CleanRemovalText(n.Text)
	if _, err := call.ParseRole(string(n.Role)); err != nil {
		n.Role = ""
	}
	return n, true
}

// onCall answers the server first: it waits for that before it acts.
func (s *session) onCall(in incomingNotice) {
	if in.call != "" {
		s.answerCall(in)
	}
	if in.valid && !s.over() {
		s.onNotice(in.notice)
	}
}

// answerCall acknowledges and answers an RPC. What cannot be sent is not: the
// server does not wait long.
func (s *session) answerCall(in incomingNotice) {
	response := &livekit.RpcResponse{RequestId: in.call, Value: &livekit.RpcResponse_Payload{}}
	if !in.known {
		response.Value = &livekit.RpcResponse_Error{Error: &livekit.RpcError{Code: unsupportedMethod, Message: "Method not supported at destination"}}
	}
	for _, p := range []*livekit.DataPacket{
		{Value: &livekit.DataPacket_RpcAck{RpcAck: &livekit.RpcAck{RequestId: in.call}}},
		{Value: &livekit.DataPacket_RpcResponse{RpcResponse: response}},
	} {
		p.DestinationIdentities = []string{in.call}
		if _, err := s.sendPacket(p); err != nil {
			s.log.WithError(err).Debug("call could not be answered")
			return
		}
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
	default:
		s.onStandingNotice(n)
	}
}

// onStandingNotice takes what concerns the room's rules and our part in them. A
// right that we are told of holds once the server has given it, which comes by
// another connection: until then it is promised (see followRights).
func (s *session) onStandingNotice(n doorapi.Notice) {
	ours := n.ID == s.roster.Self().Identity
	if n.Kind == doorapi.NoticeRole && ours {
		s.promised = ""
		if n.Role.Publishes() && !s.roster.CanPublish() {
			s.promised = n.Role
			return
		}
	}
	s.stand(func(st *call.Standing) {
		switch {
		case n.Kind == doorapi.NoticeMuted && ours:
			st.Muted = true
		case n.Kind == doorapi.NoticeUnmuted && ours:
			st.Muted = s.roster.Self().Muted
		case n.Kind == doorapi.NoticeRoom && n.Room != nil:
			st.Rules = *n.Room
		case n.Kind == doorapi.NoticeRole && ours && n.Role != "":
			st.Role = n.Role
		case n.Kind == doorapi.NoticeChatOff, n.Kind == doorapi.NoticeChatOn:
			st.ChatOff = n.Kind == doorapi.NoticeChatOff
		}
	})
}

// stand changes our standing and reports it if it is another one now.
func (s *session) stand(change func(*call.Standing)) {
	before := s.standing
	change(&s.standing)
	if s.standing != before {
		s.emit(call.RulesChanged{Standing: s.standing})
	}
}

// onRemoval takes the news that somebody is to be removed.
func (s *session) onRemoval(n doorapi.Notice) {
	if n.ID == s.roster.Self().Identity {
		s.expectRemoval(n)
	} else {
		s.reportLeft(s.departures.Tell(n.ID, n.Removal(s.ticket.clock), time.Now()))
	}
}

// expectRemoval remembers why we are about to be removed, and leaves if the server
// does not do it.
func (s *session) expectRemoval(n doorapi.Notice) {
	if s.ending.Tell(n.Removal(s.ticket.clock)) {
		s.alarms.set(alarmVerdict, removalTimeout)
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
