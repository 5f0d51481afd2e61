package app

import (
	"fmt"
	"io"
	"runtime"

	"foyer/app/about"
)

// Version is stamped by the linker: -X foyer/app.Version=...
var Version = "0.1.0-dev"

func versionLine() string {
	return fmt.Sprintf("foyer %s %s/%s %s", Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func runVersion(std io3, args []string) int {
	c := newCommand(std, "version", "version [--licences]")
	licences := c.Bool("licences", false, "print the licences of everything that the program is made of instead")
	if status, ok := c.parseFlags(args); !ok {
		return status
	}
	if *licences {
		text, err := about.Licences()
		if err != nil {
			return c.explain(exitFailed, err)
		}
		_, _ = io.WriteString(std.out, text) // Main tells what fails
		return exitOK
	}
	fmt.Fprintln(std.out, versionLine())
	return exitOK
}
