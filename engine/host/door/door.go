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
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/host/connwatch"
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
	// time. An office behind one address has fewer.
	originNonces = 1 << 12
)

// Config is what a [Door] works with.
type Config struct {
	Log         logrus.FieldLogger
	Certificate tls.Certificate // whose fingerprint is in invite links
	AdminKey    string
	APIKey      roomservice.Key // of LiveKit; the door signs tokens with it
	LiveKit     *url.URL
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

	Limits limits.Limits
	Now    func() time.Time
}

// Door is the public port. Its handlers run on goroutines of its HTTP server.
// Whoever makes one calls Serve once, and in the end Refuse, Settle, Drain and
// Close, in this order; only Close has to be called.
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

	mu       sync.Mutex
	stopping bool
	arriving sync.WaitGroup // joins, and connects to /rtc* that LiveKit has not answered yet
	inside   sync.WaitGroup // joins and connects, all
}

// New makes a door, which is closed until Serve.
func New(c Config) *Door {
	d := &Door{
		log: c.Log, fingerprint: sha256.Sum256(c.Certificate.Certificate[0]), adminKey: c.AdminKey, apiKey: c.APIKey,
		cluster: c.Cluster, register: c.Register, rooms: c.Rooms, moderator: c.Moderator, enforcer: c.Enforcer,
		keep: c.Keep, hosts: c.Hosts, presence: c.Rooms, seats: seats.New(), metrics: metrics.New(),
		limits: c.Limits, guests: newGuestLimits(c.Limits), attempts: newAttempts(c.Limits, c.Now), now: c.Now,
		signing: &limits.ForwardClock{}, nonces: limits.NewNonces(2*nonceWindow, maxNonces, originNonces),
	}
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
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.Certificate}},
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

// Serve answers until Close; the channel gets the error of a server that ends
// by itself, and nil otherwise.
func (d *Door) Serve(inner net.Listener) <-chan error {
	done := make(chan error, 1)
	listener := limits.NewListener(inner, d.limits.Fit(limits.FileLimit()))
	d.http.ConnState = listener.Watch
	go func() {
		err := d.http.ServeTLS(listener, "", "")
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		done <- err
	}()
	return done
}

// Refuse lets nobody in from now on.
func (d *Door) Refuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
}

func (d *Door) isStopping() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopping
}

// enter counts a join or a connect to LiveKit, unless the server stops. The
// caller says with arrived, once or more, when it is decided, and with
// d.inside.Done when it is over.
func (d *Door) enter() (arrived func(), ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil, false
	}
	d.inside.Add(1)
	d.arriving.Add(1)
	return sync.OnceFunc(d.arriving.Done), true
}

// Settle waits until everybody who was let in before Refuse is in a room, where
// LiveKit tells them what happens, or is refused. After timeout it refuses the rest.
func (d *Door) Settle(ctx context.Context, timeout time.Duration) {
	await(ctx, timeout, &d.arriving)
	d.stopAccepting()
}

// Drain waits until the last message of LiveKit has reached its clients, but not
// for longer than timeout.
func (d *Door) Drain(ctx context.Context, timeout time.Duration) { await(ctx, timeout, &d.inside) }

// await waits for a group, but not for longer than timeout. The group must end
// some time.
func await(ctx context.Context, timeout time.Duration, group *sync.WaitGroup) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	empty := make(chan struct{})
	go func() {
		group.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// Close ends every connection, and waits for the handlers. What the door was made
// with stays open.
func (d *Door) Close() {
	d.cancel()
	_ = d.http.Close()
	d.inside.Wait()
	d.watch.Close()
	if t, ok := d.proxy.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}
