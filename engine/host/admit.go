package host

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	stdlog "log"

	"github.com/livekit/protocol/auth"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/host/register"
)

// upstreamBound is how long LiveKit may take to answer a request's headers: it
// tries to start a session for 3, 6 and 9 s (rtcservice.go).
const upstreamBound = 20 * time.Second

// connect is somebody at /rtc*: who they are and what they may see, as their
// token says.
type connect struct {
	token  string
	grants *auth.ClaimGrants
	query  url.Values
}

// serveRTC lets a connect through to LiveKit, which upgrades it to a WebSocket.
func (d *door) serveRTC(w http.ResponseWriter, r *http.Request) {
	log := d.Log.WithField("part", "door")
	arrived, ok := d.enter()
	if !ok {
		allowOrigins(w)
		d.fail(w, log, call.ErrServerStopping)
		return
	}
	defer d.inside.Done()
	defer arrived()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	inTime := context.AfterFunc(d.welcome, func() { cancel(call.ErrServerStopping) })
	defer inTime()
	c, err := d.readConnect(r)
	if err == nil {
		log = log.WithFields(logrus.Fields{"room": c.grants.Video.Room, "identity": c.grants.Identity})
		err = d.admit(ctx, c)
	}
	if err != nil && turnedAway(ctx) {
		err = call.ErrServerStopping
	}
	switch {
	case errors.Is(err, call.ErrTokenRefused):
		allowOrigins(w)
		log.Info("refused a token")
		http.Error(w, call.ErrTokenRefused.Error(), http.StatusUnauthorized)
	case err != nil:
		allowOrigins(w)
		d.fail(w, log, err)
	default:
		out := r.Clone(ctx)
		out.URL.RawQuery = c.query.Encode()
		out.Header.Set("Authorization", "Bearer "+c.token)
		d.proxy.ServeHTTP(lingerWriter{w, func() { inTime(); arrived() }}, out)
	}
}

// turnedAway tells whether a connect was given up because the server stops.
func turnedAway(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), call.ErrServerStopping)
}

// lingerBound is how long a client may take to close a connection that LiveKit
// has ended.
const lingerBound = 500 * time.Millisecond

// lingerWriter hands out connections that end. The proxy answers LiveKit's end
// by closing its half of the client's connection, so that the last words
// arrive, and then waits for the client for ever.
type lingerWriter struct {
	http.ResponseWriter
	upgraded func() // LiveKit has let them in
}

// Unwrap is for http.ResponseController.
func (l lingerWriter) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// Hijack implements http.Hijacker.
func (l lingerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l.upgraded()
	return lingerConn{conn}, buffer, nil
}

type lingerConn struct{ net.Conn }

// CloseWrite says that nothing more comes, and gives the client a moment to
// close.
func (l lingerConn) CloseWrite() error {
	err := l.SetReadDeadline(time.Now().Add(lingerBound))
	if half, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	return err
}

// readConnect verifies the token. LiveKit is given exactly what was verified
// here: the token in the header and no second one in the query.
func (d *door) readConnect(r *http.Request) (connect, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return connect{}, fmt.Errorf("%w: query", call.ErrBadArgument)
	}
	c := connect{token: query.Get("access_token"), query: query}
	if h := r.Header.Get("Authorization"); h != "" {
		bearer, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return connect{}, call.ErrTokenRefused
		}
		c.token = bearer
	}
	query.Del("access_token")
	if query.Has("publish") {
		// LiveKit would append its value to the identity (utils.go,
		// ValidateConnectRequest), past everything that is keyed on it.
		return connect{}, fmt.Errorf("%w: publish-only connections", call.ErrBadArgument)
	}
	parsed, err := auth.ParseAPIToken(c.token)
	if err != nil || parsed.APIKey() != d.data.api.Key {
		return connect{}, call.ErrTokenRefused
	}
	if _, c.grants, err = parsed.Verify(d.data.api.Secret); err != nil {
		return connect{}, call.ErrTokenRefused
	}
	if v := c.grants.Video; v == nil || !v.RoomJoin || v.Room == "" || c.grants.Identity == "" {
		return connect{}, call.ErrTokenRefused
	}
	return c, nil
}

// admit decides about every connect: the first, a resumption, and a full
// reconnect, with tokens of the door's, refreshed ones, and those that a holder
// of the API key has made. Here is where everything that keeps people out
// belongs.
func (d *door) admit(ctx context.Context, c connect) error {
	room, identity := call.RoomID(c.grants.Video.Room), call.Identity(c.grants.Identity)
	tag, ours := c.grants.Attributes[memberAttribute]
	if !ours {
		return d.admitForeign(ctx, room)
	}
	member, err := d.register.Member(ctx, room, identity)
	switch {
	case errors.Is(err, register.ErrNotFound):
		return call.ErrTokenRefused
	case err != nil:
		return err
	case subtle.ConstantTimeCompare([]byte(tag), []byte(memberTag(room, member.Key))) != 1:
		return call.ErrIdentityTaken
	}
	return nil
}

// admitForeign admits a token that a holder of the API key has made. As with
// LiveKit's own default, it makes the room, unless a cluster decides that.
func (d *door) admitForeign(ctx context.Context, room call.RoomID) error {
	if d.upstream != nil {
		return nil
	}
	_, err := d.rooms.find(ctx, room)
	if errors.Is(err, call.ErrNoSuchRoom) {
		_, err = d.rooms.ensure(ctx, room)
	}
	return err
}

// serveRoomService passes LiveKit's server API on. LiveKit checks its key.
func (d *door) serveRoomService(w http.ResponseWriter, r *http.Request) {
	if d.isStopping() {
		d.fail(w, nil, call.ErrServerStopping)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxAPIBody)
	d.proxy.ServeHTTP(w, r)
}

// newProxy passes requests and WebSockets on to LiveKit.
func newProxy(upstream *url.URL, log logrus.FieldLogger) *httputil.ReverseProxy {
	log = log.WithField("part", "door")
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(upstream)
			p.Out.Host = upstream.Host
			// LiveKit believes these (utils.go, GetClientIP).
			p.Out.Header.Del("CF-Connecting-IP")
			p.Out.Header.Del("X-Real-IP")
			p.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: headerBound}).DialContext,
			TLSHandshakeTimeout:   headerBound,
			ResponseHeaderTimeout: upstreamBound,
			MaxIdleConnsPerHost:   16,
			IdleConnTimeout:       idleBound,
			DisableCompression:    true, // as it comes
		},
		ErrorLog: stdlog.New(logWriter{log}, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			status := http.StatusBadGateway
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			if turnedAway(r.Context()) {
				e, _ := call.DoorErrorFrom(call.ErrServerStopping)
				allowOrigins(w)
				reply(w, e.Status(), e)
				return
			}
			if r.Context().Err() == nil { // else the client is gone
				log.WithError(err).WithField("path", r.URL.Path).Warn("LiveKit did not answer")
			}
			w.WriteHeader(status)
		},
	}
}
