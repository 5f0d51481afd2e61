package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
)

const waitTimeout = 10 * time.Second

// relay stands between a client and a LiveKit that notes what it reads.
type relay struct {
	t      *testing.T
	client *websocket.Conn
	socket net.Conn // the client's, for bytes by hand
	server *websocket.Conn
	conn   *Conn

	mu    sync.Mutex
	heard [][]byte
	cut   chan error
	done  chan struct{}  // both ways have ended
	ends  sync.WaitGroup // what reads and writes beside the test at either end
}

// newRelay connects them; change may change the guard before anything is sent.
func newRelay(t *testing.T, b Limits, change func(*Conn)) *relay {
	r := &relay{t: t, cut: make(chan error, 10), done: make(chan struct{})}
	server := make(chan *websocket.Conn, 1)
	up := websocket.Upgrader{}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		conn, err := up.Upgrade(w, q, nil)
		if err != nil {
			t.Error(err)
			return
		}
		server <- conn
	}))
	t.Cleanup(backend.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	b.Cut = func(err error) { r.cut <- err }
	conns := make(chan *Conn, 1)
	go r.proxy(listener, backend.Listener.Addr().String(), b, change, conns)
	dialer := websocket.Dialer{NetDial: func(_, _ string) (net.Conn, error) {
		r.socket, err = net.Dial("tcp", listener.Addr().String())
		return r.socket, err
	}}
	client, res, err := dialer.Dial("ws://relay/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	r.client, r.server, r.conn = client, <-server, <-conns
	t.Cleanup(func() {
		_ = r.client.Close()
		_ = r.server.Close()
		<-r.done
		r.ends.Wait()
	})
	return r
}

// proxy passes the handshake on as it is, and what follows through a Conn.
func (r *relay) proxy(l net.Listener, backend string, b Limits, change func(*Conn), conns chan<- *Conn) {
	defer close(r.done)
	front, err := l.Accept()
	if err != nil {
		r.t.Error(err)
		return
	}
	back, err := net.Dial("tcp", backend)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer back.Close()
	passHeader(back, front)
	passHeader(front, back)
	c := New(front.(*net.TCPConn), b)
	if change != nil {
		change(c)
	}
	conns <- c
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(back, c)
		_ = back.Close()
	})
	both.Go(func() {
		if _, err := io.Copy(c, back); err != nil {
			_ = c.Close() // as httputil.ReverseProxy does
			_ = back.Close()
			return
		}
		_ = c.CloseWrite()
	})
	both.Wait()
	_ = c.Close()
}

// passHeader passes bytes on up to an empty line.
func passHeader(w io.Writer, r io.Reader) {
	var seen []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(seen, []byte("\r\n\r\n")) {
		if _, err := r.Read(one); err != nil {
			return
		}
		seen = append(seen, one...)
		_, _ = w.Write(one)
	}
}

// listen reads at LiveKit's side until the end.
func (r *relay) listen() (ended <-chan struct{}) {
	end := make(chan struct{})
	r.ends.Go(func() {
		defer close(end)
		for {
			_, m, err := r.server.ReadMessage()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.heard = append(r.heard, m)
			r.mu.Unlock()
		}
	})
	return end
}

func (r *relay) send(m *livekit.SignalRequest) error {
	r.t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.client.WriteMessage(websocket.BinaryMessage, raw)
}

// closed reads at the client's side until the end, and returns its status.
func (r *relay) closed() (int, string) {
	r.t.Helper()
	_ = r.client.SetReadDeadline(time.Now().Add(waitTimeout))
	for {
		if _, _, err := r.client.ReadMessage(); err != nil {
			var c *websocket.CloseError
			if !errors.As(err, &c) {
				r.t.Fatalf("it ends without a close frame: %v", err)
			}
			return c.Code, c.Text
		}
	}
}

func ping(at int64) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: at}}}
}

func offer(sdp string) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp}}}
}

func track(change func(*livekit.AddTrackRequest)) *livekit.SignalRequest {
	t := &livekit.AddTrackRequest{Cid: "c", Name: "n", Type: livekit.TrackType_AUDIO}
	change(t)
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: t}}
}

