package host

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/twitchtv/twirp"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/connwatch"
	"foyer/engine/host/keeper"
	"foyer/engine/host/limits"
	"foyer/engine/host/metrics"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/tracks"
)

// Paths of the door beside those of LiveKit.
const (
	healthPath      = "/foyer/v1/health"
	roomServicePath = "/twirp/livekit.RoomService/"
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

// Codes that only the door's own API uses.
const (
	codeInternal doorapi.Code = "internal"
)

// door is the public port. Its handlers run on goroutines of its HTTP server.
type door struct {
	settings
	data     *folder
	register *register.Register
	rooms    *roomservice.Client
	proxy    *httputil.ReverseProxy
	port     uint16 // set by serve

	presence  presence
	seats     *seats.Seats
	watch     *connwatch.Watch
	moderator *moderation.Moderator
	metrics   *metrics.Door
	keepers   *keeper.Pool
	enforcer  *tracks.Enforcer

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

	welcome  context.Context    //nolint:containedctx // ends when arrivals are not waited for any more
	turnAway context.CancelFunc // ends it

	mu       sync.Mutex
	stopping bool
	arriving sync.WaitGroup // joins, and connects to /rtc* that LiveKit has not answered yet
	inside   sync.WaitGroup // joins and connects, all
}

func newDoor(s settings, data *folder, reg *register.Register, upstream *url.URL) *door {
	d := &door{settings: s, data: data, register: reg, metrics: metrics.New(), limits: limits.Default(), now: time.Now}
	if s.Config.limits != nil {
		d.limits = *s.Config.limits
	}
	if s.Config.now != nil {
		d.now = s.Config.now
	}
	d.rooms = roomservice.New(upstream, data.api, s.RoomTTL)
	d.presence, d.seats = d.rooms, seats.New()
	d.enforcer = tracks.New(tracks.Config{Register: reg, Rooms: d.rooms, Warn: d.logTracks})
	d.moderator = moderation.New(moderation.Config{Register: reg, Rooms: d.rooms, Enforce: d.enforcer.Enforce, Log: s.Log, Now: d.now})
	d.watch = connwatch.New(d.rooms.Participant, d.moderator.TellConnection, d.upstream != nil)
	d.keepers = keeper.NewPool(s.Trace, reg, d.rooms, upstream, data.api, keeper.Config{
		Store: reg, Remover: d.moderator, Teller: d.moderator, Silencer: d.moderator, Log: s.Log, Now: d.now,
	})
	d.moderator.Use(d.keepers)
	d.connects = limits.NewRates[netip.Prefix](d.limits.Connects, d.limits.ConnectBurst, d.limits.Addresses)
	d.personConnects = limits.NewRates[roomservice.Place](d.limits.PersonConnects, d.limits.PersonConnectBurst, d.limits.Addresses)
	d.joins = limits.NewRates[netip.Prefix](d.limits.Joins, d.limits.JoinBurst, d.limits.Addresses)
	d.attempts = newAttempts(d.limits, d.now)
	d.signing = &limits.ForwardClock{}
	d.nonces = limits.NewNonces(2*nonceWindow, maxNonces, originNonces)
	d.guests = newGuestLimits(d.limits)
	d.proxy = newProxy(upstream, s.Log, d.confirm, d.refuseWith)
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	d.welcome, d.turnAway = context.WithCancel(ctx)
	d.http = &http.Server{
		Handler:           d.routes(),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{data.certificate}},
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          stdlog.New(logWriter{s.Log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		// HTTP/1.1 alone: WebSockets need it, and one protocol has one set of
		// limits.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	return d
}

// route is one that the door answers. docs/openapi.yaml has them all.
type route struct {
	method string
	path   string
	serve  http.HandlerFunc
}

func (d *door) routeTable() []route {
	table := []route{
		{http.MethodGet, healthPath, d.serveHealth},
		{http.MethodGet, metrics.Path, d.serveMetrics},
		{http.MethodPost, doorapi.JoinPath, d.serveJoin},
		{http.MethodPost, doorapi.InvitationsPath, d.serveInvitation},
		{http.MethodPost, roomServicePath, d.serveRoomService},
	}
	for _, o := range d.moderator.Operations() {
		table = append(table, route{http.MethodPost, doorapi.APIPath + string(o.Op), d.serveOperation(o)})
	}
	// Every route of LiveKit's that admits somebody to a room, except WHIP and
	// agents, which stay closed (livekit-server rtcservice.go, SetupRoutes).
	for _, path := range []string{"/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"} {
		table = append(table, route{http.MethodGet, path, d.serveRTC})
	}
	return table
}

func (d *door) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range d.routeTable() {
		mux.HandleFunc(r.method+" "+r.path, d.metrics.Count(r.path, r.serve))
		if r.method == http.MethodPost && r.path != roomServicePath {
			mux.HandleFunc("OPTIONS "+r.path, servePreflight)
		}
	}
	return mux
}

// serve answers until close; the channel gets the error of a server that ends
// by itself, and nil otherwise.
func (d *door) serve(inner net.Listener) <-chan error {
	d.port = portOf(inner)
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

// hosts are the addresses for a link, as the network is now.
func (d *door) hosts() []string { return linkHosts(d.settings, d.port) }

// refuse lets nobody in from now on.
func (d *door) refuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
}

func (d *door) isStopping() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopping
}

// enter counts a join or a connect to LiveKit, unless the server stops. The
// caller says with arrived, once or more, when it is decided, and with
// d.inside.Done when it is over.
func (d *door) enter() (arrived func(), ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil, false
	}
	d.inside.Add(1)
	d.arriving.Add(1)
	return sync.OnceFunc(d.arriving.Done), true
}

