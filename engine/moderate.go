package engine

import (
	"context"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Moderate does an operation of the room's door as us: call.OpRemove, OpBan,
// OpUnban, OpAllow, OpDisallow, OpMute, OpUnmute, OpLower, OpRole, OpRules,
// OpDismiss, OpMembers, OpBans, OpWaiting, OpAdmit or OpTurnAway. [call.Moderated]
// answers, or a call.CommandFailed if nothing could be done.
type Moderate doorapi.Order

// Word is the operation's name on the command line. "mute" and "unmute" are our
// own devices there.
func (m Moderate) Word() string {
	switch m.Op {
	case call.OpMute, call.OpUnmute:
		return string(m.Op) + "_participant"
	default:
		return string(m.Op)
	}
}

// doModerate checks what needs no door: nothing is sent for what none would do.
func (l *loop) doModerate(c Moderate) error {
	s, err := l.joinedStay(c)
	if err != nil {
		return err
	}
	request, err := doorapi.Order(c).Request(doorapi.RoomParameter(s.link.Room))
	switch {
	case err != nil:
		return err
	case s.link.IsLiveKit():
		return call.ErrNoDoor
	case s.permissions.Role != "" && !s.permissions.Role.Moderates():
		return call.ErrForbidden
	}
	session := s.session
	done := call.Moderated{Op: c.Op}
	j := s.of(opModerate)
	j.about = string(c.Op)
	l.request(s, j, func(ctx context.Context) error {
		return doorapi.Order(c).Perform(ctx, session.Moderate, request, &done)
	}, func(err error) {
		if err == nil {
			err = doorapi.NothingDone(done.Results)
		}
		if err != nil {
			l.emit(call.CommandFailed{Command: c.Word(), Err: err, Results: done.Results})
			return
		}
		l.emit(done)
	})
	return nil
}
