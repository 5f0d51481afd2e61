// Package relayed brings guests to a room server over a relay (engine/relay): their TCP
// connections come out of a listener, and their datagrams come to the media server from
// sockets of this computer, one for each guest.
//
// The relay is believed in nothing but the addresses of guests who come over the internet,
// which limits are counted by. What it passes on is TLS to the door and media under DTLS: it can cut, delay and
// drop, as any network.
package relayed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
	"github.com/sirupsen/logrus"

	"foyer/engine/call/reach"
	"foyer/engine/doorclient"
	"foyer/engine/relay/relaywire"
)

const (
	dialTimeout  = 10 * time.Second
	guestTimeout = 5 * time.Second // for the address of a guest
	maxUnnamed   = 64              // guests whose address has not come yet
	maxStreams   = 1280            // at a time; an honest relay has fewer, see relaying.Flags

	firstPause = 250 * time.Millisecond
	maxPause   = 5 * time.Second // guests in a call wait for a minute, and not for longer than they must
	// refusedPause is between tries at a relay that has refused: somebody has to change
	// something first.
	refusedPause = time.Minute
	goodAfter    = 30 * time.Second // a connection that lasted so long was none that failed
)

// Config is what a [Line] works with.
type Config struct {
	Link reach.RelayLink
	ID   string // a secret of this server's, the same each time
	Port int    // at the relay, the last time; 0: there was none
	// Keep is told a port that is another than the last.
	Keep func(port int)
	// Media is where the media server of this computer takes datagrams.
	Media func() netip.AddrPort
	// Own lists the addresses of this computer; nil: those that it has.
	Own func() []netip.Addr
	// Changed is told of each change; it must not block.
	Changed func(reach.Relay)
	Log     logrus.FieldLogger
}

// Line is a server's connection to a relay, and the listener of the guests who come by it.
type Line struct {
	conf   Config
	guests chan net.Conn
	closed chan struct{}
	once   sync.Once

	moved chan struct{} // the network is another one since the last try

	mu    sync.Mutex
	state reach.Relay
	media *datagrams // of the connection that there is now
	local netip.Addr // from where it leads; zero: there is none
	cut   func()     // ends it, or the try to make one; nil: neither is there
}

var errForeign = errors.New("it does not have the certificate of the relay link")

// New makes a line that is not dialled before Run.
func New(c Config) *Line {
	if c.Own == nil {
		c.Own = ownAddresses
	}
	l := &Line{conf: c, guests: make(chan net.Conn), closed: make(chan struct{}), moved: make(chan struct{}, 1)}
	l.state = reach.Relay{State: reach.Dialling, At: l.at(c.Port)}
	return l
}

// at is where guests come to a port of the relay's; empty without one.
func (l *Line) at(port int) string {
	host, _, err := net.SplitHostPort(l.conf.Link.Host)
	if err != nil || port == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// State is how far the relay is.
func (l *Line) State() reach.Relay {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Run dials, and dials again, until ctx ends.
func (l *Line) Run(ctx context.Context) {
	pause, port := firstPause, l.conf.Port
	for ctx.Err() == nil {
		began := time.Now()
		got, err := l.serve(ctx, port)
		if ctx.Err() != nil {
			return
		}
		if got != 0 {
			port = got
		}
		if time.Since(began) > goodAfter {
			pause = firstPause
		}
		wait := l.failed(err, port, pause)
		timer := time.NewTimer(wait + rand.N(wait/4))
		select {
		case <-ctx.Done():
		case <-timer.C:
			pause = min(2*pause, maxPause)
		case <-l.moved:
			pause = firstPause
		}
		timer.Stop()
	}
}

// Moved is told that the network has changed: a connection from an address that is gone
// ends now, and not when nobody has answered for long, and where there is none the relay is
// dialled at once.
func (l *Line) Moved() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.local.IsValid() && slices.Contains(l.conf.Own(), l.local) {
		return
	}
	select {
	case l.moved <- struct{}{}:
	default:
	}
	if l.cut != nil {
		l.cut()
	}
}

func ownAddresses() []netip.Addr {
	all, _ := net.InterfaceAddrs() // none, then: the relay is dialled anew
	var own []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr().Unmap())
		}
	}
	return own
}

// leads takes over from where a connection leads, and what ends it.
func (l *Line) leads(local net.Addr, cut func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.local, l.cut = netip.Addr{}, cut
	if a, ok := local.(*net.TCPAddr); ok {
		l.local = a.AddrPort().Addr().Unmap().WithZone("")
	}
}

// failed says so, once, and how long to wait.
func (l *Line) failed(err error, port int, pause time.Duration) time.Duration {
	state := reach.Relay{State: reach.RelayLost, At: l.at(port)}
	refusal := new(refusedError)
	switch {
	case errors.As(err, &refusal):
		pause = refusedPause
		if state.State = reach.RelayFull; refusal.why == relaywire.RefusedKey {
			state.State = reach.RelayRefuses
		}
	case errors.Is(err, errForeign):
		pause, state.State = refusedPause, reach.RelayForeign
	}
	if l.become(state) {
		l.conf.Log.WithError(err).WithField("relay", l.conf.Link.Host).
			Warn("the relay is of no use now; it is tried again")
	}
	return pause
}

