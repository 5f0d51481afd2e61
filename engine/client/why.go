package client

import (
	"context"
	"encoding/json"
	"errors"

	"foyer/engine/call"
)

// putOut ends the session by the server's hand, and asks first why if that is
// not known yet.
func (s *session) putOut(e call.SessionEnded) {
	if s.needsWhy(e) {
		s.askWhy(e)
	} else {
		s.end(e)
	}
}

// needsWhy tells whether there may be more to the end than the reason that the
// server gives: it says "removed" of a ban, too, and who did it and why comes
// beforehand. That may not have reached us: in the first moments of a stay there
// is no data channel yet, and the door waits for a busy client but shortly.
func (s *session) needsWhy(e call.SessionEnded) bool {
	byHand := e.Reason == call.ReasonRemoved || e.Reason == call.ReasonDismissed
	return byHand && s.verdict == nil && !s.req.Link.Plain() && s.ticket.host != ""
}

// askWhy asks the door with the token that has just died, and ends the session.
func (s *session) askWhy(e call.SessionEnded) {
	s.asksWhy = true
	t, room := s.ticket, call.RoomParameter(s.req.Link.Room)
	s.spawn(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.why)
		defer cancel()
		var err error
		if body, broken := json.Marshal(call.RoomRequest{Room: room}); broken == nil {
			err = askDoor(ctx, t, call.OpMembers, body, &call.MembersAnswer{})
		}
		s.post(func() {
			s.asksWhy = false
			s.end(because(e, err))
		})
	})
}

// because is the end with what the door's refusal says of it. Without one it
// stays as it was.
func because(e call.SessionEnded, err error) call.SessionEnded {
	if banned, ok := errors.AsType[*call.BannedError](err); ok {
		e.Reason, e.By, e.Text, e.Until = call.ReasonBanned, label(banned.By), cleanText(banned.Text), banned.Until
	}
	if out, ok := errors.AsType[*call.PutOutError](err); ok {
		e.Reason, e.By, e.Text = putOutReason(out.Reason.String()), label(out.By), cleanText(out.Text)
	}
	return e
}
