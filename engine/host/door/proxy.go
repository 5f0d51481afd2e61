package door

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	stdlog "log"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
)

// upstreamTimeout is how long LiveKit may take to answer a request's headers: it
// tries to start a session for 3, 6 and 9 s (rtcservice.go).
const upstreamTimeout = 20 * time.Second

// extensions are agreed on by client and LiveKit without us: compression alone,
// with which a message of 2 MB is one of 2 GB once LiveKit has unpacked it.
const extensions = "Sec-WebSocket-Extensions"

// maxUserAgent is how much of a User-Agent LiveKit gets, in bytes. It runs a thousand
// regular expressions over it and keeps the last 2048: with one of 100 kB, each connect
// took a second of a processor, and 256 MB stayed. Browsers send 100 to 300.
const maxUserAgent = 256

// lingerTimeout is how long a client may take to close a connection that LiveKit
// has ended.
const lingerTimeout = 500 * time.Millisecond

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
	err := l.SetReadDeadline(time.Now().Add(lingerTimeout))
	if half, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	return err
}

// newProxy passes requests and WebSockets on to LiveKit.
// confirm is asked when LiveKit has let a connect in, before the client hears of
// it; refuse answers for the door.
func newProxy(
	upstream *url.URL, log logrus.FieldLogger, confirm func(*http.Response) error, refuse func(http.ResponseWriter, error),
) *httputil.ReverseProxy {
	log = log.WithField("part", "door")
	return &httputil.ReverseProxy{
		ModifyResponse: func(res *http.Response) error {
			res.Header.Del(extensions)
			return confirm(res)
		},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(upstream)
			p.Out.Host = upstream.Host
			// LiveKit believes these (utils.go, GetClientIP).
			p.Out.Header.Del("CF-Connecting-IP")
			p.Out.Header.Del("X-Real-IP")
			p.Out.Header.Del(extensions)
			if by := p.Out.UserAgent(); by != "" {
				p.Out.Header.Set("User-Agent", by[:min(len(by), maxUserAgent)])
			}
			p.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: headerTimeout}).DialContext,
			TLSHandshakeTimeout:   headerTimeout,
			ResponseHeaderTimeout: upstreamTimeout,
			MaxIdleConnsPerHost:   16,
			IdleConnTimeout:       roomservice.IdleTimeout,
			DisableCompression:    true, // as it comes
		},
		ErrorLog: stdlog.New(logWriter{log}, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			_, tooLarge := errors.AsType[*http.MaxBytesError](err)
			_, refusal := doorapi.ErrorFrom(err)
			switch {
			case refusedByStop(r.Context()):
				refuse(w, call.ErrServerStopping)
			case tooLarge:
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			case refusal:
				refuse(w, err)
			default:
				if r.Context().Err() == nil { // else the client is gone
					log.WithError(err).WithField("path", r.URL.Path).Warn("LiveKit did not answer")
				}
				w.WriteHeader(http.StatusBadGateway)
			}
		},
	}
}