// permission is what LiveKit's client for browsers says after each connect, if all is set.
func permission(all bool) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: &livekit.SubscriptionPermission{
		AllParticipants: all, TrackPermissions: []*livekit.TrackPermission{{ParticipantIdentity: "one", AllTracks: true}},
	}}}
}

func TestRequestsArriveAsTheyAre(t *testing.T) {
	r := newRelay(t, Limits{}, nil)
	ended := r.listen()
	long := "v=0\r\n" + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"+strings.Repeat("a=rtpmap:111 opus/48000/2\r\n", 60), 400)
	sent := []*livekit.SignalRequest{ping(1), offer(long), {}, permission(true), track(func(*livekit.AddTrackRequest) {}), {
		Message: &livekit.SignalRequest_Ping{Ping: 1 << 60},
	}, {Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{
		Offer: &livekit.SessionDescription{Sdp: long}, TrackSidsDisabled: []string{"TR_1", ""},
		Subscription: &livekit.UpdateSubscription{ParticipantTracks: []*livekit.ParticipantTracks{{TrackSids: []string{"a"}}}},
	}}}}
	for _, m := range sent {
		if err := r.send(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.server.WriteMessage(websocket.BinaryMessage, []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := r.client.ReadMessage(); err != nil || string(m) != "answer" {
		t.Errorf("the answer: %q %v", m, err)
	}
	_ = r.client.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(waitTimeout))
	<-ended
	if len(r.heard) != len(sent) {
		t.Fatalf("%d of %d arrive", len(r.heard), len(sent))
	}
	for i, m := range sent {
		got := &livekit.SignalRequest{}
		if err := proto.Unmarshal(r.heard[i], got); err != nil || !proto.Equal(got, m) {
			t.Errorf("request %d is another one: %v", i, err)
		}
	}
	select {
	case err := <-r.cut:
		t.Errorf("cut: %v", err)
	default:
	}
}

func TestWhatIsRefused(t *testing.T) {
	many := func(n int) (sids []string) { return make([]string, n) }
	binary := func(b []byte) func(*relay) error {
		return func(r *relay) error { return r.client.WriteMessage(websocket.BinaryMessage, b) }
	}
	request := func(m *livekit.SignalRequest) func(*relay) error { return func(r *relay) error { return r.send(m) } }
	byHand := func(frames ...raw) func(*relay) error {
		return func(r *relay) error { _, err := r.socket.Write(join(frames...)); return err }
	}
	two := append(mustMarshal(t, ping(1)), mustMarshal(t, ping(2))...)
	for name, tt := range map[string]struct {
		send   func(*relay) error
		status int
	}{
		"a bomb":     {byHand(raw{first: finBit | 0x40 | opBinary, mask: true, payload: make([]byte, 50)}), StatusProtocolError},
		"a gigabyte": {byHand(raw{first: finBit | opBinary, mask: true, claims: 1 << 30}), StatusTooBig},
		"a gigabyte in many": {func(r *relay) error {
			head := raw{first: opBinary, mask: true, payload: append([]byte{10, 0xff, 0xff, 0xff, 0x7f, 0x12, 0xff, 0xff, 0xff, 0x7f}, make([]byte, 60<<10)...)}
			if _, err := r.socket.Write(head.bytes()); err != nil {
				return err
			}
			more := raw{mask: true, payload: make([]byte, 60<<10)}.bytes()
			for range maxFragments - 2 {
				if _, err := r.socket.Write(more); err != nil {
					return nil //nolint:nilerr // cut already
				}
			}
			return nil
		}, StatusTooBig},
		"text":            {func(r *relay) error { return r.client.WriteMessage(websocket.TextMessage, []byte("{}")) }, StatusUnsupported},
		"a simulation":    {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_Simulate{Simulate: &livekit.SimulateScenario{}}}), StatusPolicy},
		"two in one":      {binary(two), StatusPolicy},
		"garbage":         {binary([]byte{0xff, 0xff, 0xff, 0xff}), StatusPolicy},
		"half a request":  {binary(mustMarshal(t, ping(1))[:4]), StatusPolicy},
		"100000 sections": {request(offer(strings.Repeat("m=a\n", 100_000))), StatusPolicy},
		"1000 candidates": {request(offer("v=0\n" + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n", 1000))), StatusPolicy},
		"100000 lines":    {request(offer(strings.Repeat("a=x\n", 100_000))), StatusPolicy},
		"100000 sids": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{
			Subscription: &livekit.UpdateSubscription{TrackSids: many(30_000)},
		}}), StatusPolicy},
		"many permissions": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_SubscriptionPermission{
			SubscriptionPermission: &livekit.SubscriptionPermission{TrackPermissions: []*livekit.TrackPermission{{TrackSids: many(9000)}}},
		}}), StatusPolicy},
		"a track for one person": {request(permission(false)), StatusPolicy},
		"a track for nobody":     {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_SubscriptionPermission{}}), StatusPolicy},
		"a state of empty lists": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{
			SyncState: &livekit.SyncState{Subscription: &livekit.UpdateSubscription{TrackSids: many(500_000)}},
		}}), StatusPolicy},
		"a candidate of a megabyte": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
			Trickle: &livekit.TrickleRequest{CandidateInit: strings.Repeat("x", 1<<20)},
		}}), StatusTooBig},
		"a long name":    {request(track(func(a *livekit.AddTrackRequest) { a.Name = strings.Repeat("x", 257) })), StatusPolicy},
		"a long stream":  {request(track(func(a *livekit.AddTrackRequest) { a.Stream = strings.Repeat("x", 257) })), StatusPolicy},
		"100 layers":     {request(track(func(a *livekit.AddTrackRequest) { a.Layers = slicesOf[livekit.VideoLayer](100) })), StatusPolicy},
		"100 codecs":     {request(track(func(a *livekit.AddTrackRequest) { a.SimulcastCodecs = slicesOf[livekit.SimulcastCodec](100) })), StatusPolicy},
		"1000 fragments": {byHand(append([]raw{{first: opBinary, mask: true}}, make1000(raw{mask: true})...)...), StatusPolicy},
		"1000 pings":     {byHand(make1000(raw{first: finBit | opPing, mask: true})...), StatusPolicy},
		"1000 pongs":     {byHand(make1000(raw{first: finBit | opPong, mask: true})...), StatusPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, Limits{}, nil)
			ended := r.listen()
			if err := tt.send(r); err != nil {
				t.Fatal(err)
			}
			if status, why := r.closed(); status != tt.status || why == "" {
				t.Errorf("closed with %d %q, want %d", status, why, tt.status)
			}
			<-ended
			if len(r.heard) != 0 {
				t.Errorf("LiveKit reads %d messages of %d bytes", len(r.heard), len(r.heard[0]))
			}
			var v *Violation
			if err := <-r.cut; !errors.As(err, &v) || v.Status != tt.status {
				t.Errorf("told of %v", err)
			}
		})
	}
}

