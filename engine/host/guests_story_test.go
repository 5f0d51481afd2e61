package host

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorclient"
	"foyer/engine/host/limits"
	"foyer/engine/host/stream"
)

// closed reads until the door ends the connection, and returns its status.
func (w *wire) closed() int {
	w.t.Helper()
	for {
		if _, err := w.read(); err != nil {
			var c *websocket.CloseError
			if !errors.As(err, &c) {
				w.t.Fatalf("it ends without a close frame: %v", err)
			}
			return c.Code
		}
	}
}

// answers reports whether LiveKit answers somebody.
func (w *wire) answers() bool {
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: 7}}})
	return w.next(func(m *livekit.SignalResponse) bool { return m.GetPongResp() != nil }).GetPongResp().GetLastPingTimestamp() == 7
}

// TestNoCompressionAtTheDoor: a client that offers it is not taken up on it, and
// what it compresses all the same ends its connection.
func TestNoCompressionAtTheDoor(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	ben, _ := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	anna := newGuest(t, "anna")
	for range 3 {
		token := s.mustJoin(anna, link).Token // the one of before died with its connection
		dialer := websocket.Dialer{TLSClientConfig: doorclient.Pinned(s.fingerprint(), call.ErrForeignKey), HandshakeTimeout: waitTimeout, EnableCompression: true}
		conn, res, err := dialer.Dial("wss"+strings.TrimPrefix(s.URL, "https")+"/rtc?protocol=17&auto_subscribe=1",
			http.Header{"Authorization": {"Bearer " + token}})
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{t, conn}
		t.Cleanup(func() { _ = conn.Close() })
		if got := res.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("agreed on %q", got)
		}
		if !w.answers() {
			t.Error("no answer without compression")
		}
		// The head of a compressed message, as RFC 7692 has it.
		if _, err := conn.NetConn().Write([]byte{0xc2, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5}); err != nil {
			t.Fatal(err)
		}
		if status := w.closed(); status != stream.StatusProtocolError {
			t.Errorf("closed with %d", status)
		}
	}
	if n := strings.Count(s.log.String(), `level=warning msg="a connection was cut"`); n != 1 {
		t.Errorf("%d warnings for one address", n)
	}
	if !ben.answers() {
		t.Error("somebody else is gone, too")
	}
}

// TestWhatGuestsMayNotSend goes through the door to the real SFU; stream has the
// whole list.
func TestWhatGuestsMayNotSend(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	ben, _ := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	request := func(m *livekit.SignalRequest) func(*wire) {
		return func(w *wire) {
			raw, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			_ = w.conn.WriteMessage(websocket.BinaryMessage, raw)
		}
	}
	for name, tt := range map[string]struct {
		send   func(*wire)
		status int
	}{
		"a simulation": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_Simulate{Simulate: &livekit.SimulateScenario{
			Scenario: &livekit.SimulateScenario_SubscriberBandwidth{SubscriberBandwidth: 1},
		}}}), stream.StatusPolicy},
		"text":     {func(w *wire) { _ = w.conn.WriteMessage(websocket.TextMessage, []byte("{}")) }, stream.StatusUnsupported},
		"too much": {func(w *wire) { _ = w.conn.WriteMessage(websocket.BinaryMessage, make([]byte, 3*stream.MaxMessage)) }, stream.StatusPolicy},
		"a description of 100,000 tracks": {request(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
			Offer: &livekit.SessionDescription{Type: "offer", Sdp: "v=0\n" + strings.Repeat("m=a\n", 100_000)},
		}}), stream.StatusPolicy},
		"a flood": {func(w *wire) {
			ping := &livekit.SignalRequest{Message: &livekit.SignalRequest_Ping{Ping: 1}}
			for range 5 * limits.Default().WorkBurst {
				request(ping)(w)
			}
		}, stream.StatusPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			id := strings.ReplaceAll(name, " ", "-")
			w, _ := s.mustDial(s.mustJoin(newGuest(t, id), link).Token)
			w.t = t
			go tt.send(w)
			if status := w.closed(); status != tt.status {
				t.Errorf("closed with %d, want %d", status, tt.status)
			}
			// A lost connection would be waited for, longer than this.
			eventually(t, "the guest is removed", waitTimeout, func() bool { return !slices.Contains(s.inRoom("hall"), id) })
			if !ben.answers() {
				t.Error("somebody else is gone, too")
			}
		})
	}
}

