// Package netcheck tests the way to a room server, without joining anything: nobody
// there notices. Every function may be called from any goroutine and returns when its
// context ends.
package netcheck

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// Limits of a test.
const (
	limit       = 15 * time.Second // of the whole
	stepLimit   = 5 * time.Second  // of a name, a connection, a handshake, an answer
	questions   = 5                // of which the fastest counts: the others waited for something
	maxAnswer   = doorapi.MaxBody
	udpLimit    = time.Second // for an answer, which only a closed port sends
	defaultPort = "443"
)

// Run tests every address of a link.
func Run(ctx context.Context, link call.Link) reach.Report {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	hosts, path := link.Hosts, doorapi.HealthPath
	if link.IsLiveKit() {
		hosts, path = plainHost(link), "/"
	}
	r := reach.Report{Addresses: make([]reach.Address, len(hosts)), Best: -1, Plain: link.IsLiveKit()}
	answers := make([]found, len(hosts))
	var group sync.WaitGroup
	for i, host := range hosts {
		group.Go(func() {
			t := tester{host: host, path: path, link: link}
			r.Addresses[i], answers[i] = t.run(ctx)
		})
	}
	group.Wait()
	for i, a := range r.Addresses {
		if a.Failed == reach.StepNone && (r.Best < 0 || a.RoundTrip < r.Addresses[r.Best].RoundTrip) {
			r.Best = i
		}
	}
	if r.Best >= 0 && !link.IsLiveKit() {
		answers[r.Best].media(ctx, &r)
	}
	return r
}

// plainHost is the address of a LiveKit server.
func plainHost(link call.Link) []string {
	u, err := url.Parse(link.URL)
	if err != nil {
		return nil // a link that was read has one
	}
	if port := u.Port(); port != "" {
		return []string{net.JoinHostPort(u.Hostname(), port)}
	}
	return []string{net.JoinHostPort(u.Hostname(), defaultPort)}
}

// tester tests one address.
type tester struct {
	host, path string
	link       call.Link
}

// found is what an address that answers has said.
type found struct {
	at    net.IP // that has answered
	ports reach.Ports
}

func (t tester) run(ctx context.Context) (a reach.Address, f found) {
	a.Host = t.host
	step, err := reach.StepName, error(nil)
	fail := func() reach.Address {
		a.Failed, a.Err = step, doorclient.ConnectError(err)
		return a
	}
	name, port, err := net.SplitHostPort(t.host)
	if err != nil {
		return fail(), found{}
	}
	_, err = within(ctx, func(ctx context.Context) ([]string, error) {
		return net.DefaultResolver.LookupHost(ctx, name)
	})
	if err != nil {
		return fail(), found{}
	}
	step = reach.StepConnect
	raw, err := dial(ctx, name, port)
	if err != nil {
		return fail(), found{}
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if remote, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		f.at = remote.IP
	}
	conn := raw
	if !t.open() {
		step = reach.StepTLS
		conn, err = within(ctx, func(ctx context.Context) (net.Conn, error) { return t.shake(ctx, raw, name) })
		if err != nil {
			return fail(), found{}
		}
	}
	step = reach.StepAnswer
	if f.ports, err = t.ask(ctx, conn, &a); err != nil {
		return fail(), found{}
	}
	return a, f
}

// within gives a step its time.
func within[T any](ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	return do(ctx)
}

// dial connects to the addresses of a name, those of IPv4 beside those of IPv6.
func dial(ctx context.Context, name, port string) (net.Conn, error) {
	return within(ctx, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(name, port))
	})
}

// open reports whether the link is one of plain text, which only loopback has.
func (t tester) open() bool {
	u, err := url.Parse(t.link.URL)
	return t.link.IsLiveKit() && err == nil && u.Scheme == "ws"
}

func (t tester) shake(ctx context.Context, raw net.Conn, name string) (net.Conn, error) {
	config := doorclient.TLSFor(t.link)
	if t.link.IsLiveKit() {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = name
	conn := tls.Client(raw, config)
	return conn, conn.HandshakeContext(ctx)
}

// ask asks a few times over one connection, and keeps how long that took.
func (t tester) ask(ctx context.Context, conn net.Conn, a *reach.Address) (ports reach.Ports, err error) {
	used := false
	transport := &http.Transport{DisableCompression: true, MaxResponseHeaderBytes: maxAnswer}
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		if used {
			return nil, fmt.Errorf("%w: it does not keep the connection", call.ErrServerGarbage)
		}
		used = true
		return conn, nil
	}
	defer transport.CloseIdleConnections()
	for range questions {
		began := time.Now()
		ports, err = within(ctx, func(ctx context.Context) (reach.Ports, error) { return t.question(ctx, transport) })
		if err != nil {
			return reach.Ports{}, err
		}
		took := time.Since(began)
		longest := max(a.RoundTrip+a.Spread, took)
		if a.RoundTrip == 0 || took < a.RoundTrip {
			a.RoundTrip = took
		}
		a.Spread = longest - a.RoundTrip
	}
	return ports, nil
}

func (t tester) question(ctx context.Context, transport *http.Transport) (reach.Ports, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.host+t.path, nil)
	if err != nil {
		return reach.Ports{}, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return reach.Ports{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil || t.link.IsLiveKit() { // whatever a LiveKit server answers, it is there
		return reach.Ports{}, err
	}
	var health doorapi.Health
	if err := json.Unmarshal(body, &health); err == nil && resp.StatusCode == http.StatusOK && health.Status != "" {
		return health.Media.Usable(), nil
	}
	if refusal, ok := doorclient.ReadRefusal(body); ok {
		return reach.Ports{}, refusal.Err()
	}
	return reach.Ports{}, fmt.Errorf("%w: status %d", call.ErrServerGarbage, resp.StatusCode)
}

// media tries the ports of audio and video. Over TCP a connection is proof. By UDP a
// room server answers nobody but those who are in a room, so that nothing heard says
// nothing; a port where nobody listens may say so.
func (f found) media(ctx context.Context, r *reach.Report) {
	r.Media = f.ports
	var group sync.WaitGroup
	if f.ports.TCP != 0 {
		group.Go(func() { r.TCP = f.tryTCP(ctx) })
	}
	if f.ports.UDP != 0 {
		group.Go(func() { r.UDP = f.tryUDP(ctx) })
	}
	if f.ports.Door {
		r.Door = reach.WayOpen // it has just answered there
	}
	group.Wait()
}

func (f found) tryTCP(ctx context.Context) reach.Way {
	conn, err := dial(ctx, f.at.String(), strconv.Itoa(f.ports.TCP))
	if err != nil {
		return reach.WayClosed
	}
	_ = conn.Close()
	return reach.WayOpen
}

func (f found) tryUDP(ctx context.Context) reach.Way {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", net.JoinHostPort(f.at.String(), strconv.Itoa(f.ports.UDP)))
	if err != nil {
		return reach.WayClosed
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(udpLimit)) // a closed one fails below
	_, err = conn.Write([]byte{0})
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	switch {
	case err == nil:
		return reach.WayOpen
	case errors.Is(err, syscall.ECONNREFUSED):
		return reach.WayClosed
	default:
		return reach.WayUnknown
	}
}