func mustMarshal(t *testing.T, m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func slicesOf[T any](n int) []*T {
	out := make([]*T, n)
	for i := range out {
		out[i] = new(T)
	}
	return out
}

func make1000(f raw) []raw {
	out := make([]raw, 1000)
	for i := range out {
		out[i] = f
	}
	return out
}

func TestTooManyRequests(t *testing.T) {
	work := rate.NewLimiter(1, 100)
	r := newRelay(t, Limits{Work: work}, nil)
	ended := r.listen()
	raw := mustMarshal(t, ping(1))
	r.ends.Go(func() {
		for range 1000 {
			if r.client.WriteMessage(websocket.BinaryMessage, raw) != nil {
				return
			}
		}
	})
	if status, why := r.closed(); status != StatusPolicy || !strings.Contains(why, "too many requests") {
		t.Errorf("closed with %d %q", status, why)
	}
	<-ended
	if n := len(r.heard); n > 110 { // and what is in one piece with the first that is too many goes with it
		t.Errorf("%d requests arrive", n)
	}
	// The same person has no more on another connection.
	next := newRelay(t, Limits{Work: work}, nil)
	for range 10 {
		_ = next.send(ping(1))
	}
	if status, _ := next.closed(); status != StatusPolicy {
		t.Errorf("the next connection is closed with %d", status)
	}
}

func TestALongRequestCostsMore(t *testing.T) {
	r := newRelay(t, Limits{Work: rate.NewLimiter(1, 100)}, nil)
	r.listen()
	_ = r.send(offer(strings.Repeat("a=long line of a session description\n", 20_000)))
	if status, why := r.closed(); status != StatusPolicy || !strings.Contains(why, "too many requests") {
		t.Errorf("closed with %d %q", status, why)
	}
}

func TestBytesWait(t *testing.T) {
	const size, second = 200 << 10, 400 << 10
	l := rate.NewLimiter(second, 64<<10)
	r := newRelay(t, Limits{Bytes: []*rate.Limiter{l, rate.NewLimiter(rate.Inf, 0)}}, nil)
	began := time.Now()
	long := mustMarshal(t, offer(strings.Repeat("a=x y z\n", size/8)))
	r.ends.Go(func() { _ = r.client.WriteMessage(websocket.BinaryMessage, long) })
	if _, _, err := r.server.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < (size-64<<10)*time.Second/second/2 {
		t.Errorf("%d bytes take %v", size, took)
	}
}

func TestTheInspectorCuts(t *testing.T) {
	refused := errors.New("not this one")
	r := newRelay(t, Limits{Inspect: func(m *livekit.SignalRequest) error {
		if m.GetPingReq().GetTimestamp() == 2 {
			return refused
		}
		return nil
	}}, nil)
	ended := r.listen()
	for i := range 3 {
		_ = r.send(ping(int64(i + 1)))
	}
	if status, _ := r.closed(); status != StatusPolicy {
		t.Errorf("closed with %d", status)
	}
	<-ended
	if len(r.heard) > 1 || !errors.Is(<-r.cut, refused) {
		t.Errorf("%d requests arrive", len(r.heard))
	}
}

// TestTheLastWordComesBetweenFrames: LiveKit is in the middle of a long message to
// the client when that one is cut.
func TestTheLastWordComesBetweenFrames(t *testing.T) {
	r := newRelay(t, Limits{}, nil)
	long := bytes.Repeat([]byte("x"), 8<<20)
	r.ends.Go(func() { _ = r.server.WriteMessage(websocket.BinaryMessage, long) })
	began := make(chan struct{})
	var message []byte
	var end error
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, reader, err := r.client.NextReader()
		close(began)
		if err == nil {
			message, err = io.ReadAll(reader)
		}
		if err == nil {
			_, _, err = r.client.ReadMessage()
		}
		end = err
	}()
	<-began
	_ = r.client.WriteMessage(websocket.TextMessage, []byte("{}"))
	<-done
	if len(message) != len(long) || !websocket.IsCloseError(end, StatusUnsupported) {
		t.Errorf("%d of %d bytes, and then %v", len(message), len(long), end)
	}
}

