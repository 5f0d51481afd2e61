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
	roleServe    = "serve"  // foyer serve
	roleParent   = "parent" // a window that starts a server and is killed
	roleGuest    = "guest"  // joins by a link and stays
	roleSilent   = "silent" // never says that it is ready, ignores its lifeline
	roleFails    = "fails"  // ends with a message
	roleGarbage  = "garbage"
	roleReady    = "ready" // says that it is ready, at readyURL
	readyURL     = "FOYER_HOST_TEST_URL"
	readyKey     = "FOYER_HOST_TEST_KEY"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		status := m.Run()
		_ = os.RemoveAll(programs())
		os.Exit(status)
	case roleServe:
		os.Exit(serveMain())
	case roleParent:
		os.Exit(parentMain())
	case roleGuest:
		os.Exit(guestMain())
	case roleSilent:
		select {}
	case roleFails:
		fmt.Fprintln(os.Stderr, "noise")
		fmt.Fprintln(os.Stderr, "foyer: the reason")
		os.Exit(1)
	case roleReady:
		_ = json.NewEncoder(os.Stdout).Encode(readyLine{Event: eventReady, URL: os.Getenv(readyURL), AdminKeyFile: os.Getenv(readyKey)})
		_, _ = io.Copy(io.Discard, os.Stdin)
	case roleGarbage:
		fmt.Println("hello")
		_, _ = io.Copy(io.Discard, os.Stdin)
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
		_ = WriteFailure(os.Stdout, err)
		fmt.Fprintln(os.Stderr, "foyer:", err)
		return 1
	}
	return 0
}

// parentMain starts a server, prints its process id and waits to be killed.
func parentMain() int {
	child := NewChild(ChildConfig{
		Listen: "127.0.0.1:0", Data: os.Args[1], Env: []string{roleVariable + "=" + roleServe}, Log: logrus.New(),
	})
	if _, err := child.Start(context.Background(), "hall", ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(child.current.cmd.Process.Pid)
	select {}
}
