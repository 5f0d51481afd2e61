// Package app is the composition root: it reads the command line and the
// settings, builds the engine from its parts, and runs it behind a window or,
// headless, behind lines of JSON. It owns the lifetime of the process and its
// exit status; everything else is decided below.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/sirupsen/logrus"

	"foyer/engine/trace"

	_ "foyer/app/locale" // before Fyne
	"foyer/app/loglevel"
	"foyer/app/manual"
	"foyer/app/memory"
	"foyer/app/profiling"
	"foyer/engine/call"
	"foyer/ui/words"
)

// Exit statuses (contract section 7).
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitOtherReason = 3 // the stay ended for a reason that was not the user's
)

// subcommand is the first word of the command line.
type subcommand struct {
	name, takes string // takes is what stands behind it
	about       string // what it does
	run         func(io3, []string) int
}

// subcommands are in the order in which the help has them.
func subcommands() []subcommand {
	return []subcommand{
		{"serve", "[flags]", "run a room server", runServe},
		{"relay", "[flags]", "relay guests to room servers that they cannot reach directly", runRelay},
		{"invite", "[flags]", "print an invite link", runInvite},
		{"admin", "[flags] COMMAND", "the host's tools: list, remove, ban, mute ...", runAdmin},
		{"join", "LINK --name NAME", "join without a window", runJoin},
		{"check", "[LINK]", "test the connection to a room", runCheck},
		{"try", "[--seconds N]", "show a whole room in this terminal", runTry},
		{"devices", "[--json]", "list cameras, microphones, speakers and screens", runDevices},
		{"files", "DIR", "install menu entry, manual and completions", runFiles},
		{"version", "[--licences]", "print the version", runVersion},
	}
}

const (
	windowAbout = "open the window"
	slogan      = "video rooms without a browser, an account or a cloud"
	linkHint    = `Other users of this computer can see command lines. So you can give - as LINK
and write the link to standard input, or omit LINK and set $FOYER_LINK.
`
)

// usage is the help of the program itself.
func usage() string {
	var b strings.Builder
	line := func(command, about string) { fmt.Fprintf(&b, "  %-29s  %s\n", command, about) }
	b.WriteString("Foyer: " + slogan + ".\n\n")
	line("foyer", windowAbout)
	line("foyer LINK", windowAbout+" and ask to join")
	for _, e := range subcommands() {
		line("foyer "+e.name+" "+e.takes, e.about)
	}
	b.WriteString("\n" + linkHint + "\"foyer COMMAND --help\" lists the flags of a command.\n")
	return b.String()
}

// io3 is where a command reads and writes.
type io3 struct {
	in       io.Reader
	out, err io.Writer
	page     *manual.Page // takes the help of a command instead; nil: it is printed
}

// output is stdout, and what went wrong with it first. Safe from any goroutine.
type output struct {
	io.Writer
	err atomic.Pointer[error]
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		o.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (o *output) failure() error {
	if err := o.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Main runs the program and returns its exit status. What could not be written
// was not done.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{Writer: stdout}
	status := dispatch(args, io3{in: stdin, out: out, err: stderr})
	if err := out.failure(); status == exitOK && err != nil {
		fmt.Fprintf(stderr, "foyer: %s (%v)\n", words.Error(call.ErrOutputLost), err)
		return exitFailed
	}
	return status
}

func dispatch(args []string, std io3) int {
	if len(args) == 0 {
		return runWindow(std, nil)
	}
	cmd, rest := args[0], args[1:]
	for _, e := range subcommands() {
		if e.name == cmd {
			return e.run(std, rest)
		}
	}
	switch {
	case cmd == "--version":
		return runVersion(std, rest)
	case cmd == "help" && len(rest) > 0:
		return dispatch(append(rest, "--help"), std)
	case cmd == "help", cmd == "--help", cmd == "-h":
		fmt.Fprint(std.out, usage())
		return exitOK
	case strings.HasPrefix(cmd, "-"), strings.Contains(cmd, "://"), call.MentionsLink(cmd):
		return runWindow(std, args)
	default:
		fmt.Fprintf(std.err, "foyer: unknown command %q\n\n%s", cmd, usage())
		return exitUsage
	}
}

// untilTold ends when the system or the user tells the program to end: Ctrl-C,
// kill, or a closed terminal, unless nohup says that this one does not count.
func untilTold() (context.Context, context.CancelFunc) {
	end := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		end = append(end, syscall.SIGHUP)
	}
	return signal.NotifyContext(context.Background(), end...)
}

