package relayed

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/engine/call/reach"
	"foyer/engine/relay"
	"foyer/engine/relay/relaywire"
	"foyer/internal/testenv"
)

const waitTimeout = 20 * time.Second

// place is a relay, a server that uses it, and what the server is made of: a door that
// says back what it hears, and a media server that does so.
type place struct {
	t      testing.TB
	conf   relay.Config
	link   reach.RelayLink
	stop   func()
	media  *net.UDPConn
	states chan reach.Relay
	line   *Line
	take   func(net.Conn) // in place of the door that says back what it hears
	log    *testenv.Log
}

func newPlace(t testing.TB) *place {
	t.Helper()
	log, text := testenv.NewLog()
	p := &place{t: t, states: make(chan reach.Relay, 64), log: text}
	port, guests := testenv.FreePort(t), testenv.FreePort(t)
	p.conf = relay.Config{Listen: "127.0.0.1:" + strconv.Itoa(port), First: guests, Last: guests, Log: log}
	p.conf.Limits = relay.DefaultLimits()
	p.link.Host = p.conf.Listen
	if err := p.conf.Load(t.TempDir(), &p.link); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.media, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0"))); err != nil {
		t.Fatal(err)
	}
	var echoing sync.WaitGroup
	echoing.Go(func() {
		buffer := make([]byte, 2000)
		for {
			n, from, err := p.media.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			_, _ = p.media.WriteToUDPAddrPort(buffer[:n], from)
		}
	})
	t.Cleanup(func() { _ = p.media.Close(); echoing.Wait() })
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(text.String())
		}
	})
	return p
}

func (p *place) startRelay() {
	p.t.Helper()
	server, err := relay.New(p.conf)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- server.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		p.t.Fatal(err)
	}
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the relay: %v", err)
		}
	})
	p.t.Cleanup(p.stop)
}

// startServer dials the relay, and answers guests.
func (p *place) startServer(change func(*Config)) {
	p.t.Helper()
	c := Config{
		Link: p.link, ID: "server", Keep: func(int) {}, Changed: func(s reach.Relay) { p.states <- s }, Log: p.conf.Log,
		Media: func() netip.AddrPort { return p.media.LocalAddr().(*net.UDPAddr).AddrPort() },
	}
	if change != nil {
		change(&c)
	}
	line := New(c)
	p.line = line
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { line.Run(ctx) })
	group.Go(func() {
		for {
			conn, err := line.Accept()
			if err != nil {
				return
			}
			if p.take != nil {
				p.take(conn)
				continue
			}
			group.Go(func() { defer conn.Close(); _, _ = io.Copy(conn, conn) })
		}
	})
	p.t.Cleanup(func() { cancel(); _ = line.Close(); group.Wait() })
}

func (p *place) awaits(want reach.RelayState) {
	p.t.Helper()
	limit := time.After(waitTimeout)
	for {
		select {
		case s := <-p.states:
			if s.State == want {
				return
			}
		case <-limit:
			p.t.Fatalf("the relay is %s, not %s", p.line.State().State, want)
		}
	}
}

func (p *place) guests() string { return "127.0.0.1:" + strconv.Itoa(p.conf.First) }

// says is what a guest hears by TCP.
func (p *place) says(text string) (string, error) {
	p.t.Helper()
	conn, err := net.DialTimeout("tcp", p.guests(), waitTimeout)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(waitTimeout))
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	answer := make([]byte, len(text))
	n, err := io.ReadFull(conn, answer)
	return string(answer[:n]), err
}

func check() []byte {
	m := binary.BigEndian.AppendUint16(nil, 1)
	m = binary.BigEndian.AppendUint16(m, 0)
	return append(binary.BigEndian.AppendUint32(m, 0x2112a442), make([]byte, 12)...)
}

