package app

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorclient"
)

// adminCommand is a word after `foyer admin`.
type adminCommand struct {
	op    call.Operation // its word
	takes string         // what stands after the word
	about string         // what it does
	flags string         // its own, beside those of all
}

// adminCommands are operations of the door's; OpSay goes by chat's --say.
func adminCommands() []adminCommand {
	return []adminCommand{
		{op: call.OpRooms, about: "the open rooms"},
		{op: call.OpMembers, takes: "ROOM", about: "who is in a room, or away for a moment"},
		{op: call.OpRemove, takes: "ROOM ID... [--text T] [--tell]",
			about: "remove people; they may come back", flags: "text tell"},
		{op: call.OpBan, takes: "ROOM ID... [--for D] [--text T] [--tell]",
			about: "remove people and refuse them", flags: "for text tell"},
		{op: call.OpUnban, takes: "ROOM ID...", about: "lift bans"},
		{op: call.OpBans, takes: "ROOM", about: "the bans in force"},
		{op: call.OpWithdraw, takes: "ROOM", about: "cancel every invitation; people in the room stay"},
		{op: call.OpAllow, takes: "ROOM ID...", about: "exempt people from removal while offline"},
		{op: call.OpDisallow, takes: "ROOM ID...", about: "end that exemption"},
		{op: call.OpMute, takes: "ROOM ID... | --all [--except ID]... [--tell]",
			about: "mute people, or everybody", flags: "all except tell"},
		{op: call.OpUnmute, takes: "ROOM ID... | --all [--except ID]... [--tell]",
			about: "let them speak again", flags: "all except tell"},
		{op: call.OpLower, takes: "ROOM ID... | --all", about: "lower raised hands", flags: "all"},
		{op: call.OpRole, takes: "ROOM ID... --role R",
			about: "host, cohost, participant or listener", flags: "role"},
		{op: call.OpRules, takes: "ROOM [--locked=BOOL] [--max-members N] [--refuse-newcomer=BOOL]\n" +
			"             [--real-time D] [--keep-history=BOOL] [--waiting=BOOL]",
			about: "show the rules, or change them",
			flags: "locked max-members refuse-newcomer real-time keep-history waiting"},
		{op: call.OpWaiting, takes: "ROOM", about: "list people who are waiting"},
		{op: call.OpAdmit, takes: "ROOM ID... | --all", about: "let people in", flags: "all"},
		{op: call.OpTurnAway, takes: "ROOM ID... | --all [--text T]", about: "turn people away", flags: "all text"},
		{op: call.OpDismiss, takes: "ROOM [--text T]", about: "close a room for everyone", flags: "text"},
		{op: call.OpChat, takes: "ROOM [--say T]", about: "the last messages, or send one", flags: "say"},
	}
}

// adminCommandNamed finds a command by its word.
func adminCommandNamed(word string) (c adminCommand, known bool) {
	for _, c := range adminCommands() {
		if string(c.op) == word {
			return c, true
		}
	}
	return adminCommand{}, false
}

// adminWords lists the commands in a sentence.
func adminWords() string {
	var all []string
	for _, c := range adminCommands() {
		all = append(all, string(c.op))
	}
	return strings.Join(all, ", ")
}

// adminAlways is what every command takes and needs.
const adminAlways = "--server URL --admin-key-file F"

// adminHelp prints how a command is used, and the flags that it takes; without a
// command it names them all.
func adminHelp(std io3, positional []string) {
	if len(positional) > 0 {
		if c, known := adminCommandNamed(positional[0]); known {
			newAdminFlags(std, c).help(nil)
			return
		}
	}
	newAdminFlags(std).help(nil)
}

// adminSynopsis is the usage of one command, or, unless it is exactly one, of
// `foyer admin` itself.
func adminSynopsis(commands []adminCommand) string {
	if len(commands) == 1 {
		c := commands[0]
		return strings.TrimRight(fmt.Sprintf("admin %s %s %s", adminAlways, c.op, c.takes), " ") + "\n\n" + c.about
	}
	const column = 41
	var all strings.Builder
	fmt.Fprintf(&all, "admin %s COMMAND\n", adminAlways)
	for _, c := range adminCommands() {
		line := fmt.Sprintf("\n  %s %s", c.op, c.takes)
		if len(line)-1 > column-2 {
			all.WriteString(line)
			line = "\n"
		}
		fmt.Fprintf(&all, "%-*s%s", column+1, line, c.about)
	}
	return all.String() + "\n\n\"foyer admin COMMAND --help\" lists the flags of a command. All of them take these:"
}

// adminFlags are the flags of `foyer admin` commands.
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
	waiting    bool
}

// newAdminFlags takes the flags of some commands, and those that all have.
func newAdminFlags(std io3, commands ...adminCommand) *adminFlags {
	a := &adminFlags{command: newCommand(std, "admin", adminSynopsis(commands))}
	a.StringVar(&a.admin.Server, "server", "", "address of the server, as serve prints it")
	a.StringVar(&a.admin.KeyFile, "admin-key-file", "", "file with the admin key, as serve names it")
	a.BoolVar(&a.asJSON, "json", false, "print the server's answer as JSON")
	for _, c := range commands {
		for _, name := range strings.Fields(c.flags) {
			if a.Lookup(name) == nil {
				a.define(name)
			}
		}
	}
	return a
}

// define adds a flag that only some commands have.
func (a *adminFlags) define(name string) {
	switch name {
	case "text":
		a.StringVar(&a.text, name, "", "what to tell the people concerned")
	case "tell":
		a.BoolVar(&a.tell, name, false, "tell the whole room, with the text")
	case "for":
		a.DurationVar(&a.ban, name, 0, "how long a ban holds, in whole minutes (0: until lifted)")
	case "all":
		a.BoolVar(&a.all, name, false, "everybody")
	case "except":
		a.Func(name, "with --all: not this `ID`; may be given several times", func(s string) error {
			a.except = append(a.except, call.Identity(s))
			return nil
		})
	case "role":
		a.StringVar(&a.role, name, "", "host, cohost, participant or listener")
	case "locked":
		a.BoolVar(&a.locked, name, false, "admit nobody new")
	case "max-members":
		a.IntVar(&a.maxMembers, name, 0, "how many people may be in the room (0: any number)")
	case "refuse-newcomer":
		a.BoolVar(&a.refuse, name, false, "refuse a second device of the same person instead of removing the first")
	case "real-time":
		a.DurationVar(&a.realTime, name, 0, "when to remove an offline member, 20s to 5m (0: by the messages of others)")
	case "keep-history":
		a.BoolVar(&a.keep, name, false, "keep the chat when the room is closed")
	case "waiting":
		a.BoolVar(&a.waiting, name, false, "let newcomers wait until a host or co-host lets them in")
	case "say":
		a.StringVar(&a.say, name, "", "send this as the host's tools")
	default: // adminCommands names no other
		panic("foyer admin has no flag " + name)
	}
}

// checkFlags refuses flags that the command would not heed.
func (a *adminFlags) checkFlags(word string) error {
	c, _ := adminCommandNamed(word)
	own := newAdminFlags(a.std, c)
	var err error
	a.Visit(func(f *flag.Flag) {
		if own.Lookup(f.Name) == nil {
			err = fmt.Errorf("%s does not take --%s", word, f.Name)
		}
	})
	return err
}
