package app

import (
	"os/signal"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/app/trial"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/ui/words"
)

const (
	defaultTrySeconds = 3
	maxTrySeconds     = 3600
)

// runTry shows a whole room in the terminal.
func runTry(std io3, args []string) int {
	c := newCommand(std, "try", "try [--seconds N] [--json]")
	seconds := c.Int("seconds", defaultTrySeconds, "how long the two people talk")
	asJSON := c.Bool("json", false, "print a JSON object for each step, and one with the result")
	if status, ok := c.parseFlags(args); !ok {
		return status
	}
	if *seconds < 1 || *seconds > maxTrySeconds {
		return c.misused("--seconds takes 1 to %d", maxTrySeconds)
	}
	log := c.logger(std.err)
	ctx, stop := untilTold()
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // what was begun is cleared away all the same
	failed, err := trial.Run(ctx, trial.Config{
		Book: words.Trial{Book: words.English()}, Out: std.out, JSON: *asJSON, Log: log,
		Talk: time.Duration(*seconds) * time.Second, Enter: enterTrial, CloseTimeout: closeTimeout,
	})
	if err != nil {
		return c.explain(exitFailed, err)
	}
	if failed > 0 {
		return exitFailed
	}
	return exitOK
}

// enterTrial makes a person with a profile of their own and no devices.
func enterTrial(folder, name string, server call.RoomServer, log logrus.FieldLogger) (trial.Person, error) {
	p, err := openProfile(folder)
	if err != nil {
		return trial.Person{}, err
	}
	c := newCoreWith(p, log, nil, devices.Drivers{}, server, call.DefaultShown)
	return trial.Person{Name: name, Identity: p.identity(), Engine: c.Engine, Close: c.close}, nil
}
