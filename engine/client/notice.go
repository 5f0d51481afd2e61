package client

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// Bounds of what is told about people who are put out.
const (
	verdictLife  = 10 * time.Second       // a person goes within this time of the news
	noticeLag    = 250 * time.Millisecond // by so much a reason may come after the news
	verdictBound = time.Second            // we go by ourselves if the server does not end it
	maxVerdicts  = 1024                   // people whose verdict is remembered
	maxCallID    = 64                     // bytes of an RPC's id
)

// unsupportedMethod is LiveKit's code of an RPC that nobody answers
// (livekit-server pkg/utils DataChannelRpcUnsupportedMethod).
const unsupportedMethod = 1400

// incomingNotice is a notice, or a call that must be answered; call is its id.
type incomingNotice struct {
	call   string
	known  bool // the method
	notice call.Notice
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
	in := incomingNotice{call: id, known: r.GetMethod() == call.MethodNotice}
	if in.known {
		in.notice, in.valid = parseNotice([]byte(r.GetPayload()))
	}
	d.notices = append(d.notices, in)
}

// parseNotice reads a notice and makes it fit to be shown.
func parseNotice(raw []byte) (call.Notice, bool) {
	var n call.Notice
	if len(raw) > call.MaxNotice || json.Unmarshal(raw, &n) != nil || n.Kind == "" || len(n.ID) > maxWord {
		return call.Notice{}, false
	}
	n.By, n.Text = label(n.By), cleanText(n.Text)
	if _, err := call.ParseRole(string(n.Role)); err != nil {
		n.Role = ""
	}
	return n, true
}

// cleanText makes what somebody said about a removal or ban fit to be shown. It is
// empty if there is nothing to be seen.
func cleanText(s string) string {
	s = clip(strings.TrimSpace(cleanChat(s)), call.MaxText)
	if !call.Visible(s) {
		return ""
	}
	return s
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
func (s *session) onNotice(n call.Notice) {
	switch n.Kind {
	case call.NoticePutOut:
		s.onPutOut(n)
	case call.NoticeDismissed:
		s.foresee(call.ReasonDismissed)
		s.condemn(verdict{reason: call.ReasonDismissed, by: n.By, text: n.Text})
	case call.NoticeLost, call.NoticeBack:
		if p := s.roster.people[n.ID]; p != nil {
			p.life.lostDoor = n.Kind == call.NoticeLost
			s.emit(p.mark()...)
		}
	default:
		s.onStandingNotice(n)
	}
}

// onStandingNotice takes what concerns the room's rules and our part in them. A
// right that we are told of holds once the server has given it, which comes by
// another connection: until then it is promised (see followRights).
func (s *session) onStandingNotice(n call.Notice) {
	ours := n.ID == s.roster.self.Identity
	if n.Kind == call.NoticeRole && ours {
		s.promised = ""
		if n.Role.Publishes() && !s.roster.shows {
			s.promised = n.Role
			return
		}
	}
	s.stand(func(st *call.Standing) {
		switch {
		case n.Kind == call.NoticeMuted && ours:
			st.Muted = true
		case n.Kind == call.NoticeUnmuted && ours:
			st.Muted = s.roster.self.Muted
		case n.Kind == call.NoticeRoom && n.Room != nil:
			st.Rules = *n.Room
		case n.Kind == call.NoticeRole && ours && n.Role != "":
			st.Role = n.Role
		case n.Kind == call.NoticeChatOff, n.Kind == call.NoticeChatOn:
			st.ChatOff = n.Kind == call.NoticeChatOff
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

// verdict is why somebody is put out, and who did it.
type verdict struct {
	reason   call.LeaveReason
	by, text string
	until    time.Time
	at       time.Time
}

func (s *session) onPutOut(n call.Notice) {
	v := verdict{reason: putOutReason(n.Reason), by: n.By, text: n.Text, at: time.Now()}
	if n.Until > 0 && v.reason == call.ReasonBanned {
		v.until = s.ticket.at(n.Until)
	}
	if n.ID == s.roster.self.Identity {
		s.condemn(v)
		return
	}
	if len(s.verdicts) >= maxVerdicts {
		clear(s.verdicts)
	}
	s.verdicts[n.ID] = v
	s.tellLeft(n.ID)
}

// reasonMayBeLate tells whether the reason of a leaving may be on its way: a
// notice comes by another connection than the news of who is gone.
func (s *session) reasonMayBeLate(e call.ParticipantLeft) bool {
	_, known := s.verdicts[e.Participant.Identity]
	return !known && e.Reason == call.ReasonRemoved
}

// holdLeft reports who is gone a little later.
func (s *session) holdLeft(e call.ParticipantLeft) {
	s.leftFor = append(s.leftFor, e)
	s.alarms.set(alarmLeft, noticeLag)
}

// tellLeft reports who is gone: one person, or all that wait.
func (s *session) tellLeft(id call.Identity) {
	var waiting []call.ParticipantLeft
	all := s.leftFor
	s.leftFor = nil
	for _, e := range all {
		if id != "" && e.Participant.Identity != id {
			waiting = append(waiting, e)
			continue
		}
		s.emit(s.refine(e))
	}
	s.leftFor = append(waiting, s.leftFor...)
}

// inOrder reports who is gone before anything that must come after it. Who comes
// again leaves for a reason of their own the next time.
func (s *session) inOrder(e call.SessionEvent) {
	switch e := e.(type) {
	case call.ParticipantJoined:
		s.tellLeft(e.Participant.Identity)
		delete(s.verdicts, e.Participant.Identity)
	case call.RosterReplaced, call.SessionEnded:
		s.tellLeft("")
	default:
	}
}

// putOutReason reads the reasons that a door may give.
func putOutReason(word string) call.LeaveReason {
	reason, err := call.ParseReason(word)
	known := []call.LeaveReason{call.ReasonBanned, call.ReasonDismissed, call.ReasonOfflineRemoved, call.ReasonDuplicate}
	if err != nil || !slices.Contains(known, reason) {
		return call.ReasonRemoved
	}
	return reason
}

// condemn remembers why we are about to be put out: the leave that follows only
// knows that we are. What the person alone was told says more than what the
// room hears.
func (s *session) condemn(v verdict) {
	if s.verdict == nil {
		s.alarms.set(alarmVerdict, verdictBound)
	} else if s.verdict.by != "" || s.verdict.text != "" {
		return
	}
	s.verdict = &v
}

// ended is the end that the verdict asks for.
func (v *verdict) ended() call.SessionEnded {
	return call.SessionEnded{Reason: v.reason, By: v.by, Text: v.text, Until: v.until}
}

// judged gives the end of the session the reason that we were told before.
func (s *session) judged(e call.SessionEnded) call.SessionEnded {
	switch e.Reason {
	case call.ReasonInternal, call.ReasonDuplicate, call.ReasonBanned:
		return e
	default:
	}
	if s.verdict == nil || e.By != "" || e.Text != "" {
		return e
	}
	return s.verdict.ended()
}

// refine gives another's leaving the reason that the door told.
func (s *session) refine(e call.ParticipantLeft) call.ParticipantLeft {
	v, known := s.verdicts[e.Participant.Identity]
	if !known || e.Reason == call.ReasonDuplicate {
		return e
	}
	delete(s.verdicts, e.Participant.Identity)
	if time.Since(v.at) > verdictLife {
		return e
	}
	e.Reason, e.By, e.Text = v.reason, v.by, v.text
	return e
}

// onVerdictDue goes when the server does not put us out after all it said.
func (s *session) onVerdictDue() {
	if s.verdict != nil {
		s.sendLeave()
		s.end(s.verdict.ended())
	}
}
