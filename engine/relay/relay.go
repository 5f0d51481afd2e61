// Package relay passes guests on to room servers that nobody can dial: behind a router
// that opens no port, or a provider that shares its addresses. A server dials the relay
// and gets a port there, TCP and UDP. What guests send to that port the relay passes on
// to the server as it is: TLS that the guests' link pins to the server's certificate, and
// media under DTLS and SRTP. It can neither read nor pose, and it sends nothing to anybody
// who has not come to that port by themselves.
//
// A [Server] belongs to whoever calls Run.
package relay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"foyer/engine/host/limits"
	"foyer/engine/relay/relaywire"
)

// DefaultListen is where room servers dial a relay, by TCP and UDP.
const DefaultListen = ":7848"

// Limits of those who have not named the key.
const (
	helloTimeout  = 5 * time.Second // of TLS and the first line
	maxStrangers  = 64              // at a time, of all; then the one that has waited for longest gives way
	strangersOf   = 16              // one origin
	originsKept   = 4096
	triesBurst    = 10 // of one origin; then one in 6 s
	triesEvery    = 6 * time.Second
	serverBuffers = 4 << 20 // bytes that the system keeps of datagrams
)

// Limits of one server's guests.
type Limits struct {
	Connections int // TCP, at a time
	OfOrigin    int // of them, and of the flows of UDP, from one origin
	Flows       int // of UDP, at a time
	// Bytes a second, of both directions together.
	Bytes int
}

// DefaultLimits are enough for a room of fifty people with video.
func DefaultLimits() Limits {
	return Limits{Connections: 512, OfOrigin: 64, Flows: 256, Bytes: 100e6 / 8}
}

// Config says how to relay.
type Config struct {
	Listen      string // ADDR:PORT; empty for DefaultListen
	First, Last int    // ports for guests, one for each server
	Certificate tls.Certificate
	Key         string // reach.RelayLink.Key
	Limits      Limits
	Log         logrus.FieldLogger
}

// ErrConfig says that a relay cannot be run with these settings.
var ErrConfig = errors.New("unusable settings of a relay")

// Server is a relay.
type Server struct {
	conf   Config
	listen netip.AddrPort
	tries  *limits.Rates[netip.Prefix]
	udp    *net.UDPConn
	group  sync.WaitGroup

	mu       sync.Mutex
	sessions map[uint64]*session
	ports    map[int]*lease
}

// lease is whose a port is. It stays theirs while no other needs it.
type lease struct {
	id      string
	session *session // nil: the server is away
	since   time.Time
}

// New checks the settings; nothing is opened before Run.
func New(c Config) (*Server, error) {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	wrong := func(what string) (*Server, error) { return nil, fmt.Errorf("%w: %s", ErrConfig, what) }
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return wrong(fmt.Sprintf("%.80q is not ADDRESS:PORT", c.Listen))
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return wrong(fmt.Sprintf("port %.20q is not within 1..65535", port))
	}
	address := netip.IPv6Unspecified()
	if host != "" {
		if address, err = netip.ParseAddr(host); err != nil {
			return wrong(fmt.Sprintf("%.80q is not an address of this computer", host))
		}
	}
	if c.First < 1 || c.Last > 65535 || c.Last < c.First {
		return wrong(fmt.Sprintf("ports %d-%d are not within 1..65535", c.First, c.Last))
	}
	if int(number) >= c.First && int(number) <= c.Last {
		return wrong(fmt.Sprintf("port %d is among those for guests, %d-%d", number, c.First, c.Last))
	}
	return &Server{
		conf: c, listen: netip.AddrPortFrom(address, uint16(number)),
		tries:    limits.NewRates[netip.Prefix](rate.Every(triesEvery), triesBurst, originsKept),
		sessions: map[uint64]*session{}, ports: map[int]*lease{},
	}, nil
}