// settle waits until everybody who was let in before refuse is in a room, where
// LiveKit tells them what happens, or is refused. Who takes too long is refused.
func (d *door) settle(ctx context.Context, timeout time.Duration) {
	await(ctx, timeout, &d.arriving)
	d.turnAway()
}

// drain waits until the last word of LiveKit has reached its clients.
func (d *door) drain(ctx context.Context, timeout time.Duration) { await(ctx, timeout, &d.inside) }

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

// close ends every connection.
func (d *door) close() {
	d.cancel()
	_ = d.http.Close()
	d.inside.Wait()
	d.watch.Close()
	d.enforcer.Close()
	d.keepers.Close()
	d.rooms.Close()
	if t, ok := d.proxy.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

func (d *door) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if d.isStopping() {
		d.fail(w, nil, call.ErrServerStopping)
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

// serveMetrics answers whoever has the admin key.
func (d *door) serveMetrics(w http.ResponseWriter, r *http.Request) {
	who, err := d.authorize(r)
	if err == nil && !who.Admin {
		err = call.ErrForbidden
	}
	if err != nil {
		d.fail(w, d.Log.WithFields(logrus.Fields{"part": "door", "from": limits.Origin(r.RemoteAddr)}), err)
		return
	}
	d.metrics.Handler().ServeHTTP(w, r)
}

// readJSON reads a bounded body into v. Errors wrap call.ErrBadArgument.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, doorapi.MaxBody))
	if err != nil {
		return fmt.Errorf("%w: body: %w", call.ErrBadArgument, err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: body is not the expected JSON", call.ErrBadArgument)
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if it fails
}

// fail answers with the refusal that err means. What the door itself could not
// do is logged and not told to strangers.
func (d *door) fail(w http.ResponseWriter, log logrus.FieldLogger, err error) {
	e, ok := doorapi.ErrorFrom(err)
	if errors.Is(err, call.ErrNotStored) {
		e = doorapi.Error{Code: doorapi.CodeNotStored, Message: call.ErrNotStored.Error()} // the rest is ours to know
	}
	if !ok && d.isStopping() { // which is the cause, most likely
		e, ok = doorapi.ErrorFrom(call.ErrServerStopping)
	}
	if e.Code == doorapi.CodeBanned {
		e.Time = d.now().UnixMilli() // its end is by this clock
	}
	status := e.Status()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, call.ErrAdminKey):
		ok = true
		e, status = doorapi.Error{Code: doorapi.CodeUnauthorized, Message: call.ErrAdminKey.Error()}, http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", "Bearer")
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, register.ErrFull):
		d.Log.WithError(err).Error("the door could not store anything")
		e, status = doorapi.Error{Code: doorapi.CodeNoSpace, Message: call.ErrDataFull.Error()}, http.StatusInsufficientStorage
	// Both may be over soon: clients that have lost their connection try on.
	case !ok && errors.Is(err, register.ErrUnavailable):
		d.Log.WithError(err).Error("the register does not answer")
		e = doorapi.Error{Code: doorapi.CodeNotStored, Message: call.ErrNotStored.Error()}
		status = e.Status()
	case !ok && noAnswer(err):
		d.Log.WithError(err).Error("LiveKit does not answer")
		e = doorapi.Error{Code: doorapi.CodeServerSilent, Message: "the media server does not answer"}
		status = e.Status()
	case !ok:
		d.Log.WithError(err).Error("the door could not answer")
		e, status = doorapi.Error{Code: codeInternal, Message: "the server has a problem of its own"}, http.StatusInternalServerError
	}
	if log != nil && ok {
		log.WithField("code", e.Code).Info("refused")
	}
	d.metrics.Refused(string(e.Code))
	reply(w, status, e)
}

// noAnswer reports whether LiveKit's API could not be reached, or something on the
// way to it says so, or LiveKit cannot reach its Redis or another node.
func noAnswer(err error) bool {
	var failed *url.Error
	var refused twirp.Error
	if errors.As(err, &failed) {
		return true
	}
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code() {
	case twirp.Unavailable, twirp.DeadlineExceeded, twirp.Unknown, twirp.Internal:
		return true
	default:
		return false
	}
}

// refuseWith answers a request that LiveKit would have answered.
func (d *door) refuseWith(w http.ResponseWriter, err error) {
	allowOrigins(w)
	d.fail(w, d.Log.WithField("part", "door"), err)
}

// logWriter sends net/http's complaints about clients to the log.
type logWriter struct{ log logrus.FieldLogger }

func (l logWriter) Write(p []byte) (int, error) {
	l.log.Debug(string(bytes.TrimSpace(p)))
	return len(p), nil
}
