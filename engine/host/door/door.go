package door

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/connwatch"
	"foyer/engine/host/demux"
	"foyer/engine/host/limits"
	"foyer/engine/host/metrics"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/tracks"
)

// Limits of one connection to the door.
const (
	headerTimeout = 5 * time.Second // TLS handshake, request line and headers
	bodyTimeout   = 15 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = time.Minute
	maxHeader     = 128 << 10 // a join_request holds an offer, as base64 in the request line
	maxAPIBody    = 1 << 20
	nonceWindow   = 10 * time.Minute // how wrong a client's clock may be
	maxNonces     = 1 << 16          // in two windows, of all; 32 bytes each
	// originNonces is one origin's part of them: 3 joins a second, all the
	// time. Of more, the oldest ones are forgotten.
	originNonces = 1 << 12
)

// Config is what a [Door] works with.
type Config struct {
	Log         logrus.FieldLogger
	Certificate tls.Certificate // whose fingerprint is in invite links
	// Show chooses the certificate for a client; nil: Certificate for everybody.
	Show func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Protocols are those besides HTTP that clients may ask for in TLS, and then get
	// nothing but Show's certificate.
	Protocols []string
	AdminKey  string
	APIKey    roomservice.Key // of LiveKit; the door signs tokens with it
	LiveKit   *url.URL
	// Cluster means that LiveKit is not our own: it decides itself who opens rooms.
	Cluster bool

	Register  *register.Register
	Rooms     *roomservice.Client
	Moderator *moderation.Moderator
	Enforcer  *tracks.Enforcer
	// Keep has a keeper come to a room that somebody is entering.
	Keep func(call.RoomID)
	// Hosts lists the addresses for an invite link, as the network is now.
	Hosts func() []string
	// Public are those of them that the server was told, as links carry them, and
	// Trusted reports whether one has a certificate of its own now; nil: none has.
	Public  []string
	Trusted func(host string) bool
	// Media says where our own LiveKit receives media, MediaListener is its TCP port,
	// and TakeMedia takes connections as demux.Config has it; nil: it has none, or it is
	// another computer's.
	Media         reach.Ports
	MediaListener net.Listener
	TakeMedia     func(ctx context.Context, name string, conn net.Conn, keep func()) error

	// Relay has the guests who come by a relay; nil: there is none. The local address of
	// its connections has MediaPorts, which take the place of Media.
	Relay net.Listener

	// Page serves the page for guests in a browser; nil: there is none.
	Page http.Handler

	// Came is told of everybody who came in from outside, see reach.Outside; nil:
	// nobody wants to know. It must not block.
	Came func(room call.RoomID, id call.Identity, name string)

	Limits limits.Limits
	Now    func() time.Time
}

// Door is the public port. Its handlers run on goroutines of its HTTP server.
// Its owner calls Serve once, and in the end Refuse, Settle, Drain and Close, in this
// order; only Close has to be called.
type Door struct {
	log         logrus.FieldLogger
	fingerprint [sha256.Size]byte
	adminKey    string
	apiKey      roomservice.Key
	cluster     bool
	register    *register.Register
	rooms       *roomservice.Client
	moderator   *moderation.Moderator
	enforcer    *tracks.Enforcer
	keep        func(call.RoomID)
	hosts       func() []string
	names       *names
	public      []string
	trusted     func(string) bool
	came        func(call.RoomID, call.Identity, string)
	media       reach.Ports
	mediaPort   net.Listener
	takeMedia   func(ctx context.Context, name string, conn net.Conn, keep func()) error
	relay       net.Listener
	page        http.Handler

	presence presence
	seats    *seats.Seats
	watch    *connwatch.Watch
	metrics  *metrics.Door
	proxy    *httputil.ReverseProxy

	limits         limits.Limits
	guests         guestLimits
	joins          *limits.Rates[netip.Prefix]
	attempts       *attempts
	connects       *limits.Rates[netip.Prefix]
	personConnects *limits.Rates[roomservice.Place]
	nonces         *limits.Nonces
	signing        *limits.ForwardClock // by which joins are signed
	now            func() time.Time

	http   *http.Server
	cancel context.CancelFunc // ends every connection to LiveKit

	accepting     context.Context    //nolint:containedctx // ends when arrivals are not waited for any more
	stopAccepting context.CancelFunc // ends it

	entrance turnstile
}