// dialUDP is a guest whose check of ICE was answered.
func (p *place) dialUDP() net.Conn {
	p.t.Helper()
	conn, err := net.Dial("udp", p.guests())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	answer := make([]byte, 2000)
	for began := time.Now(); time.Since(began) < waitTimeout; {
		_, _ = conn.Write(check())
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := conn.Read(answer); err == nil && bytes.Equal(answer[:n], check()) {
			_ = conn.SetReadDeadline(time.Time{})
			return conn
		}
	}
	p.t.Fatal("no datagram comes through")
	return nil
}

// TestGuestsComeByTheRelay: bytes and datagrams go both ways, the server hears from where,
// and tells guests that they may send media to the relay.
func TestGuestsComeByTheRelay(t *testing.T) {
	p := newPlace(t)
	p.startRelay()
	p.startServer(nil)
	p.awaits(reach.Relayed)
	if at := p.line.State().At; at != p.guests() {
		t.Errorf("guests come to %s", at)
	}
	long := rand.Text() + strings.Repeat("x", 1<<20)
	if got, err := p.says(long); err != nil || got != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	conn := p.dialUDP()
	media := append([]byte{0x80}, make([]byte, relaywire.MaxPayload-1)...)
	if _, err := conn.Write(media); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 2000)
	_ = conn.SetReadDeadline(time.Now().Add(waitTimeout))
	for n := 0; n != len(media); {
		var err error
		if n, err = conn.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	p.line.mu.Lock()
	here := Address{p.conf.First, p.line.media}
	p.line.mu.Unlock()
	if got, want := here.MediaPorts(), (reach.Ports{UDP: p.conf.First, Door: true}); got != want {
		t.Errorf("media comes to %+v", got)
	}
}

// TestBelievedAddresses: a relay cannot use up the limits of the host's computer or of its
// networks.
func TestBelievedAddresses(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/64")}
	relay := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.9:7848"))
	for named, want := range map[string]string{
		"203.0.113.5:1000": "203.0.113.5:1000", "[2001:db8:2::1]:1000": "[2001:db8:2::1]:1000",
		"127.0.0.1:1000": "192.0.2.9:1000", "[::1]:1000": "192.0.2.9:1000", "[::ffff:127.0.0.1]:1000": "192.0.2.9:1000",
		"0.0.0.0:1000": "192.0.2.9:1000", "[::]:1000": "192.0.2.9:1000", "[fe80::1%eth0]:1000": "192.0.2.9:1000",
		"192.168.1.7:1000": "192.0.2.9:1000", "198.51.100.7:1000": "192.0.2.9:1000", "[2001:db8:1::7]:1000": "192.0.2.9:1000",
	} {
		if got := believed(netip.MustParseAddrPort(named), relay, own); got.String() != want {
			t.Errorf("%s: %v, want %s", named, got, want)
		}
	}
}

// TestGuestsConnection: servers of TLS and HTTP may stop a read and read on, and one that
// closes does not read on.
func TestGuestsConnection(t *testing.T) {
	p := newPlace(t)
	p.startRelay()
	conns := make(chan net.Conn, 1)
	p.take = func(conn net.Conn) { conns <- conn }
	p.startServer(nil)
	p.awaits(reach.Relayed)
	guest, err := net.Dial("tcp", p.guests())
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	_, _ = io.WriteString(guest, "a")
	conn, one := <-conns, make([]byte, 1)
	if from := conn.RemoteAddr().String(); from != guest.LocalAddr().String() {
		t.Errorf("the guest has come from %s", from)
	}
	for _, want := range []string{"a", "b"} {
		if _, err := conn.Read(one); err != nil || string(one) != want {
			t.Fatalf("%q, %v", one, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(-time.Second))
		_, err := conn.Read(one)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a read that was stopped: %v", err)
		}
		_ = conn.SetReadDeadline(time.Time{})
		if want == "a" { // what nobody has read would make a reset of the end
			_, _ = io.WriteString(guest, "b")
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, conn)
		ended <- err
	}()
	_ = conn.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read when it was closed: %v", err)
	}
	_ = guest.SetReadDeadline(time.Now().Add(waitTimeout))
	if _, err := io.Copy(io.Discard, guest); err != nil {
		t.Errorf("the guest: %v", err)
	}
}

