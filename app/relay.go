package app

import (
	"path/filepath"

	"foyer/app/profiling"
	"foyer/app/relaying"
)

func runRelay(std io3, args []string) int {
	c := newCommand(std, "relay", "relay [--listen ADDR:PORT] [--ports FIRST-LAST] [--public HOST[:PORT]] [--data DIR] "+
		"[--mbit N] [--guests N] [--pprof ADDR]")
	flags := relaying.NewFlags(c.FlagSet)
	c.StringVar(&c.pprof, "pprof", "", profiling.Usage)
	c.notes = `
It prints a relay link. Give it to those whose room servers may use this relay: they start
them with "foyer serve --relay LINK". Guests need nothing but their invitation.
`
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) > 0 {
		return c.misused("it does not take %q", positional[0])
	}
	folder := flags.Data
	if folder == "" {
		server, err := dataFolder()
		if err != nil {
			return c.serverFailed(err)
		}
		folder = filepath.Join(filepath.Dir(server), "relay")
	}
	ctx, stop, err := c.untilTold()
	if err != nil {
		return c.misused("%v", err)
	}
	defer stop()
	if err := flags.Run(ctx, folder, c.logger(std.err).WithField("part", "relay"), std.out); err != nil {
		return c.serverFailed(err)
	}
	return exitOK
}
