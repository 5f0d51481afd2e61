package app

import (
	"foyer/app/netreport"
	"foyer/engine/call"
	"foyer/engine/devices/hw"
	"foyer/engine/netcheck"
	"foyer/ui/words"
)

// runCheck tests the connection to a room server, or without a link the devices, and prints what
// it has found.
func runCheck(std io3, args []string) int {
	c := newCommand(std, "check", "check [LINK|-] [--json]")
	asJSON := c.Bool("json", false, "print one JSON object")
	c.notes = `
With a LINK, it contacts the link's room server without joining: nobody in the room
notices. The exit status is 1 if the server cannot be reached. Without a LINK, it lists
your devices, as "foyer devices" does.
` + linkNote
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) > 1 {
		return c.misused("it takes one link, got %d", len(positional))
	}
	address, err := c.takeLink(positional)
	var link call.Link
	if err == nil && (address != "" || len(positional) > 0) {
		link, err = call.ParseLink(address)
	}
	if err != nil {
		return c.fail(exitUsage, "%s", words.Error(err))
	}
	if link.Empty() {
		return c.listDevices(hw.Drivers(c.logger(std.err).WithField("part", "devices")), *asJSON)
	}
	ctx, stop := untilTold()
	defer stop()
	report := netcheck.Run(ctx, link)
	netreport.Print(std.out, words.English(), report, *asJSON)
	if report.Best < 0 {
		return exitFailed
	}
	return exitOK
}
