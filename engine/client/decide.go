package client

import (
	"context"
	"errors"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/ending"
	"foyer/engine/client/signalconn"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// decide does what follows from what the server, the door or the network says.
func (s *session) decide(d ending.Decision) {
	if s.over() {
		return
	}
	switch d.Action {
	case ending.Resume, ending.FullReconnect:
		s.reconnection.begin(d.Cause, d.Action == ending.FullReconnect)
	case ending.AskDoor:
		s.askWhy()
	case ending.End:
		s.end(d.Ending)
	default:
	}
}

// end is the one way into phaseEnded from the server's side.
func (s *session) end(e call.SessionEnded) {
	s.log.WithField("reason", e.Reason.String()).Info("session ended")
	s.halted.Store(true)
	s.emit(e)
	s.phase = phaseEnded
	if s.signal != nil {
		s.signal.Close()
	}
	s.retire()
}

// askWhy asks the door with the token that has just died, and ends the session.
func (s *session) askWhy() {
	t, link, room := s.credentials, s.req.Link, doorapi.RoomParameter(s.req.Link.Room)
	s.spawn(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.why)
		defer cancel()
		ask, answer := doorapi.RoomRequest{Room: room}, &doorapi.MembersAnswer{}
		err := doorclient.Do(ctx, t.host, link, t.token, call.OpMembers, ask, answer)
		s.post(func() { s.decide(s.ending.DoorAnswered(err)) })
	})
}

// lost takes the loss of the connection. full is set if a resume cannot help.
func (s *session) lost(cause error, full bool) {
	if !s.over() {
		s.decide(s.ending.ConnectionLost(cause, full))
	}
}

// refusalOf describes an attempt to reconnect that did not succeed.
func refusalOf(err error, full bool) ending.Refusal {
	r := ending.Refusal{Err: err, Full: full, NobodyListens: errors.Is(err, doorclient.ErrNobodyListens)}
	if refused, ok := errors.AsType[*signalconn.LeaveError](err); ok {
		r.Leave = refused.Leave
	}
	return r
}

// onLeave obeys the server.
func (s *session) onLeave(l *livekit.LeaveRequest) { s.decide(s.ending.ServerLeave(l)) }
