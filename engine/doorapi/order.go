package doorapi

import (
	"context"
	"fmt"
	"time"

	"foyer/engine/call"
)

// Order is an operation that a member gives from the room. Fields that the operation
// does not know are left zero.
type Order struct {
	Op     call.Operation
	IDs    []call.Identity // 1..call.MaxPeople, 1..MaxWaiters of people who wait; none with All and for the whole room
	Text   string          // told to the person, or to everybody on a dismissal
	For    time.Duration   // of a ban, whole minutes; 0: until lifted
	Tell   bool            // tell the room who did it and the text
	All    bool            // mute or unmute everybody, lower every hand, let in or turn away all
	Except []call.Identity // with All, of a mute
	Role   call.Role
	Rules  RulesRequest // the room in it is not looked at
}

// Request is what the operation sends.
func (o Order) Request(room RoomParameter) (any, error) {
	if err := call.CheckText(o.Text); err != nil {
		return nil, err
	}
	switch o.Op {
	case call.OpMembers, call.OpBans, call.OpWaiting:
		return RoomRequest{Room: room}, nil
	case call.OpRules:
		rules := o.Rules
		rules.Room = room
		return rules, nil
	case call.OpDismiss:
		return DismissRequest{Room: room, Text: o.Text}, nil
	case call.OpMute, call.OpUnmute:
		if o.All {
			return MuteRequest{Room: room, All: true, Except: o.Except}, nil
		}
		return MuteRequest{Room: room, IDs: o.IDs}, o.checkPeople()
	case call.OpLower:
		if o.All {
			return LowerRequest{Room: room, All: true}, nil
		}
		return LowerRequest{Room: room, IDs: o.IDs}, o.checkPeople()
	case call.OpAdmit, call.OpTurnAway:
		if o.All {
			return WaitersRequest{Room: room, All: true, Text: o.Text}, nil
		}
		return WaitersRequest{Room: room, IDs: o.IDs, Text: o.Text}, o.checkAtMost(MaxWaiters)
	case call.OpRole:
		if _, err := call.ParseRole(string(o.Role)); err != nil {
			return nil, err
		}
		return RoleRequest{Room: room, IDs: o.IDs, Role: o.Role}, o.checkPeople()
	case call.OpBan:
		if o.For%time.Minute != 0 || o.For < 0 || o.For > call.MaxBanMinutes*time.Minute {
			return nil, fmt.Errorf("%w: a ban of %s", call.ErrBadArgument, o.For)
		}
		return PeopleRequest{
			Room: room, IDs: o.IDs, Text: o.Text, Minutes: int(o.For / time.Minute), Tell: o.Tell,
		}, o.checkPeople()
	case call.OpRemove, call.OpUnban, call.OpAllow, call.OpDisallow:
		return PeopleRequest{Room: room, IDs: o.IDs, Text: o.Text, Tell: o.Tell}, o.checkPeople()
	case call.OpRooms, call.OpChat, call.OpSay, call.OpWithdraw, call.OpHand: // only the host's tools, or another command
	}
	return nil, fmt.Errorf("%w: operation %.64q", call.ErrBadArgument, string(o.Op))
}

func (o Order) checkPeople() error { return o.checkAtMost(call.MaxPeople) }

func (o Order) checkAtMost(most int) error {
	if len(o.IDs) == 0 || len(o.IDs) > most {
		return fmt.Errorf("%w: %d people, 1 to %d at once", call.ErrBadArgument, len(o.IDs), most)
	}
	for _, id := range o.IDs {
		if err := call.CheckKnownIdentity(string(id)); err != nil {
			return err
		}
	}
	return nil
}

// Perform asks the door by ask, which is that of a [call.Session], and notes the answer.
func (o Order) Perform(
	ctx context.Context, ask func(_ context.Context, _ call.Operation, request, answer any) error, request any,
	done *call.Moderated,
) error {
	switch o.Op {
	case call.OpMembers:
		var answer MembersAnswer
		err := ask(ctx, o.Op, request, &answer)
		done.Members, done.Rules = answer.Members, &answer.Rules
		return err
	case call.OpBans:
		var answer BansAnswer
		err := ask(ctx, o.Op, request, &answer)
		done.Bans = answer.Bans
		return err
	case call.OpWaiting:
		var answer WaitingAnswer
		err := ask(ctx, o.Op, request, &answer)
		done.Waiting, done.More = answer.Waiting, answer.More
		return err
	case call.OpRules:
		done.Rules = &call.RoomRules{}
		return ask(ctx, o.Op, request, done.Rules)
	case call.OpDismiss:
		return ask(ctx, o.Op, request, &struct{}{})
	default:
		var answer PeopleAnswer
		err := ask(ctx, o.Op, request, &answer)
		done.Results = answer.Results
		return err
	}
}

// NothingDone is the error of an operation that was of no use to anybody
// (contract K7); nil if one person's went well.
func NothingDone(results []call.PersonResult) error {
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