// bind is the address for net.Listen: an unspecified one listens on IPv4 and IPv6.
func (s *Server) bind(port int) string {
	host := ""
	if !s.listen.Addr().IsUnspecified() {
		host = s.listen.Addr().String()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// Run relays until ctx ends. ready is called when servers may dial.
func (s *Server) Run(ctx context.Context, ready func()) error {
	at := s.bind(int(s.listen.Port()))
	inner, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	if s.udp, err = listenUDP(at); err != nil {
		return errors.Join(err, inner.Close())
	}
	servers := s.conf.Last - s.conf.First + 1
	l := limits.NewListener(inner, limits.Limits{
		Total: servers + maxStrangers, Connections: servers + strangersOf, Waiting: strangersOf,
	})
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _, _ = l.Close(), s.udp.Close() })
	defer stop()
	s.group.Go(s.readServers)
	ready()
	err = s.accept(ctx, l)
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	_, _ = l.Close(), s.udp.Close()
	s.group.Wait()
	return err
}

func listenUDP(at string) (*net.UDPConn, error) {
	address, err := net.ResolveUDPAddr("udp", at)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", address)
	if err == nil {
		_, _ = conn.SetReadBuffer(serverBuffers), conn.SetWriteBuffer(serverBuffers) // as much as the system allows
	}
	return conn, err
}

// accept lets servers dial until the listener ends.
func (s *Server) accept(ctx context.Context, l *limits.Listener) error {
	conf := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{s.conf.Certificate},
		NextProtos: []string{relaywire.ALPN},
	}
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			if !rest(ctx) {
				return err
			}
		case !s.tries.Take(limits.Origin(conn.RemoteAddr().String()), time.Now()):
			_ = conn.Close()
		default:
			s.group.Go(func() { s.welcome(ctx, tls.Server(conn, conf), func() { l.Watch(conn, http.StateActive) }) })
		}
	}
}

// acceptAgain is how long to wait when nothing can be accepted.
const acceptAgain = 50 * time.Millisecond

func rest(ctx context.Context) bool {
	timer := time.NewTimer(acceptAgain)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// welcome finds out who has dialled, and serves them until they go. known is called when
// they are no stranger.
func (s *Server) welcome(ctx context.Context, conn *tls.Conn, known func()) {
	defer conn.Close()
	unlock := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unlock()
	log := s.conf.Log.WithField("from", limits.Origin(conn.RemoteAddr().String()))
	hello, err := s.hear(conn)
	if err != nil {
		log.WithError(err).Debug("somebody dialled who is no server")
		return
	}
	if !s.isKey(hello.Key) {
		log.Warn("a server does not have the relay's key")
		_ = relaywire.WriteLine(conn, relaywire.Welcome{Refusal: relaywire.RefusedKey}) // they are sent away in any case
		return
	}
	known()
	serving, err := s.admit(conn, hello)
	if err != nil {
		log.WithError(err).Warn("a server finds no place")
		_ = relaywire.WriteLine(conn, relaywire.Welcome{Refusal: relaywire.RefusedFull})
		return
	}
	log = log.WithField("port", serving.port)
	log.Info("a server uses the relay")
	err = serving.run(ctx)
	s.forget(serving)
	log.WithError(err).Info("a server has gone")
}

// hear reads what a server says first.
func (s *Server) hear(conn *tls.Conn) (relaywire.Hello, error) {
	var hello relaywire.Hello
	if err := conn.SetDeadline(time.Now().Add(helloTimeout)); err != nil {
		return hello, err
	}
	if err := conn.Handshake(); err != nil {
		return hello, err
	}
	if conn.ConnectionState().NegotiatedProtocol != relaywire.ALPN {
		return hello, errors.New("it speaks another protocol")
	}
	if err := relaywire.ReadLine(conn, &hello); err != nil {
		return hello, err
	}
	if hello.ID == "" || len(hello.ID) > relaywire.MaxID {
		return hello, errors.New("it does not say who it is")
	}
	return hello, conn.SetDeadline(time.Time{})
}

func (s *Server) isKey(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.conf.Key))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
