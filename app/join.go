package app

import (
	"context"
	"os/signal"
	"syscall"

	"foyer/app/printer"
	"foyer/app/profiling"
	"foyer/app/voice"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/words"
)

func runJoin(std io3, args []string) int {
	c := newCommand(std, "join", `join LINK|- --name NAME [--id ID] [--profile DIR] [--stay]
             [--camera none|test|NAME|FILE] [--mic none|test|NAME|FILE]
             [--speaker none|default|NAME] [--screen]
             [--echo auto|on|off] [--noise off|light|strong] [--gain on|off] [--music]
             [--pprof ADDR] [--trace FILE]`)
	var (
		name    = c.String("name", "", "the name that others see")
		id      = c.String("id", "", "user ID (default: made from the profile)")
		dir     = c.String("profile", "", "folder with the key and settings (default: the user's config folder)")
		stay    = c.Bool("stay", false, "stay running after a leave, for the next join")
		camera  = c.String("camera", call.DeviceNone, "none, test, a name (see foyer devices), or an IVF or Y4M file")
		mic     = c.String("mic", call.DeviceNone, "none, test, a name (see foyer devices), or a WAV file")
		speaker = c.String("speaker", call.DeviceNone, "none, default, or a name (see foyer devices)")
		screen  = c.Bool("screen", false, "share the screen")
	)
	c.StringVar(&c.pprof, "pprof", "", profiling.Usage)
	said := voice.Flags(c.FlagSet)
	c.traceFlag()
	c.notes = linkNote
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	link, status, ok := c.oneLink(positional)
	if !ok {
		return status
	}
	processing, err := said.Voice()
	if err != nil {
		return c.misused("%v", err)
	}
	log := c.logger(std.err)
	p, err := openProfile(*dir)
	if err != nil {
		return c.explain(exitFailed, err)
	}
	p.tellRepairs(log)
	join := engine.Join{
		Link: link, Name: *name, Identity: call.Identity(*id),
		Devices: engine.Choice{
			Camera: deviceWord(*camera), Microphone: deviceWord(*mic), Speaker: deviceWord(*speaker), Screen: *screen,
		},
	}
	join = withDefaults(join, p)
	if err := checkJoin(join); err != nil {
		return c.refuse(err)
	}

	ctx, stop, err := c.untilTold()
	if err != nil {
		return c.misused("%v", err)
	}
	defer stop()
	// A reader of ours that dies must not take us along before we have left.
	signal.Ignore(syscall.SIGPIPE)
	core := newCore(p, log, c.tracer, nil, call.DefaultShown)
	_ = core.Do(engine.SetVoice{Voice: processing}) // it is valid
	return newHeadless(core, p, *stay, c.std, log).run(ctx, join)
}

// oneLink reads the one link that the command takes, or says what is wrong.
func (c *command) oneLink(positional []string) (link call.Link, status int, ok bool) {
	address, err := c.takeLink(positional)
	switch {
	case err != nil:
		return link, c.refuse(err), false
	case len(positional) == 1 && address == "":
		return link, c.misused("the link is empty"), false
	case address == "" || len(positional) > 1:
		return link, c.misused("it takes one link, got %d", len(positional)), false
	}
	if link, err = call.ParseLink(address); err != nil {
		return link, c.refuse(err), false
	}
	return link, exitOK, true
}

// refuse says what cannot be joined, to people and to scripts.
func (c *command) refuse(err error) int {
	out := printer.New(c.std.out)
	out.CommandFailed(c.Name(), err)
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	out.Finish(ctx)
	return c.fail(exitUsage, "%s", words.Error(err))
}

// defaultDevice is the command line's word for the default device.
const defaultDevice = "default"

// deviceWord maps the command line's "default" to the engine's empty name.
func deviceWord(s string) string {
	if s == defaultDevice {
		return ""
	}
	return s
}

// withDefaults fills in who the user is: what the token says, at a LiveKit
// server, else the profile.
func withDefaults(j engine.Join, p *profile) engine.Join {
	if j.Link.IsLiveKit() {
		j.Identity = j.Link.Identity
		if j.Name == "" {
			j.Name = j.Link.Name
		}
	}
	if j.Identity == "" {
		j.Identity = p.identity()
	}
	return j
}

// checkJoin refuses, before a device opens, what the engine would refuse.
func checkJoin(j engine.Join) error {
	if err := call.CheckName(j.Name); err != nil {
		return err
	}
	if j.Link.IsLiveKit() { // the server's to judge
		return call.CheckKnownIdentity(string(j.Identity))
	}
	return call.CheckIdentity(string(j.Identity))
}
