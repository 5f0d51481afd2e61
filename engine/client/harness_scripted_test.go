package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// scripted is a server that does what a test says.
type scripted struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	door   func(w http.ResponseWriter, r *http.Request)
	rtc    func(w http.ResponseWriter, r *http.Request) // instead of an upgrade, if set
	api    http.HandlerFunc                             // the door's operations
	script func(*scriptConn)                            // after the upgrade
	joins  []doorapi.JoinRequest
	paths  []string
	conns  sync.WaitGroup
}

// scriptConn is one upgraded connection, seen from the server.
type scriptConn struct {
	*websocket.Conn
	s *scripted
	r *http.Request
}

func newScripted(t testing.TB, secure bool) *scripted {
	t.Helper()
	s := &scripted{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc(doorapi.JoinPath, s.serveDoor)
	mux.HandleFunc(doorapi.APIPath, func(w http.ResponseWriter, r *http.Request) { s.api(w, r) })
	mux.HandleFunc("/", s.serveRTC)
	s.Server = httptest.NewUnstartedServer(mux)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		s.conns.Wait()
	})
	return s
}

func (s *scripted) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *scripted) serveDoor(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var req doorapi.JoinRequest
	if err := json.Unmarshal(body, &req); err != nil {
		s.t.Errorf("door got %q: %v", body, err)
	}
	s.mu.Lock()
	s.joins = append(s.joins, req)
	door := s.door
	s.mu.Unlock()
	if door == nil {
		door = answerDoor(http.StatusOK, doorapi.JoinAnswer{Token: "a.b.c", Title: "The title"})
	}
	door(w, r)
}

func answerDoor(status int, body any) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (s *scripted) serveRTC(w http.ResponseWriter, r *http.Request) {
	s.conns.Add(1) // before the upgrade: until then Server.Close waits for us
	defer s.conns.Done()
	s.mu.Lock()
	s.paths = append(s.paths, r.URL.Path)
	rtc, script := s.rtc, s.script
	s.mu.Unlock()
	if rtc != nil {
		rtc(w, r)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	script(&scriptConn{Conn: conn, s: s, r: r})
}

func (c *scriptConn) send(m *livekit.SignalResponse) {
	raw, err := proto.Marshal(m)
	if err != nil {
		c.s.t.Error(err)
	}
	_ = c.WriteMessage(websocket.BinaryMessage, raw)
}

// sendJoin admits "ada" to "room".
func (c *scriptConn) sendJoin(others ...*livekit.ParticipantInfo) {
	c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: joinResponse(others...)}})
}

// receive reads requests until accept is content, or the connection ends.
func (c *scriptConn) receive(accept func(*livekit.SignalRequest) bool) bool {
	for {
		_, raw, err := c.ReadMessage()
		if err != nil {
			return false
		}
		m := &livekit.SignalRequest{}
		if proto.Unmarshal(raw, m) == nil && accept(m) {
			return true
		}
	}
}

// drain reads until the client hangs up.
func (c *scriptConn) drain() { c.receive(func(*livekit.SignalRequest) bool { return false }) }

func (s *scripted) plain() call.JoinRequest {
	return call.JoinRequest{Link: call.Link{URL: "ws" + strings.TrimPrefix(s.URL, "http"), Token: "a.b.c", Room: "room"}}
}

func (s *scripted) invite(t testing.TB) call.JoinRequest {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return call.JoinRequest{
		Link: call.Link{
			Hosts: []string{s.Listener.Addr().String()}, Room: "room", Secret: "secret",
			Fingerprint: sha256.Sum256(s.Certificate().Raw),
		},
		Name: "Ada", Identity: "ada", Key: key,
	}
}

// noLeaks checks at the end of a test that nothing runs on: nothing at all, pion
// included, or, once the LiveKit server of other tests shares the process, none
// of this package's goroutines.
func noLeaks(t testing.TB) {
	t.Helper()
	if !theServer.started.Load() {
		before := goleak.IgnoreCurrent()
		t.Cleanup(func() { goleak.VerifyNone(t, before) })
		return
	}
	t.Cleanup(func() {
		eventually(t, "no goroutine of a session's is left", func() bool {
			buf := make([]byte, 4<<20)
			for _, stack := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
				if bytes.Contains(stack, []byte("client.(*session)")) || bytes.Contains(stack, []byte("signalconn.(*Conn)")) ||
					bytes.Contains(stack, []byte("client.race")) || bytes.Contains(stack, []byte("client.(*Dialer)")) {
					return false
				}
			}
			return true
		})
	})
}

// silentServer accepts connections and never answers; its listener's address.
func silentServer(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	return ln.Addr().String()
}

// quick tries again soon. What succeeds has time for it on a busy machine, too.
func quick(d *Dialer) {
	d.limits.join, d.limits.attempt, d.limits.reconnect = 5*time.Second, 5*time.Second, patience
	d.limits.delays = []time.Duration{20 * time.Millisecond}
}

// hasty gives up soon, where a test waits for that. A join that has to succeed
// has its time.
func hasty(d *Dialer) {
	quick(d)
	d.limits.attempt, d.limits.reconnect = 500*time.Millisecond, 1500*time.Millisecond
}

// unheard is hasty with a join that nobody answers.
func unheard(d *Dialer) {
	hasty(d)
	d.limits.join = 500 * time.Millisecond
}

// dial joins without a room to come back from.
func dial(t testing.TB, ctx context.Context, req call.JoinRequest, change func(*Dialer)) error {
	t.Helper()
	c, err := tryJoin(t, ctx, req, change)
	if err == nil {
		c.Close()
	}
	return err
}