// untilTold is untilTold for a command that runs for long: it has --pprof and
// --trace, and gives memory back. Errors are those of the command line.
func (c *command) untilTold() (context.Context, context.CancelFunc, error) {
	endLook, err := c.lookInside()
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := untilTold()
	var beside sync.WaitGroup
	beside.Go(func() { memory.GiveBack(ctx) })
	return ctx, func() {
		stop()
		beside.Wait()
		endLook()
	}, nil
}

// lookInside begins what --pprof and --trace ask for.
func (c *command) lookInside() (end func(), err error) {
	stopPprof, err := profiling.Start(c.pprof)
	if err != nil {
		return nil, err
	}
	if err := c.openTrace(); err != nil {
		stopPprof()
		return nil, err
	}
	return func() {
		stopPprof()
		c.endTrace()
	}, nil
}

// command is a flag set whose positional arguments may stand anywhere.
type command struct {
	*flag.FlagSet
	std    io3
	levels loglevel.Levels
	pprof  string // address of net/http/pprof; empty: none
	trace  string // file of a trace; empty: none
	tracer *trace.Writer
	notes  string                    // what its help says below the flags
	help   func(positional []string) // prints how the command is used
}

func newCommand(std io3, name, synopsis string) *command {
	c := &command{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), std: std}
	c.SetOutput(io.Discard) // misused says it, in one line
	c.levels.All = logrus.WarnLevel
	c.Var(&c.levels, "log-level", loglevel.Usage())
	c.Usage = func() {}
	c.help = func([]string) {
		if std.page != nil {
			*std.page = manual.Page{Name: name, Synopsis: synopsis, Notes: c.notes, Flags: manual.Flags(c.FlagSet)}
			return
		}
		fmt.Fprintf(std.err, "usage: foyer %s\n\n", synopsis)
		c.SetOutput(std.err)
		c.PrintDefaults()
		fmt.Fprint(std.err, c.notes)
	}
	return c
}

// logger logs to w what --log-level asks for.
func (c *command) logger(w io.Writer) *logrus.Logger { return c.levels.Logger(w) }

// parse returns the positional arguments, between which flags may stand up to a "--". ok
// is false when the program should end with the status; the reason has been printed.
func (c *command) parse(args []string) (positional []string, status int, ok bool) {
	for {
		if err := c.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				c.help(positional)
				return nil, exitOK, false
			}
			return nil, c.misused("%v", err), false
		}
		if read := len(args) - c.NArg(); c.NArg() == 0 || read > 0 && args[read-1] == "--" {
			return append(positional, c.Args()...), exitOK, true
		}
		positional = append(positional, c.Arg(0))
		args = c.Args()[1:]
	}
}

// parseFlags is parse for a command that takes nothing but flags.
func (c *command) parseFlags(args []string) (status int, ok bool) {
	positional, status, ok := c.parse(args)
	if ok && len(positional) > 0 {
		return c.misused("it does not take %q", positional[0]), false
	}
	return status, ok
}

// fail prints a sentence and returns the status.
func (c *command) fail(status int, format string, a ...any) int {
	fmt.Fprintf(c.std.err, "foyer %s: %s\n", c.Name(), fmt.Sprintf(format, a...))
	return status
}

// misused says that the command line is wrong, where its help is, and in
// brackets what is wrong.
func (c *command) misused(format string, a ...any) int {
	program := "foyer " + c.Name()
	if c.Name() == windowName {
		program = "foyer" // no command is the window
	}
	return c.fail(exitUsage, "%s (%s)", words.Usage(program), fmt.Sprintf(format, a...))
}

// explain says what happened, what to do, and in brackets the cause, for readers who
// know what to make of it.
func (c *command) explain(status int, err error) int {
	cause := strings.Join(strings.Fields(err.Error()), " ") // a database driver's has several lines
	return c.fail(status, "%s (%s)", words.Error(err), cause)
}
