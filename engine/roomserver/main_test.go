//go:build unix

package roomserver

import (
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/host"
)

const waitTimeout = 10 * time.Second // for what comes in milliseconds

// The test binary is also the programs that the tests start.
const (
	roleVariable = "FOYER_ROOMSERVER_TEST"
	roleServe    = "serve"  // foyer serve
	roleParent   = "parent" // a window that starts a server and is killed
	roleSilent   = "silent" // never says that it is ready, ignores its lifeline
	roleFails    = "fails"  // ends with a message
	roleGarbage  = "garbage"
	roleReady    = "ready" // says that it is ready, at readyURL
	readyURL     = "FOYER_ROOMSERVER_TEST_URL"
	readyKey     = "FOYER_ROOMSERVER_TEST_KEY"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case roleServe:
		os.Exit(serveMain())
	case roleParent:
		os.Exit(parentMain())
	case roleSilent:
		select {}
	case roleFails:
		fmt.Fprintln(os.Stderr, "noise")
		fmt.Fprintln(os.Stderr, "foyer: the reason")
		os.Exit(1)
	case roleReady:
		_ = WriteReady(os.Stdout, Ready{URL: os.Getenv(readyURL), AdminKeyFile: os.Getenv(readyKey)})
		_, _ = io.Copy(io.Discard, os.Stdin)
	case roleGarbage:
		fmt.Println("hello")
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// serveMain is what `foyer serve --lifeline` does.
func serveMain() int {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	conf := host.Config{Log: logrus.New()}
	flags.Bool("lifeline", false, "")
	flags.BoolVar(&conf.NoPortMapping, "no-port-mapping", false, "")
	flags.BoolVar(&conf.Resume, "resume", false, "")
	flags.StringVar(&conf.Listen, "listen", "", "")
	flags.StringVar(&conf.Data, "data", "", "")
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
	server, err := host.New(conf)
	if err == nil {
		err = server.Run(ctx, func(r host.Ready) {
			_ = WriteReady(os.Stdout, Ready{URL: r.URL, AdminKeyFile: r.AdminKeyFile, LiveKitKeyFile: r.LiveKitKeyFile, Hosts: r.Hosts})
			for i := range 2 { // what a router says; the newest counts
				_ = WriteReach(os.Stdout, Ready{Hosts: append([]string{fmt.Sprintf("203.0.113.%d:1", i)}, r.Hosts...)})
			}
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

// guest is a person with an installation.
type guest struct {
	key   ed25519.PrivateKey
	ended chan call.LeaveReason // of each stay
}

func newGuest(t *testing.T) *guest {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{key: key, ended: make(chan call.LeaveReason, 100)}
}

// join joins by a link until the test ends.
func (g *guest) join(t *testing.T, link call.Link) call.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	s, err := client.New(client.Config{}).Dial(ctx, call.JoinRequest{Link: link, Identity: "anna", Name: "Anna", Key: g.key},
		func(e call.SessionEvent) {
			if over, is := e.(call.SessionEnded); is {
				g.ended <- over.Reason
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