// TestRelayDies: it is said, and when the relay is there again guests come to where they
// came before.
func TestRelayDies(t *testing.T) {
	p := newPlace(t)
	p.conf.Last += 3
	p.startServer(nil)
	p.awaits(reach.RelayLost)
	p.startRelay()
	p.awaits(reach.Relayed)
	before := p.line.State().At
	p.stop()
	p.awaits(reach.RelayLost)
	p.startRelay()
	p.awaits(reach.Relayed)
	if now := p.line.State().At; now != before {
		t.Errorf("guests came to %s, and now to %s", before, now)
	}
	p.dialUDP()
}

// TestNetworkMoves: a connection from an address that stays goes on; one from an address that
// is gone ends at once, and there is another; and nobody waits for the end of a pause.
func TestNetworkMoves(t *testing.T) {
	p := newPlace(t)
	var mu sync.Mutex
	own := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	right, foreign := p.conf, p.link
	if err := p.conf.Load(t.TempDir(), &foreign); err != nil {
		t.Fatal(err)
	}
	p.startRelay()
	p.startServer(func(c *Config) {
		c.Own = func() []netip.Addr { mu.Lock(); defer mu.Unlock(); return own }
	})
	p.awaits(reach.RelayForeign) // which is tried again in a minute
	p.stop()
	p.conf = right
	p.startRelay()
	p.line.Moved()
	p.awaits(reach.Relayed)
	p.line.Moved()
	if got, err := p.says("still here"); err != nil || got != "still here" {
		t.Errorf("%q, %v", got, err)
	}
	select {
	case s := <-p.states:
		t.Errorf("a connection from an address that stays: %+v", s)
	default:
	}
	mu.Lock()
	own = nil
	mu.Unlock()
	p.line.Moved()
	p.awaits(reach.RelayLost)
	p.awaits(reach.Relayed)
}

// TestRelayRefuses: a key that is none, a relay that is another, and one that is full.
func TestRelayRefuses(t *testing.T) {
	for want, change := range map[reach.RelayState]func(*Config){
		reach.RelayRefuses: func(c *Config) { c.Link.Key = "AAAAAAAAAAAAAAAAAAAAAA" },
		reach.RelayForeign: func(c *Config) { c.Link.Fingerprint[0] ^= 1 },
		reach.RelayFull:    func(c *Config) { c.ID = "another" },
	} {
		t.Run(string(want), func(t *testing.T) {
			p := newPlace(t)
			p.startRelay()
			if want == reach.RelayFull {
				p.startServer(nil)
				p.awaits(reach.Relayed)
			}
			p.startServer(change)
			p.awaits(want)
		})
	}
}

// TestSameServerDialsAgain: one that comes back before the relay has noticed that it went
// has its port.
func TestSameServerDialsAgain(t *testing.T) {
	p := newPlace(t)
	p.startRelay()
	for range 2 { // the first goes on, and is put off again and again
		p.startServer(nil)
		p.awaits(reach.Relayed)
	}
	if p.line.State().At != p.guests() {
		t.Errorf("at %s", p.line.State().At)
	}
}

