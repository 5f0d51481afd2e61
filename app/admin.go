package app

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/ui/words"
)

// adminCall is a command that is ready to be sent.
type adminCall struct {
	op      call.Operation
	request any
	answer  any
	table   func(words.Tables, time.Time) words.Table // of the answer; its times are by the server's clock
}

func runAdmin(std io3, args []string) int {
	a := newAdminFlags(std, adminCommands()...) // flags may stand before the command
	a.help = func(positional []string) { adminHelp(std, positional) }
	positional, status, ok := a.parse(args)
	if !ok {
		return status
	}
	if len(positional) == 0 {
		return a.misused("it takes a command: %s", adminWords())
	}
	c, err := a.call(positional[0], positional[1:])
	if err == nil {
		err = a.checkFlags(positional[0])
	}
	if err != nil {
		return a.misused("%v", err)
	}
	if a.admin.Server == "" || a.admin.KeyFile == "" {
		return a.misused("it needs --server and --admin-key-file")
	}
	ctx, stop := untilTold()
	defer stop()
	now, err := a.admin.DoAt(ctx, c.op, c.request, c.answer)
	if err != nil {
		return a.refused(err)
	}
	return a.print(c, now)
}

// call reads a command. Errors say what is wrong with the command line.
func (a *adminFlags) call(name string, args []string) (*adminCall, error) {
	if name == string(call.OpRooms) {
		if len(args) > 0 {
			return nil, fmt.Errorf("it does not take %q", args[0])
		}
		answer := &doorapi.RoomsAnswer{}
		return &adminCall{op: call.OpRooms, request: struct{}{}, answer: answer,
			table: func(b words.Tables, now time.Time) words.Table { return b.Rooms(*answer, now) }}, nil
	}
	if _, known := adminCommandNamed(name); !known {
		return nil, fmt.Errorf("there is no command %q; there are %s", name, adminWords())
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("%s takes a room", name)
	}
	if err := call.CheckRoomID(args[0]); err != nil {
		return nil, err
	}
	room, ids := doorapi.RoomParameter(args[0]), make([]call.Identity, 0, len(args)-1)
	for _, id := range args[1:] {
		if err := call.CheckKnownIdentity(id); err != nil {
			return nil, err
		}
		ids = append(ids, call.Identity(id))
	}
	if len(ids) > call.MaxPeople {
		return nil, fmt.Errorf("at most %d people in one call, not %d", call.MaxPeople, len(ids))
	}
	switch op := call.Operation(name); op {
	case call.OpRemove, call.OpBan, call.OpUnban, call.OpAllow, call.OpDisallow, call.OpRole,
		call.OpMute, call.OpUnmute, call.OpLower, call.OpAdmit, call.OpTurnAway:
		return a.aboutPeople(op, room, ids)
	default:
		if len(ids) > 0 {
			return nil, fmt.Errorf("%s does not take %q", name, ids[0])
		}
		return a.aboutRoom(op, room)
	}
}

// aboutPeople is a command with a result for each person.
func (a *adminFlags) aboutPeople(
	op call.Operation, room doorapi.RoomParameter, ids []call.Identity,
) (*adminCall, error) {
	answer := &doorapi.PeopleAnswer{}
	c := &adminCall{op: op, answer: answer,
		table: func(b words.Tables, _ time.Time) words.Table { return b.Results(*answer) }}
	if muting := op == call.OpMute || op == call.OpUnmute; muting {
		if a.all == (len(ids) > 0) || !a.all && len(a.except) > 0 {
			return nil, fmt.Errorf("%s takes either people or --all, with --except", op)
		}
		c.request = doorapi.MuteRequest{Room: room, IDs: ids, All: a.all, Except: a.except, Tell: a.tell}
		return c, nil
	}
	switch op {
	case call.OpLower, call.OpAdmit, call.OpTurnAway:
		if a.all == (len(ids) > 0) {
			return nil, fmt.Errorf("%s takes either people or --all", op)
		}
		c.request = doorapi.WaitersRequest{Room: room, IDs: ids, All: a.all, Text: a.text}
		if op == call.OpLower {
			c.request = doorapi.LowerRequest{Room: room, IDs: ids, All: a.all}
		}
		return c, call.CheckText(a.text)
	default:
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s takes the IDs of people", op)
	}
	if op == call.OpRole {
		role, err := call.ParseRole(a.role)
		if err != nil {
			return nil, errors.New("--role takes host, cohost, participant or listener")
		}
		c.request = doorapi.RoleRequest{Room: room, IDs: ids, Role: role}
		return c, nil
	}
	if err := call.CheckText(a.text); err != nil {
		return nil, err
	}
	if a.ban < 0 || a.ban%time.Minute != 0 || a.ban > call.MaxBanMinutes*time.Minute {
		return nil, fmt.Errorf("--for takes whole minutes, at most %dm", call.MaxBanMinutes)
	}
	c.request = doorapi.PeopleRequest{
		Room: room, IDs: ids, Text: a.text, Minutes: int(a.ban / time.Minute), Tell: a.tell,
	}
	return c, nil
}

