package app

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/ui/words"
)

const adminUsage = `admin --server URL --admin-key-file F COMMAND

  rooms                                  the open rooms
  members ROOM                           who is in a room, or away for a moment
  remove ROOM ID... [--text T] [--tell]  remove people; they may come back
  ban ROOM ID... [--for D] [--text T] [--tell]
                                         remove people and refuse them
  unban ROOM ID...                       lift bans
  bans ROOM                              the bans in force
  withdraw ROOM                          cancel every invitation; people in the room stay
  allow|disallow ROOM ID...              exempt people from removal while offline
  mute|unmute ROOM ID... | --all [--except ID]...
  role ROOM ID... --role R               host, cohost, participant or listener
  rules ROOM [--locked=BOOL] [--max-members N] [--refuse-newcomer=BOOL]
             [--real-time D] [--keep-history=BOOL]
  dismiss ROOM [--text T]                close a room for everyone
  chat ROOM [--say T]                    the last messages, or send one`

// adminFlags are the flags of every `foyer admin` command.
type adminFlags struct {
	*command
	admin      doorclient.Admin
	asJSON     bool
	text, say  string
	ban        time.Duration
	all, tell  bool
	except     []call.Identity
	role       string
	locked     bool
	maxMembers int
	refuse     bool
	realTime   time.Duration
	keep       bool
}

func newAdminFlags(std io3) *adminFlags {
	a := &adminFlags{command: newCommand(std, "admin", adminUsage)}
	a.StringVar(&a.admin.Server, "server", "", "address of the server, as serve prints it")
	a.StringVar(&a.admin.KeyFile, "admin-key-file", "", "file with the admin key, as serve names it")
	a.BoolVar(&a.asJSON, "json", false, "print the server's answer as JSON")
	a.StringVar(&a.text, "text", "", "what to tell the people concerned")
	a.BoolVar(&a.tell, "tell", false, "tell the whole room, with the text")
	a.DurationVar(&a.ban, "for", 0, "how long a ban holds, in whole minutes (0: until lifted)")
	a.BoolVar(&a.all, "all", false, "mute or unmute everybody")
	a.Func("except", "with --all: not this `ID`; may be given several times", func(s string) error {
		a.except = append(a.except, call.Identity(s))
		return nil
	})
	a.StringVar(&a.role, "role", "", "host, cohost, participant or listener")
	a.BoolVar(&a.locked, "locked", false, "admit nobody new")
	a.IntVar(&a.maxMembers, "max-members", 0, "how many people may be in the room (0: any number)")
	a.BoolVar(&a.refuse, "refuse-newcomer", false, "refuse a second device of the same person instead of removing the first")
	a.DurationVar(&a.realTime, "real-time", 0, "when to remove an offline member, 20s to 5m (0: by the messages of others)")
	a.BoolVar(&a.keep, "keep-history", false, "keep the chat when the room is closed")
	a.StringVar(&a.say, "say", "", "send this as the host's tools")
	return a
}

// adminCommands are the words of adminUsage. Each is an operation of the door's;
// OpSay goes by chat's --say.
func adminCommands() []string {
	ops := []call.Operation{
		call.OpRooms, call.OpMembers, call.OpRemove, call.OpBan, call.OpUnban, call.OpBans, call.OpWithdraw,
		call.OpAllow, call.OpDisallow,
		call.OpMute, call.OpUnmute, call.OpRole, call.OpRules, call.OpDismiss, call.OpChat,
	}
	names := make([]string, 0, len(ops))
	for _, op := range ops {
		names = append(names, string(op))
	}
	return names
}

// adminCall is a command that is ready to be sent.
type adminCall struct {
	op      call.Operation
	request any
	answer  any
	table   func(*words.Book, time.Time) words.Table // of the answer; its times are by the server's clock
	flags   string                                   // that it takes, beside those of all
}

func runAdmin(std io3, args []string) int {
	a := newAdminFlags(std)
	positional, status, ok := a.parse(args)
	if !ok {
		return status
	}
	if len(positional) == 0 {
		return a.misused("it takes a command: %s", strings.Join(adminCommands(), ", "))
	}
	c, err := a.call(positional[0], positional[1:])
	if err == nil {
		err = a.checkFlags(c, positional[0])
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
			table: func(b *words.Book, now time.Time) words.Table { return b.Rooms(*answer, now) }}, nil
	}
	if !slices.Contains(adminCommands(), name) {
		return nil, fmt.Errorf("there is no command %q; there are %s", name, strings.Join(adminCommands(), ", "))
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
	case call.OpRemove, call.OpBan, call.OpUnban, call.OpAllow, call.OpDisallow, call.OpRole, call.OpMute, call.OpUnmute:
		return a.aboutPeople(op, room, ids)
	default:
		if len(ids) > 0 {
			return nil, fmt.Errorf("%s does not take %q", name, ids[0])
		}
		return a.aboutRoom(op, room)
	}
}