func TestWhoDoesNotReadIsCut(t *testing.T) {
	r := newRelay(t, Limits{}, func(c *Conn) { c.slow = 200 * time.Millisecond })
	began := time.Now()
	for {
		if err := r.server.WriteMessage(websocket.BinaryMessage, make([]byte, 64<<10)); err != nil {
			break
		}
		if time.Since(began) > waitTimeout {
			t.Fatal("LiveKit may write without end")
		}
	}
	if err := <-r.cut; !errors.Is(err, ErrSlow) {
		t.Errorf("cut for %v", err)
	}
}

// Who comes and goes has what joining takes each time, and not more than that.
func TestEachConnectHasWorkOfItsOwn(t *testing.T) {
	work := rate.NewLimiter(0, 5)
	for range 3 {
		g := &guard{limits: Limits{Work: work, Own: 10}}
		if err := g.spend(10); err != nil {
			t.Fatalf("the work of a join: %v", err)
		}
	}
	g := &guard{limits: Limits{Work: work, Own: 10}}
	if err := g.spend(15); err != nil {
		t.Errorf("all that there is: %v", err)
	}
	if err := g.spend(16); err == nil {
		t.Error("more than there is is let through")
	}
}

func TestMisbehaved(t *testing.T) {
	for _, tt := range []struct {
		why  error
		want bool
	}{
		{violation(StatusPolicy, "too many requests"), true},
		{fmt.Errorf("inspect: %w", errMalformed), true},
		{ErrSlow, false},
		{fmt.Errorf("read: %w", errSlowly), false},
		{context.Canceled, false},
		{errors.New("the register does not answer"), false},
	} {
		if got := Misbehaved(tt.why); got != tt.want {
			t.Errorf("%v: %v", tt.why, got)
		}
	}
}
