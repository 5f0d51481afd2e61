package engine

import (
	"context"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Moderate does an operation of the room's door as us: call.OpRemove, OpBan,
// OpUnban, OpAllow, OpDisallow, OpMute, OpUnmute, OpLower, OpRole, OpRules,
// OpDismiss, OpMembers or OpBans. [call.Moderated] answers, or a call.CommandFailed if
// nothing could be done. Fields that the operation does not know are left zero.
type Moderate struct {
	Op     call.Operation
	IDs    []call.Identity // 1..call.MaxPeople, but for All and for the whole room
	Text   string          // told to the person, or to everybody on a dismissal
	For    time.Duration   // of a ban, whole minutes; 0: until lifted
	Tell   bool            // tell the room who did it and the text
	All    bool            // mute or unmute everybody, or lower every hand
	Except []call.Identity // with All
	Role   call.Role
	Rules  doorapi.RulesRequest // the room in it is not looked at
}

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
	request, err := c.request(doorapi.RoomParameter(s.link.Room))
	switch {
	case err != nil:
		return err
	case s.link.Plain():
		return call.ErrNoDoor
	case s.permissions.Role != "" && !s.permissions.Role.Moderates():
		return call.ErrForbidden
	}
	session := s.session
	done := call.Moderated{Op: c.Op}
	j := s.of(opModerate)
	j.about = string(c.Op)
	l.request(s, j, func(ctx context.Context) error {
		return c.perform(ctx, session, request, &done)
	}, func(err error) {
		if err == nil {
			err = nothingDone(done.Results)
		}
		if err != nil {
			l.emit(call.CommandFailed{Command: c.Word(), Err: err, Results: done.Results})
			return
		}
		l.emit(done)
	})
	return nil
}

// request is what the operation sends.
func (m Moderate) request(room doorapi.RoomParameter) (any, error) {
	if err := call.CheckText(m.Text); err != nil {
		return nil, err
	}
	switch m.Op {
	case call.OpMembers, call.OpBans:
		return doorapi.RoomRequest{Room: room}, nil
	case call.OpRules:
		rules := m.Rules
		rules.Room = room
		return rules, nil
	case call.OpDismiss:
		return doorapi.DismissRequest{Room: room, Text: m.Text}, nil
	case call.OpMute, call.OpUnmute:
		if m.All {
			return doorapi.MuteRequest{Room: room, All: true, Except: m.Except}, nil
		}
		return doorapi.MuteRequest{Room: room, IDs: m.IDs}, m.checkPeople()
	case call.OpLower:
		if m.All {
			return doorapi.LowerRequest{Room: room, All: true}, nil
		}
		return doorapi.LowerRequest{Room: room, IDs: m.IDs}, m.checkPeople()
	case call.OpRole:
		if _, err := call.ParseRole(string(m.Role)); err != nil {
			return nil, err
		}
		return doorapi.RoleRequest{Room: room, IDs: m.IDs, Role: m.Role}, m.checkPeople()
	case call.OpBan:
		if m.For%time.Minute != 0 || m.For < 0 || m.For > call.MaxBanMinutes*time.Minute {
			return nil, fmt.Errorf("%w: a ban of %s", call.ErrBadArgument, m.For)
		}
		return doorapi.PeopleRequest{
			Room: room, IDs: m.IDs, Text: m.Text, Minutes: int(m.For / time.Minute), Tell: m.Tell,
		}, m.checkPeople()
	case call.OpRemove, call.OpUnban, call.OpAllow, call.OpDisallow:
		return doorapi.PeopleRequest{Room: room, IDs: m.IDs, Text: m.Text, Tell: m.Tell}, m.checkPeople()
	case call.OpRooms, call.OpChat, call.OpSay, call.OpWithdraw, call.OpHand: // the host's tools alone, or another command
	}
	return nil, fmt.Errorf("%w: operation %.64q", call.ErrBadArgument, string(m.Op))
}

func (m Moderate) checkPeople() error {
	if len(m.IDs) == 0 || len(m.IDs) > call.MaxPeople {
		return fmt.Errorf("%w: %d people, 1 to %d at once", call.ErrBadArgument, len(m.IDs), call.MaxPeople)
	}
	for _, id := range m.IDs {
		if err := call.CheckKnownIdentity(string(id)); err != nil {
			return err
		}
	}
	return nil
}

// perform asks the door, in a worker.
func (m Moderate) perform(ctx context.Context, session call.Session, request any, done *call.Moderated) error {
	switch m.Op {
	case call.OpMembers:
		var answer doorapi.MembersAnswer
		err := session.Moderate(ctx, m.Op, request, &answer)
		done.Members, done.Rules = answer.Members, &answer.Rules
		return err
	case call.OpBans:
		var answer doorapi.BansAnswer
		err := session.Moderate(ctx, m.Op, request, &answer)
		done.Bans = answer.Bans
		return err
	case call.OpRules:
		done.Rules = &call.RoomRules{}
		return session.Moderate(ctx, m.Op, request, done.Rules)
	case call.OpDismiss:
		return session.Moderate(ctx, m.Op, request, &struct{}{})
	default:
		var answer doorapi.PeopleAnswer
		err := session.Moderate(ctx, m.Op, request, &answer)
		done.Results = answer.Results
		return err
	}
}

// nothingDone is the error of an operation that was of no use to anybody
// (contract K7); nil if one person's went well.
func nothingDone(results []call.PersonResult) error {
	var first error
	for _, r := range results {
		var err error
		switch r.Result {
		case call.ResultAlreadyGone, call.ResultUnknown:
			err = call.ErrAlreadyGone
		case call.ResultForbidden:
			err = call.ErrForbidden
		case call.ResultNotBanned:
			err = call.ErrNotBanned
		case call.ResultFailed:
			err = call.ErrRefused
		default:
			return nil
		}
		if first == nil {
			first = fmt.Errorf("%s: %w", r.ID, err)
		}
	}
	return first
}