// aboutPeople is a command with a result for each person.
func (a *adminFlags) aboutPeople(op call.Operation, room doorapi.RoomParameter, ids []call.Identity) (*adminCall, error) {
	answer := &doorapi.PeopleAnswer{}
	c := &adminCall{op: op, answer: answer, table: func(b *words.Book, _ time.Time) words.Table { return b.Results(*answer) }}
	if muting := op == call.OpMute || op == call.OpUnmute; muting {
		if a.all == (len(ids) > 0) || !a.all && len(a.except) > 0 {
			return nil, fmt.Errorf("%s takes either people or --all, with --except", op)
		}
		c.flags = "all except tell"
		c.request = doorapi.MuteRequest{Room: room, IDs: ids, All: a.all, Except: a.except, Tell: a.tell}
		return c, nil
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s takes the IDs of people", op)
	}
	if op == call.OpRole {
		role, err := call.ParseRole(a.role)
		if err != nil {
			return nil, errors.New("--role takes host, cohost, participant or listener")
		}
		c.flags, c.request = "role", doorapi.RoleRequest{Room: room, IDs: ids, Role: role}
		return c, nil
	}
	if err := call.CheckText(a.text); err != nil {
		return nil, err
	}
	if a.ban < 0 || a.ban%time.Minute != 0 || a.ban > call.MaxBanMinutes*time.Minute {
		return nil, fmt.Errorf("--for takes whole minutes, at most %dm", call.MaxBanMinutes)
	}
	if op == call.OpRemove {
		c.flags = "text tell"
	}
	if op == call.OpBan {
		c.flags = "text tell for"
	}
	c.request = doorapi.PeopleRequest{Room: room, IDs: ids, Text: a.text, Minutes: int(a.ban / time.Minute), Tell: a.tell}
	return c, nil
}

// aboutRoom is a command about a room.
func (a *adminFlags) aboutRoom(op call.Operation, room doorapi.RoomParameter) (*adminCall, error) {
	c := &adminCall{op: op, request: doorapi.RoomRequest{Room: room}}
	switch op {
	case call.OpMembers:
		answer := &doorapi.MembersAnswer{}
		c.answer, c.table = answer, func(b *words.Book, now time.Time) words.Table { return b.Members(*answer, now) }
	case call.OpBans:
		answer := &doorapi.BansAnswer{}
		c.answer, c.table = answer, func(b *words.Book, now time.Time) words.Table { return b.Bans(*answer, now) }
	case call.OpWithdraw:
		c.answer, c.table = &doorapi.WithdrawAnswer{}, func(*words.Book, time.Time) words.Table { return words.Table{} }
	case call.OpRules:
		answer := &call.RoomRules{}
		if a.realTime%time.Second != 0 {
			return nil, errors.New("--real-time takes whole seconds")
		}
		c.flags, c.request = "locked max-members refuse-newcomer real-time keep-history", a.rules(room)
		c.answer, c.table = answer, func(b *words.Book, _ time.Time) words.Table { return b.Rules(*answer) }
	case call.OpDismiss:
		c.flags, c.request = "text", doorapi.DismissRequest{Room: room, Text: a.text}
		c.answer, c.table = &struct{}{}, func(*words.Book, time.Time) words.Table { return words.Table{} }
		return c, call.CheckText(a.text)
	case call.OpChat:
		c.flags = "say"
		if a.say != "" {
			answer := &doorapi.ChatRow{}
			c.op, c.request = call.OpSay, doorapi.SayRequest{Room: room, Text: a.say}
			c.answer, c.table = answer, func(*words.Book, time.Time) words.Table { return words.Table{} }
			return c, call.CheckChat(a.say)
		}
		answer := &doorapi.ChatAnswer{}
		c.request = doorapi.ChatRequest{Room: room}
		c.answer, c.table = answer, func(b *words.Book, now time.Time) words.Table { return b.Chat(*answer, now) }
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
		}
	})
	return q
}

// checkFlags refuses flags that the command would not heed.
func (a *adminFlags) checkFlags(c *adminCall, name string) error {
	takes := " server admin-key-file json log-level " + c.flags + " "
	var err error
	a.Visit(func(f *flag.Flag) {
		if !strings.Contains(takes, " "+f.Name+" ") {
			err = fmt.Errorf("%s does not take --%s", name, f.Name)
		}
	})
	return err
}

// refused says why the server did not do it.
func (a *adminFlags) refused(err error) int {
	var refusal *doorclient.RefusalError
	if !errors.As(err, &refusal) {
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
		table := c.table(words.English(), now)
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
