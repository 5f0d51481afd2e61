//go:build linux

package attack_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/relay/relaywire"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// relayPorts are how many room servers the relay takes.
const relayPorts = 6

// between is foyer relay, a room server that nobody can dial, and what lies between them.
type between struct {
	hidden  *drive.Hidden
	process *testenv.Process
	options drive.RelayOptions
	pprof   string
	link    reach.RelayLink // leads to the relay itself
	wire    *attack.Wire    // from the room server to the relay
	guests  string          // where guests of the room server come, HOST:PORT
	hosting subject         // the room server
}

// openRelayArena starts a relay, a room server in a network of its own, which lets nobody
// in, and two people who talk to each other through the relay. Who is attacked is the relay.
func openRelayArena(t *testing.T) *arena {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a network that lets nobody in needs a network namespace; runs as root")
	}
	hidden, err := drive.NewHidden(t.Context())
	if errors.Is(err, drive.ErrNoRules) {
		t.Skipf("a network that lets nobody in needs nf_tables; runs as root on a kernel with it: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hidden.Close)
	b := &between{hidden: hidden}
	a := &arena{t: t, foyer: testenv.Foyer(t), links: map[call.Role]call.Link{}, between: b, warm: warmRelay}
	b.pprof = a.pprof()
	first := testenv.FreePort(t)
	b.options = drive.RelayOptions{Data: t.TempDir(), Args: []string{
		"--listen", ":" + strconv.Itoa(testenv.FreePort(t)), "--public", hidden.Outside,
		"--ports", fmt.Sprint(first, "-", first+relayPorts-1), "--pprof", b.pprof,
	}}
	a.startRelay()
	if b.wire, err = attack.NewWire(hidden.Outside+":0", b.link.Host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.wire.Close)
	tapped := b.link
	tapped.Host = b.wire.Addr()
	at := a.pprof()
	a.server = testenv.Serve(t, a.foyer, drive.ServeOptions{
		NS: hidden.NetNS, Listen: ":" + strconv.Itoa(testenv.FreePort(t)), Env: []string{"FOYER_RELAY=" + tapped.String()},
		Args: []string{"--pprof", at},
	})
	b.hosting = watched("server", mostServer, a.server.Process.Process, at)
	b.hosting.inside = hidden.NetNS
	b.guests = a.relayed(0)
	a.server.Drive.URL = "https://" + b.guests // as everybody reaches it
	var carried atomic.Int64
	b.wire.Tap(func(d attack.Datagram) { carried.Add(int64(len(d.Raw))) })
	a.meet()
	if carried.Load() < 1<<10 {
		t.Fatal("they do not hear each other through the relay")
	}
	b.wire.Tap(nil)
	return a
}

// startRelay starts the relay, with its keys.
func (a *arena) startRelay() {
	a.t.Helper()
	b := a.between
	relay, err := a.foyer.Relay(a.t.Context(), b.options)
	if err != nil {
		a.t.Fatal(err)
	}
	b.process = testenv.Adopt(a.t, relay.Process)
	if b.link, err = reach.ParseRelayLink(relay.Link); err != nil {
		a.t.Fatal(err)
	}
	a.serving = watched("relay", mostRelay, relay.Process, b.pprof)
}

// relayed waits until the server has a port at the relay, and returns where guests come.
func (a *arena) relayed(after int) string {
	a.t.Helper()
	said := a.server.AwaitAfter(after, "reach", func(e drive.Event) bool { return relayOf(e).State == "relayed" })
	return relayOf(said).At
}

// relaySays is what a server says of its relay.
type relaySays struct{ State, At string }

func relayOf(e drive.Event) relaySays {
	var said struct{ Router struct{ Relay relaySays } }
	_ = e.Decode(&said) // says nothing of it, then
	return said.Router.Relay
}

// warmRelay lets guests come and go, and somebody dial as a room server.
func warmRelay(s *stage) error {
	for range 3 {
		if _, _, err := s.guest(call.RoleParticipant); err != nil {
			return err
		}
	}
	x, _, err := s.dialRelay(s.ownHello())
	if err != nil {
		return err
	}
	s.later(func() { _ = x.Close() })
	return nil
}

// relayServer is an attacker who has dialled the relay as room servers do.
type relayServer struct {
	*tls.Conn
	welcome relaywire.Welcome
}

// ownHello is what somebody says first who has the relay's link, and was never here.
func (s *stage) ownHello() relaywire.Hello {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people++
	return relaywire.Hello{Key: s.between.link.Key, ID: fmt.Sprint("mallory-", s.people)}
}

// another is an address from which nobody has come yet.
func (s *stage) another() net.IP {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people++
	return net.IPv4(127, 3, byte(s.people>>8), byte(s.people))
}

// relayHost is where room servers dial, from addresses of loopback.
func (s *stage) relayHost() string {
	_, port, _ := net.SplitHostPort(s.between.link.Host) // it was parsed
	return net.JoinHostPort("127.0.0.1", port)
}

// toRelay opens a connection to where room servers dial, from an address of its own.
func (s *stage) toRelay(from net.IP) (*tls.Conn, error) {
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: testenv.Limit},
		Config: &tls.Config{ //nolint:gosec // the attacker knows where they are
			InsecureSkipVerify: true, NextProtos: []string{relaywire.ALPN},
		},
	}
	conn, err := dialer.DialContext(s.ctx, "tcp", s.relayHost())
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(cutLimit))
	return conn.(*tls.Conn), nil
}

// dialRelay says hello, and returns what the relay answers. The connection is the
// caller's to close.
func (s *stage) dialRelay(hello relaywire.Hello) (*relayServer, relaywire.Welcome, error) {
	conn, err := s.toRelay(s.another())
	if err != nil {
		return nil, relaywire.Welcome{}, err
	}
	var welcome relaywire.Welcome
	if err = relaywire.WriteLine(conn, hello); err == nil {
		err = relaywire.ReadLine(conn, &welcome)
	}
	if err != nil {
		_ = conn.Close()
		return nil, welcome, err
	}
	return &relayServer{conn, welcome}, welcome, nil
}

// relayedHost dials with the relay's key and has a port there, until the attack is over.
func (s *stage) relayedHost() (*relayServer, error) {
	x, welcome, err := s.dialRelay(s.ownHello())
	if err != nil {
		return nil, err
	}
	s.later(func() { _ = x.Close() })
	if welcome.Port == 0 {
		return nil, fmt.Errorf("a server with the key is refused: %q", welcome.Refusal)
	}
	return x, nil
}

// at is where guests of an attacker's server come.
func (x *relayServer) at() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(x.welcome.Port))
}

// toGuests connects to a port for guests from an address, until the attack is over.
func (s *stage) toGuests(from net.IP, at string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: testenv.Limit}
	conn, err := dialer.DialContext(s.ctx, "tcp", at)
	if err == nil {
		s.later(func() { _ = conn.Close() })
	}
	return conn, err
}

// guestsPort is where guests of the real server come, from addresses of loopback.
func (s *stage) guestsPort() string {
	_, port, _ := net.SplitHostPort(s.between.guests)
	return net.JoinHostPort("127.0.0.1", port)
}

// cutWithin waits until a connection has ended, and returns after how long.
func cutWithin(ctx context.Context, conn net.Conn, limit time.Duration) (time.Duration, error) {
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(limit))
	buffer := make([]byte, 1<<16)
	for ctx.Err() == nil {
		if _, err := conn.Read(buffer); errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, reached("it goes on after %v", limit)
		} else if err != nil {
			return time.Since(began), nil
		}
	}
	return 0, ctx.Err()
}
