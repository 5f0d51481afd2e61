package host

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/sirupsen/logrus"
)

// The test binary is also the programs that the tests of processes start.
const (
	roleVariable = "FOYER_HOST_TEST"
	roleServe    = "serve" // foyer serve
	roleGuest    = "guest" // joins by a link and stays
)

// sideBySide is how many tests run at once, if the command line says nothing else.
// With more, a slow disk makes the register too slow for its own timeouts.
const sideBySide = "2"

// TestMain runs the tests, or is one of their programs. Tests that run side by side
// have a server each and look at nothing that all of them share. LiveKit writes to
// the log of the server that was started last: a test that reads what LiveKit wrote,
// or that it wrote nothing, runs alone. So does one that measures this process,
// holds a rate or a delay to its limit, or only works and never waits.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		if err := flag.Set("test.parallel", sideBySide); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		status := m.Run()
		_ = os.RemoveAll(programs())
		os.Exit(status)
	case roleServe:
		os.Exit(serveMain())
	case roleGuest:
		os.Exit(guestMain())
	}
}

// serveMain is what `foyer serve --lifeline` does.
func serveMain() int {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	conf := Config{Log: logrus.New()}
	flags.Bool("lifeline", false, "")
	flags.BoolVar(&conf.Resume, "resume", false, "")
	flags.StringVar(&conf.Listen, "listen", "", "")
	flags.StringVar(&conf.Data, "data", "", "")
	flags.StringVar(&conf.Database, "database", "", "")
	flags.StringVar(&conf.LiveKitURL, "livekit", "", "")
	flags.StringVar(&conf.APIKey, "api-key", "", "")
	flags.StringVar(&conf.APISecret, "api-secret", "", "")
	if err := flags.Parse(os.Args[2:]); err != nil {
		return 2
	}
	signal.Ignore(syscall.SIGTERM) // the lifeline alone has to do
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	server, err := New(conf)
	if err == nil {
		err = server.Run(ctx, func(r Ready) {
			_ = json.NewEncoder(os.Stdout).Encode(map[string]string{
				"event": "ready", "url": r.URL, "admin_key_file": r.AdminKeyFile, "livekit_key_file": r.LiveKitKeyFile,
			})
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "foyer:", err)
		return 1
	}
	return 0
}
