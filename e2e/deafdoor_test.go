//go:build linux

package e2e

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/internal/testenv"
)

// deafDoor passes everything on to a room server and back, but for the answers to offers.
// A guest who joins through it is in the room, and media never come.
type deafDoor struct {
	behind  string // host:port
	trust   *tls.Config
	proxy   *httputil.ReverseProxy
	offered chan struct{} // closed when an answer is kept back
	once    sync.Once
}

// deafen puts such a door in the place of a link's. It has the certificate of the one
// behind it, to which a request to join is bound.
func deafen(t *testing.T, server *testenv.Server, l *call.Link) *deafDoor {
	t.Helper()
	pem := filepath.Join(server.Drive.Data, "door.pem")
	own, err := tls.LoadX509KeyPair(pem, pem)
	must(t, err)
	trust := &tls.Config{InsecureSkipVerify: true} // it is the test's own server
	d := &deafDoor{
		behind: l.Hosts[0], trust: trust, offered: make(chan struct{}),
		proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: l.Hosts[0]}),
	}
	transport := &http.Transport{TLSClientConfig: trust}
	t.Cleanup(transport.CloseIdleConnections)
	d.proxy.Transport = transport
	s := httptest.NewUnstartedServer(d)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	s.StartTLS()
	t.Cleanup(s.Close)
	l.Hosts = []string{s.Listener.Addr().String()}
	return d
}

// ServeHTTP implements [http.Handler].
func (d *deafDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		d.proxy.ServeHTTP(w, r)
		return
	}
	head := http.Header{}
	for name, values := range r.Header {
		if !strings.HasPrefix(name, "Sec-Websocket-") && name != "Connection" && name != "Upgrade" {
			head[name] = values
		}
	}
	dialer := websocket.Dialer{TLSClientConfig: d.trust}
	server, answer, err := dialer.DialContext(r.Context(), "wss://"+d.behind+r.URL.RequestURI(), head)
	if err != nil {
		status := http.StatusBadGateway
		if answer != nil {
			status = answer.StatusCode
		}
		w.WriteHeader(status)
		return
	}
	defer server.Close()
	client, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer client.Close()
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer server.Close()
		pass(server, client, func([]byte) bool { return true })
	}()
	pass(client, server, d.mayPass)
	client.Close()
	<-over
}

// pass passes messages on until one of the connections ends.
func pass(to, from *websocket.Conn, may func([]byte) bool) {
	for {
		kind, message, err := from.ReadMessage()
		if err != nil {
			return
		}
		if may(message) && to.WriteMessage(kind, message) != nil {
			return
		}
	}
}

// mayPass reports whether a message of the server is no answer to an offer.
func (d *deafDoor) mayPass(message []byte) bool {
	var m livekit.SignalResponse
	if proto.Unmarshal(message, &m) != nil || m.GetAnswer() == nil {
		return true
	}
	d.once.Do(func() { close(d.offered) })
	return false
}

// mediaNeverCome is a stay in a room without media. It ends when joining has taken too
// long (contract J8).
func mediaNeverCome() failedJoin {
	return failedJoin{
		name: "media never come", reason: "media_failed",
		link: func(t *testing.T, f *failing) string {
			l := f.good
			f.deaf = deafen(t, f.server, &l)
			return l.String()
		},
		end: func(t *testing.T, f *failing, p *preview) time.Time {
			select {
			case <-f.deaf.offered:
			case <-time.After(testenv.Limit):
				t.Fatal("no offer was answered")
			}
			began := time.Now()
			p.until("the stay ends", func() bool { return p.lastReason() == "media_failed" })
			return began
		},
	}
}
