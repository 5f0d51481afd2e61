package app

import (
	"fmt"
	"runtime"
)

// Version is stamped by the linker: -X foyer/app.Version=...
var Version = "0.1.0-dev"

func versionLine() string {
	return fmt.Sprintf("foyer %s %s/%s %s", Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func runVersion(std io3, args []string) int {
	c := newCommand(std, "version", "version")
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) > 0 {
		return c.misused("it does not take %q", positional[0])
	}
	fmt.Fprintln(std.out, versionLine())
	return exitOK
}
