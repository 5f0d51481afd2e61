package host

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/internal/testenv"
)

const (
	waitTimeout  = 10 * time.Second
	startTimeout = 40 * time.Second // of a whole server, beside others on a busy machine
)

// loadFolder is the data folder of a server that does not run.
func loadFolder(path string, cluster *roomservice.Key) (*folder, error) {
	f, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	return f, f.load(cluster)
}

// logTail is how many bytes of a server's log are shown when a test fails.
const logTail = 32 << 10

// testServer is a server that runs in this process.
type testServer struct {
	Ready
	t    testing.TB
	log  *testenv.Log
	stop func() error // idempotent; returns Run's error
	api  roomservice.Key

	database string             // of the register
	reg      *register.Register // opened by member
}

func startServer(t testing.TB, change func(*Config)) *testServer {
	t.Helper()
	log, buffer := testenv.NewLog()
	conf := Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Log: log}
	if change != nil {
		change(&conf)
	}
	server, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, func(r Ready) { ready <- r }) }()
	s := &testServer{t: t, log: buffer, database: filepath.Join(conf.Data, databaseFile)}
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	select {
	case s.Ready = <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("server ended at its start: %v", err)
	case <-time.After(startTimeout):
		cancel()
		t.Fatal("server is not ready")
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			log := buffer.String()
			t.Logf("the server's log ends with\n%s", log[max(0, len(log)-logTail):])
		}
	})
	raw, err := os.ReadFile(s.LiveKitKeyFile)
	if err != nil || json.Unmarshal(raw, &s.api) != nil {
		t.Fatalf("LiveKit key file: %v", err)
	}
	return s
}

func (s *testServer) fingerprint() (f [sha256.Size]byte) {
	raw, err := hex.DecodeString(s.Fingerprint)
	if err != nil {
		s.t.Fatal(err)
	}
	copy(f[:], raw)
	return f
}

func (s *testServer) client() *http.Client {
	transport := &http.Transport{TLSClientConfig: doorclient.Pinned(s.fingerprint(), call.ErrForeignKey)}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: waitTimeout, Transport: transport}
}

func (s *testServer) invite(change func(*doorclient.InviteRequest)) call.Link {
	s.t.Helper()
	req := doorclient.InviteRequest{Server: s.URL, AdminKeyFile: s.AdminKeyFile, Room: "hall"}
	if change != nil {
		change(&req)
	}
	link, err := doorclient.RequestInvite(context.Background(), req)
	if err != nil {
		s.t.Fatal(err)
	}
	return link
}

// guest is a person with an installation.
type guest struct {
	id  call.Identity
	key ed25519.PrivateKey
}

func newGuest(t testing.TB, id string) guest { return guest{call.Identity(id), hosttest.NewKey(t)} }

func (g guest) request(t testing.TB, link call.Link) doorapi.JoinRequest {
	t.Helper()
	return hosttest.Join(t, g.id, g.key, link)
}

// join posts a request and returns the answer or the refusal, and the status.
func (s *testServer) join(req doorapi.JoinRequest) (doorapi.JoinAnswer, doorapi.Error, int) {
	s.t.Helper()
	raw, err := json.Marshal(req)
	if err != nil {
		s.t.Fatal(err)
	}
	status, body := s.post(doorapi.JoinPath, "", raw)
	var answer doorapi.JoinAnswer
	var refusal doorapi.Error
	if status == http.StatusOK {
		err = json.Unmarshal(body, &answer)
	} else {
		err = json.Unmarshal(body, &refusal)
	}
	if err != nil {
		s.t.Fatalf("status %d, body %q: %v", status, body, err)
	}
	return answer, refusal, status
}

func (s *testServer) post(path, bearer string, body []byte) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, raw
}

// mustJoin joins and fails the test if it is refused.
func (s *testServer) mustJoin(g guest, link call.Link) doorapi.JoinAnswer {
	s.t.Helper()
	answer, refusal, status := s.join(g.request(s.t, link))
	if status != http.StatusOK {
		s.t.Fatalf("join: %d %+v", status, refusal)
	}
	return answer
}

// wire is a signalling connection, by hand.
type wire struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial connects to /rtc; extra is added to the query.
func (s *testServer) dial(token, extra string) (*wire, int, error) {
	return s.dialPath("/rtc?protocol=17&sdk=go&version=2.4.0&auto_subscribe=1"+extra, token)
}

// dialSingle connects to /rtc/v1, for a single PeerConnection, as our own
// client does.
func (s *testServer) dialSingle(token string) (*wire, int, error) {
	return s.dialPath(s.singlePath(false, ""), token)
}

func packJoin(t testing.TB, request *livekit.JoinRequest) string {
	inner, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		t.Fatal(err)
	}
	return url.QueryEscape(base64.URLEncoding.EncodeToString(outer))
}

func (s *testServer) dialPath(path, token string) (*wire, int, error) {
	u := "wss" + strings.TrimPrefix(s.URL, "https") + path
	dialer := websocket.Dialer{TLSClientConfig: doorclient.Pinned(s.fingerprint(), call.ErrForeignKey), HandshakeTimeout: waitTimeout}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	conn, res, err := dialer.Dial(u, header)
	status := 0
	if res != nil {
		status = res.StatusCode
	}
	if err != nil {
		return nil, status, err
	}
	w := &wire{s.t, conn}
	s.t.Cleanup(func() { _ = conn.Close() })
	return w, status, nil
}

// mustDial connects and returns the first message, the join.
func (s *testServer) mustDial(token string) (*wire, *livekit.JoinResponse) {
	s.t.Helper()
	w, status, err := s.dial(token, "")
	if err != nil {
		s.t.Fatalf("dial: status %d: %v", status, err)
	}
	m := w.next(func(m *livekit.SignalResponse) bool { return m.GetJoin() != nil })
	return w, m.GetJoin()
}

// next reads until a message that is wanted.
func (w *wire) next(want func(*livekit.SignalResponse) bool) *livekit.SignalResponse {
	w.t.Helper()
	for {
		m, err := w.read()
		if err != nil {
			w.t.Fatalf("read: %v", err)
		}
		if want(m) {
			return m
		}
	}
}

func (w *wire) read() (*livekit.SignalResponse, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(waitTimeout)); err != nil {
		return nil, err
	}
	_, raw, err := w.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	m := &livekit.SignalResponse{}
	return m, proto.Unmarshal(raw, m)
}

func (w *wire) send(m *livekit.SignalRequest) {
	w.t.Helper()
	raw, err := proto.Marshal(m)
	if err == nil {
		err = w.conn.WriteMessage(websocket.BinaryMessage, raw)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// leaveReason reads until the server removes us.
func (w *wire) leaveReason() livekit.DisconnectReason {
	w.t.Helper()
	return w.next(func(m *livekit.SignalResponse) bool { return m.GetLeave() != nil }).GetLeave().GetReason()
}

func parseURL(t testing.TB, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