// aboutRoom is a command about a room.
func (a *adminFlags) aboutRoom(op call.Operation, room doorapi.RoomParameter) (*adminCall, error) {
	c := &adminCall{op: op, request: doorapi.RoomRequest{Room: room}}
	switch op {
	case call.OpMembers:
		answer := &doorapi.MembersAnswer{}
		c.answer, c.table = answer, func(b words.Tables, now time.Time) words.Table { return b.Members(*answer, now) }
	case call.OpBans:
		answer := &doorapi.BansAnswer{}
		c.answer, c.table = answer, func(b words.Tables, now time.Time) words.Table { return b.Bans(*answer, now) }
	case call.OpWaiting:
		answer := &doorapi.WaitingAnswer{}
		c.answer, c.table = answer, func(b words.Tables, now time.Time) words.Table { return b.Waiting(*answer, now) }
	case call.OpWithdraw:
		c.answer, c.table = &doorapi.WithdrawAnswer{}, func(words.Tables, time.Time) words.Table { return words.Table{} }
	case call.OpRules:
		answer := &call.RoomRules{}
		if a.realTime%time.Second != 0 {
			return nil, errors.New("--real-time takes whole seconds")
		}
		c.request = a.rules(room)
		c.answer, c.table = answer, func(b words.Tables, _ time.Time) words.Table { return b.Rules(*answer) }
	case call.OpDismiss:
		c.request = doorapi.DismissRequest{Room: room, Text: a.text}
		c.answer, c.table = &struct{}{}, func(words.Tables, time.Time) words.Table { return words.Table{} }
		return c, call.CheckText(a.text)
	case call.OpChat:
		if a.say != "" {
			answer := &doorapi.ChatRow{}
			c.op, c.request = call.OpSay, doorapi.SayRequest{Room: room, Text: a.say}
			c.answer, c.table = answer, func(words.Tables, time.Time) words.Table { return words.Table{} }
			return c, call.CheckChat(a.say)
		}
		answer := &doorapi.ChatAnswer{}
		c.request = doorapi.ChatRequest{Room: room}
		c.answer, c.table = answer, func(b words.Tables, now time.Time) words.Table { return b.Chat(*answer, now) }
	default: // adminCommands has no other
		return nil, fmt.Errorf("%w: operation %q", call.ErrBadArgument, op)
	}
	return c, nil
}

// rules has what the command line gives, and nothing else.
func (a *adminFlags) rules(room doorapi.RoomParameter) doorapi.RulesRequest {
	q, seconds := doorapi.RulesRequest{Room: room}, int(a.realTime/time.Second)
	a.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "locked":
			q.Locked = &a.locked
		case "max-members":
			q.MaxMembers = &a.maxMembers
		case "refuse-newcomer":
			q.RefuseNewcomer = &a.refuse
		case "real-time":
			q.RealTime = &seconds
		case "keep-history":
			q.KeepHistory = &a.keep
		case "waiting":
			q.Waiting = &a.waiting
		}
	})
	return q
}

// refused says why the server did not do it.
func (a *adminFlags) refused(err error) int {
	refusal, ok := errors.AsType[*doorclient.RefusalError](err)
	if !ok {
		return a.serverFailed(err)
	}
	if a.asJSON {
		_ = json.NewEncoder(a.std.out).Encode(refusal.Door)
	}
	status := exitOtherReason
	if errors.Is(err, call.ErrBadArgument) {
		status = exitUsage
	}
	return a.explain(status, err)
}

// print shows the answer. The status is 3 if something was not done for somebody.
func (a *adminFlags) print(c *adminCall, now time.Time) int {
	if a.asJSON {
		_ = json.NewEncoder(a.std.out).Encode(c.answer)
	} else {
		table := c.table(words.Tables{Book: words.English()}, now)
		out := tabwriter.NewWriter(a.std.out, 0, 0, 2, ' ', 0)
		if len(table.Head) > 0 && len(table.Rows) > 0 {
			fmt.Fprintln(out, strings.Join(table.Head, "\t"))
		}
		for _, row := range table.Rows {
			fmt.Fprintln(out, strings.Join(row, "\t"))
		}
		_ = out.Flush()
		if len(table.Rows) == 0 && table.Empty != "" {
			fmt.Fprintln(a.std.out, table.Empty)
		}
	}
	if people, ok := c.answer.(*doorapi.PeopleAnswer); ok {
		for _, r := range people.Results {
			if r.Result != call.ResultDone {
				return exitOtherReason
			}
		}
	}
	return exitOK
}