// TestCutAndBackAtOnce: a guest who is cut off for what they sent and joins again the
// moment they hear it is in, and stays in. The token of before is dead.
func TestCutAndBackAtOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link, bob := s.invite(nil), newGuest(t, "bob")
	s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	s.kept() // by one that would take the removal for a host's
	for try := range 10 {
		token := s.mustJoin(bob, link).Token
		w, _ := s.mustDial(token)
		_ = w.conn.WriteMessage(websocket.TextMessage, []byte("{}"))
		if status := w.closed(); status != stream.StatusUnsupported {
			t.Fatalf("try %d: closed with %d", try, status)
		}
		s.refuses("the token of before", token, http.StatusForbidden)
		again, _ := s.mustDial(s.mustJoin(bob, link).Token)
		_ = w.conn.Close()
		for until := time.Now().Add(200 * time.Millisecond); time.Now().Before(until); {
			if !again.answers() {
				t.Fatalf("try %d: the newer connection is gone, too", try)
			}
		}
		_ = again.conn.Close()
	}
}

// TestJoinsAreHeldToTheSame: what a join carries is bounded as if it came in
// messages.
func TestJoinsAreHeldToTheSame(t *testing.T) {
	s := startServer(t, nil)
	token := s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token
	for name, join := range map[string]*livekit.JoinRequest{
		"tracks":   {AddTrackRequests: make([]*livekit.AddTrackRequest, 100)},
		"layers":   {AddTrackRequests: []*livekit.AddTrackRequest{{Layers: make([]*livekit.VideoLayer, 100)}}},
		"sections": {PublisherOffer: &livekit.SessionDescription{Type: "offer", Sdp: strings.Repeat("m=a\n", 1000)}},
		"sids":     {SyncState: &livekit.SyncState{TrackSidsDisabled: make([]string, 10_000)}},
	} {
		for i := range join.AddTrackRequests {
			if join.AddTrackRequests[i] == nil {
				join.AddTrackRequests[i] = &livekit.AddTrackRequest{Cid: "x"}
			}
			for j := range join.AddTrackRequests[i].Layers {
				join.AddTrackRequests[i].Layers[j] = &livekit.VideoLayer{}
			}
		}
		if _, status, err := s.dialPath("/rtc/v1?join_request="+packJoin(t, join), token); err == nil || status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", name, status, err)
		}
	}
	began := time.Now()
	if w, status, err := s.dialSingle(token); err != nil {
		t.Errorf("a join like everybody's: %d %v after %v", status, err, time.Since(began))
	} else if !w.answers() {
		t.Error("no answer")
	}
}

// TestGuestsOfOneAddress: one more than there may be is refused, and comes in when
// somebody goes.
func TestGuestsOfOneAddress(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(c *Config) {
		l := limits.Default()
		l.Guests = 2
		c.limits = &l
	})
	link := s.invite(nil)
	token := func(id string) string { return s.mustJoin(newGuest(t, id), link).Token }
	anna, _ := s.mustDial(token("anna"))
	s.mustDial(token("ben"))
	carl := token("carl")
	if _, status, err := s.dial(carl, ""); err == nil || status != http.StatusTooManyRequests {
		t.Errorf("one more: %d %v", status, err)
	}
	_ = anna.conn.Close()
	eventually(t, "there is a place", waitTimeout, func() bool {
		_, _, err := s.dial(carl, "")
		return err == nil
	})
}

// TestCandidatesWithoutAnEnd: LiveKit keeps every address that a guest names.
func TestCandidatesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	few := limits.Default()
	few.Candidates, few.CandidateBurst = 0.01, 10
	s := startServer(t, func(c *Config) { c.limits = &few })
	link := s.invite(nil)
	ben, _ := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	anna, _ := s.mustDial(s.mustJoin(newGuest(t, "anna"), link).Token)
	name := func(n int) {
		anna.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{
			CandidateInit: fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 127.0.0.1 %d typ host","sdpMid":"0","sdpMLineIndex":0}`, n, 1000+n),
		}}})
	}
	for n := range few.CandidateBurst {
		name(n)
	}
	if !anna.answers() {
		t.Fatal("cut within the limit")
	}
	name(few.CandidateBurst)
	if status := anna.closed(); status != stream.StatusPolicy {
		t.Errorf("closed with %d", status)
	}
	if !ben.answers() {
		t.Error("somebody else is gone, too")
	}
}
