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