// TestStrangersAtTheRelay: whoever has no key gets nothing, whatever they say and however
// many they are, and those who have one go on.
func TestStrangersAtTheRelay(t *testing.T) {
	p := newPlace(t)
	p.startRelay()
	p.startServer(nil)
	p.awaits(reach.Relayed)
	guest := p.dialUDP()
	for name, says := range map[string]string{
		"nothing": "", "plain text": "GET / HTTP/1.1\r\n\r\n", "no line": strings.Repeat("x", 1<<20), "another key": `{"key":"x","id":"y"}` + "\n",
		"no id": `{"key":"` + p.conf.Key + `"}` + "\n", "a huge id": `{"key":"` + p.conf.Key + `","id":"` + strings.Repeat("i", 200) + `"}` + "\n",
	} {
		conn, err := tls.Dial("tcp", p.conf.Listen, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{relaywire.ALPN}}) //nolint:gosec // a stranger
		if err != nil {
			continue // there were too many from here
		}
		_ = conn.SetDeadline(time.Now().Add(waitTimeout))
		_, _ = io.WriteString(conn, says)
		answer, err := io.ReadAll(conn)
		if err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") || strings.Contains(string(answer), "port") {
			t.Errorf("%s: %q, %v", name, answer, err)
		}
		_ = conn.Close()
	}
	var open []net.Conn
	for range 200 {
		if conn, err := net.Dial("tcp", p.conf.Listen); err == nil {
			open = append(open, conn)
		}
	}
	forged, err := net.Dial("udp", p.conf.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer forged.Close()
	for i := range 1000 {
		_, _ = forged.Write(binary.BigEndian.AppendUint64(nil, uint64(i)))
		_, _ = forged.Write(make([]byte, i))
	}
	if got, err := p.says("still here"); err != nil || got != "still here" {
		t.Errorf("%q, %v", got, err)
	}
	_, _ = guest.Write(check())
	_ = guest.SetReadDeadline(time.Now().Add(waitTimeout))
	if _, err := guest.Read(make([]byte, 100)); err != nil {
		t.Errorf("a guest hears nothing more: %v", err)
	}
	for _, conn := range open {
		_ = conn.Close()
	}
}

// TestFloodOfGuests: one origin has its part of the connections, and whoever has not been
// answered gives way to others.
func TestFloodOfGuests(t *testing.T) {
	p := newPlace(t)
	p.conf.Limits.OfOrigin = 8
	p.startRelay()
	p.startServer(nil)
	p.awaits(reach.Relayed)
	talks, err := net.Dial("tcp", p.guests())
	if err != nil {
		t.Fatal(err)
	}
	defer talks.Close()
	heard := func() string {
		one := make([]byte, 1)
		_ = talks.SetDeadline(time.Now().Add(waitTimeout))
		_, _ = io.WriteString(talks, "x")
		_, _ = io.ReadFull(talks, one)
		return string(one)
	}
	if got := heard(); got != "x" {
		t.Fatalf("a guest hears %q", got)
	}
	var silent []net.Conn
	for range 100 {
		conn, err := net.Dial("tcp", p.guests())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	for _, conn := range silent[:100-p.conf.Limits.OfOrigin] {
		_ = conn.SetReadDeadline(time.Now().Add(waitTimeout))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("more than %d are open: %v", p.conf.Limits.OfOrigin, err)
		}
	}
	if got, err := p.says("now"); err != nil || got != "now" {
		t.Errorf("those who say nothing keep their places: %q, %v", got, err)
	}
	if got := heard(); got != "x" {
		t.Errorf("whoever was answered gives way: %q", got)
	}
}

// TestForgedAddressesGiveWay: addresses that the media server does not answer keep nobody
// out who is a guest.
func TestForgedAddressesGiveWay(t *testing.T) {
	silent, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	d := &datagrams{
		media: func() netip.AddrPort { return silent.LocalAddr().(*net.UDPAddr).AddrPort() }, flows: map[uint32]*flow{},
	}
	guest := d.flow(1)
	guest.proved.Store(true)
	for id := range uint32(maxFlows + 100) {
		if d.flow(2+id) == nil || len(d.flows) > maxFlows {
			t.Fatalf("address %d: %d in all", id, len(d.flows))
		}
	}
	if d.flow(1) != guest {
		t.Error("a guest gives way")
	}
	for _, f := range d.flows {
		f.proved.Store(true)
	}
	if d.flow(1<<20) != nil {
		t.Error("more than there is room for")
	}
	for _, f := range d.flows {
		_ = f.Close()
	}
	d.group.Wait()
}