// New makes a door, which is closed until Serve.
func New(c Config) *Door {
	d := &Door{
		log: c.Log, fingerprint: sha256.Sum256(c.Certificate.Certificate[0]), adminKey: c.AdminKey, apiKey: c.APIKey,
		cluster: c.Cluster, register: c.Register, rooms: c.Rooms, moderator: c.Moderator, enforcer: c.Enforcer,
		keep: c.Keep, hosts: c.Hosts, public: c.Public, trusted: c.Trusted, came: c.Came,
		media: c.Media, mediaPort: c.MediaListener, takeMedia: c.TakeMedia, relay: c.Relay, page: c.Page,
		presence: c.Rooms, seats: seats.New(), metrics: metrics.New(),
		limits: c.Limits, guests: newGuestLimits(c.Limits), attempts: newAttempts(c.Limits, c.Now), now: c.Now,
		signing: &limits.ForwardClock{}, nonces: limits.NewNonces(2*nonceWindow, maxNonces, originNonces),
	}
	d.names = newNames(c.Hosts, c.Now)
	d.watch = connwatch.New(c.Rooms.Participant, c.Moderator.TellConnection, c.Cluster)
	l := c.Limits
	d.connects = limits.NewRates[netip.Prefix](l.Connects, l.ConnectBurst, l.Addresses)
	d.personConnects = limits.NewRates[roomservice.Place](l.PersonConnects, l.PersonConnectBurst, l.Addresses)
	d.joins = limits.NewRates[netip.Prefix](l.Joins, l.JoinBurst, l.Addresses)
	d.proxy = newProxy(c.LiveKit, c.Log, d.confirm, d.refuseWith)
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	d.accepting, d.stopAccepting = context.WithCancel(ctx)
	d.http = &http.Server{
		Handler:           d.routes(),
		TLSConfig:         tlsConfig(c),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          stdlog.New(logWriter{c.Log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		// HTTP/1.1 alone: WebSockets need it, and one protocol has one set of
		// limits.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	return d
}

func tlsConfig(c Config) *tls.Config {
	conf := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.Certificate}, NextProtos: c.Protocols,
	}
	if c.Show != nil {
		conf.GetCertificate = c.Show
	}
	return conf
}

// Serve answers until Close; the channel gets the error of a server that ends
// by itself, and nil otherwise.
func (d *Door) Serve(inner net.Listener) <-chan error {
	listener := limits.NewListener(inner, d.limits.Fit(limits.FileLimit()))
	d.http.ConnState = listener.Watch
	all := []net.Listener{listener}
	if d.relay != nil {
		all = append(all, listener.Beside(d.relay))
	}
	if d.takeMedia != nil {
		conf := demux.Config{Media: d.takeMedia, Watch: listener.Watch}
		for i, l := range all {
			all[i] = demux.New(l, conf)
		}
		conf.Alone = true
		all = append(all, demux.New(listener.Beside(d.mediaPort), conf)) // gives the server nothing but its end
	}
	ends := make(chan error, len(all))
	for _, l := range all {
		go func() { ends <- d.http.ServeTLS(l, "", "") }()
	}
	done := make(chan error, 1)
	go func() {
		err := <-ends
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		_ = d.http.Close() // the others, if one has ended by itself
		for range all[1:] {
			<-ends
		}
		done <- err
	}()
	return done
}

// Refuse lets nobody in from now on.
func (d *Door) Refuse() { d.entrance.refuse() }

// Pause runs f while nobody is in a room or on the way to one: newcomers wait. It
// reports false, and runs nothing, if somebody is.
func (d *Door) Pause(f func()) bool { return d.entrance.pause(f) }

// Settle waits until everybody who was let in before Refuse is in a room, where
// LiveKit tells them what happens, or is refused. After timeout it refuses the rest.
func (d *Door) Settle(ctx context.Context, timeout time.Duration) {
	await(ctx, timeout, &d.entrance.arriving)
	d.stopAccepting()
}

// Drain waits until the last message of LiveKit has reached its clients, but not
// for longer than timeout.
func (d *Door) Drain(ctx context.Context, timeout time.Duration) {
	await(ctx, timeout, &d.entrance.inside)
}

// Close ends every connection, and waits for the handlers. What the door was made
// with stays open.
func (d *Door) Close() {
	d.cancel()
	_ = d.http.Close()
	d.entrance.inside.Wait()
	d.watch.Close()
	if t, ok := d.proxy.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}