// become takes over a state, and reports whether it is new.
func (l *Line) become(state reach.Relay) bool {
	l.mu.Lock()
	before := l.state
	l.state = state
	l.mu.Unlock()
	if before == state {
		return false
	}
	l.conf.Changed(state)
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// refusedError says that the relay has answered no.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return fmt.Sprintf("the relay refuses: %.20q", e.why) }

// serve uses one connection to the relay until it ends, and returns the port there.
func (l *Line) serve(ctx context.Context, last int) (port int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.leads(nil, cancel)
	defer l.leads(nil, nil)
	conn, err := l.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	l.leads(conn.LocalAddr(), cancel)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	welcome, err := l.greet(conn, last)
	if err != nil {
		return 0, err
	}
	media, err := dialMedia(conn, welcome.Session, l.conf.Media)
	if err != nil {
		return 0, err
	}
	mux, err := yamux.Server(relaywire.NewGuard(conn, true), relaywire.Streams())
	if err != nil {
		return 0, errors.Join(err, media.Close())
	}
	if welcome.Port != l.conf.Port {
		l.conf.Keep(welcome.Port)
	}
	l.use(media)
	var group sync.WaitGroup
	group.Go(func() { media.run(ctx) })
	l.become(reach.Relay{State: reach.Relayed, At: l.at(welcome.Port)})
	l.conf.Log.WithField("at", l.at(welcome.Port)).Info("guests can come by the relay")
	err = l.accept(ctx, mux, welcome.Port, media)
	cancel()
	l.use(nil)
	_ = mux.Close()
	group.Wait()
	return welcome.Port, err
}

func (l *Line) use(media *datagrams) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.media = media
}

func (l *Line) dial(ctx context.Context) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conf := doorclient.Pinned(l.conf.Link.Fingerprint, errForeign)
	conf.NextProtos = []string{relaywire.ALPN}
	conn, err := (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", l.conf.Link.Host)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// greet tells the relay who we are.
func (l *Line) greet(conn *tls.Conn, last int) (relaywire.Welcome, error) {
	var welcome relaywire.Welcome
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return welcome, err
	}
	if err := relaywire.WriteLine(conn, relaywire.Hello{Key: l.conf.Link.Key, ID: l.conf.ID, Port: last}); err != nil {
		return welcome, err
	}
	if err := relaywire.ReadLine(conn, &welcome); err != nil {
		return welcome, err
	}
	if welcome.Refusal != "" {
		return welcome, &refusedError{welcome.Refusal}
	}
	if welcome.Port < 1 || welcome.Port > 65535 || welcome.Session == 0 {
		return welcome, errors.New("the relay gives no port")
	}
	return welcome, conn.SetDeadline(time.Time{})
}

// accept takes guests until the connection ends.
func (l *Line) accept(ctx context.Context, mux *yamux.Session, port int, media *datagrams) error {
	var group sync.WaitGroup
	defer group.Wait()
	unnamed := make(chan struct{}, maxUnnamed)
	for {
		stream, err := mux.AcceptStreamWithContext(ctx)
		if err != nil {
			return err
		}
		if mux.NumStreams() > maxStreams {
			return errors.New("the relay brings more guests than anybody has")
		}
		select {
		case unnamed <- struct{}{}:
		default:
			_ = stream.Close()
			continue
		}
		group.Go(func() {
			defer func() { <-unnamed }()
			l.name(ctx, &relaywire.Stream{Stream: stream}, Address{port: port, media: media})
		})
	}
}

// name reads who a guest is, and hands the connection over.
func (l *Line) name(ctx context.Context, stream *relaywire.Stream, here Address) {
	_ = stream.SetReadDeadline(time.Now().Add(guestTimeout)) // a closed one fails below
	guest, err := relaywire.ReadGuest(stream)
	if err != nil || stream.SetReadDeadline(time.Time{}) != nil {
		_ = stream.Close()
		return
	}
	guest = believed(guest, stream.RemoteAddr(), reach.OwnNetworks())
	conn := &guestConn{Conn: stream, guest: net.TCPAddrFromAddrPort(guest), here: here}
	select {
	case l.guests <- conn:
	case <-ctx.Done():
		_ = stream.Close()
	case <-l.closed:
		_ = stream.Close()
	}
}

// believed is the address by which the limits of a guest are counted: the one that the
// relay names, if it is on the internet. Others are of this computer and its networks, whose
// limits the relay could use up; the relay's own stands for them.
func believed(guest netip.AddrPort, relay net.Addr, own []netip.Prefix) netip.AddrPort {
	if reach.Outside(guest.Addr(), own) {
		return guest
	}
	at, err := netip.ParseAddrPort(relay.String())
	if err != nil {
		return netip.AddrPort{} // one origin, too
	}
	return netip.AddrPortFrom(at.Addr(), guest.Port())
}

// Accept implements net.Listener.
func (l *Line) Accept() (net.Conn, error) {
	select {
	case conn := <-l.guests:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections live until Run ends.
func (l *Line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *Line) Addr() net.Addr { return Address{} }

// guestConn is a guest's connection, as if they had dialled us.
type guestConn struct {
	net.Conn
	guest *net.TCPAddr
	here  Address
}

// RemoteAddr implements net.Conn.
func (c *guestConn) RemoteAddr() net.Addr { return c.guest }

// LocalAddr implements net.Conn.
func (c *guestConn) LocalAddr() net.Addr { return c.here }

// Address is this server's at the relay.
type Address struct {
	port  int
	media *datagrams
}

// Network implements net.Addr.
func (Address) Network() string { return "relay" }

// String implements net.Addr.
func (a Address) String() string { return "relay:" + strconv.Itoa(a.port) }

// MediaPorts are the ports of media at the address by which a guest has come: UDP if that
// comes through between the relay and us, and TCP.
func (a Address) MediaPorts() reach.Ports {
	p := reach.Ports{Door: true}
	if a.media != nil && a.media.alive() {
		p.UDP = a.port
	}
	return p
}
