package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/sfu"
	"foyer/internal/testenv"
)

func TestJoinThroughTheDoor(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(func(r *doorclient.InviteRequest) { r.Title = "Große Halle" })
	if link.Title != "Große Halle" || link.Room != "hall" || link.Fingerprint != s.fingerprint() {
		t.Fatalf("link %+v", link)
	}
	parsed, err := call.ParseLink(link.String())
	if err != nil || parsed.Secret != link.Secret || len(parsed.Hosts) != 1 {
		t.Fatalf("link back: %+v, %v", parsed, err)
	}

	anna, ben := newGuest(t, "anna"), newGuest(t, "ben")
	answer := s.mustJoin(anna, link)
	if answer.Title != "Große Halle" || !strings.HasPrefix(answer.SessionHint, "RM_") {
		t.Fatalf("answer %+v", answer)
	}
	wa, join := s.mustDial(answer.Token)
	if got := join.GetRoom(); got.GetName() != "hall" || got.GetSid() != answer.SessionHint {
		t.Errorf("room %v, want session %s", got, answer.SessionHint)
	}
	if p := join.GetParticipant(); p.GetIdentity() != "anna" || p.GetName() != "Guest anna" {
		t.Errorf("participant %v", p)
	}
	for _, ice := range join.GetIceServers() {
		for _, u := range ice.GetUrls() {
			if !strings.Contains(u, "127.0.0.1") {
				t.Errorf("clients are sent to %s", u)
			}
		}
	}

	second := s.mustJoin(ben, link)
	if second.SessionHint != answer.SessionHint {
		t.Errorf("second session %s, want %s", second.SessionHint, answer.SessionHint)
	}
	wb, joinB := s.mustDial(second.Token)
	if others := joinB.GetOtherParticipants(); len(others) != 1 || others[0].GetIdentity() != "anna" {
		t.Errorf("others %v", others)
	}

	// The same key again is the same user on another device: the first is out.
	_, _ = s.mustDial(s.mustJoin(anna, link).Token)
	if r := wa.leaveReason(); r != livekit.DisconnectReason_DUPLICATE_IDENTITY {
		t.Errorf("first device: %v", r)
	}
	wb.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}})

	if log := s.log.String(); strings.Contains(log, answer.Token) || strings.Contains(log, link.Secret) ||
		strings.Contains(log, s.api.Secret) || strings.Contains(log, "eyJ") {
		t.Error("a secret is in the log")
	}
}

// TestMediaConnects proves that ICE and DTLS come up on the media port.
func TestMediaConnects(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	w, _ := s.mustDial(s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token)
	var setting webrtc.SettingEngine
	setting.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	connected := make(chan struct{})
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	})
	offer := w.next(func(m *livekit.SignalResponse) bool { return m.GetOffer() != nil }).GetOffer()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.GetSdp()}); err != nil {
		t.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{
		Type: "answer", Sdp: pc.LocalDescription().SDP, Id: offer.GetId(),
	}}})
	go func() {
		for {
			m, err := w.read()
			if err != nil {
				return
			}
			if tr := m.GetTrickle(); tr != nil {
				var init webrtc.ICECandidateInit
				if json.Unmarshal([]byte(tr.GetCandidateInit()), &init) == nil {
					_ = pc.AddICECandidate(init)
				}
			}
		}
	}()
	select {
	case <-connected:
	case <-time.After(waitTimeout):
		t.Fatalf("no media connection; log:\n%s", s.log)
	}
}

func TestJ6_JoinRefusals(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // of the server's clock
	s := startServer(t, func(c *Config) {
		c.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	link := s.invite(nil)
	existing := s.invite(func(r *doorclient.InviteRequest) { r.Room, r.Existing = "not-open", true })
	notOpen := s.invite(func(r *doorclient.InviteRequest) { r.Room = "not-open-either" })
	expired := s.invite(func(r *doorclient.InviteRequest) { r.TTL = time.Second })
	ahead.Store(int64(2 * time.Second))
	anna := newGuest(t, "anna")
	s.mustJoin(anna, link)
	otherDoor := link
	otherDoor.Fingerprint = sha256.Sum256([]byte("another door"))

	tests := []struct {
		name   string
		req    func() doorapi.JoinRequest
		code   doorapi.Code
		status int
	}{
		{"wrong secret", func() doorapi.JoinRequest {
			r := anna.request(t, link)
			r.Secret = "wrong"
			return r
		}, doorapi.CodeInviteRefused, http.StatusForbidden},
		{"secret of another room", func() doorapi.JoinRequest {
			l := link
			l.Room = "elsewhere"
			return anna.request(t, l)
		}, doorapi.CodeInviteRefused, http.StatusForbidden},
		{"expired", func() doorapi.JoinRequest { return anna.request(t, expired) }, doorapi.CodeInviteExpired, http.StatusGone},
		{"identity of another key", func() doorapi.JoinRequest { return newGuest(t, "anna").request(t, link) },
			doorapi.CodeIdentityTaken, http.StatusConflict},
		{"forged signature", func() doorapi.JoinRequest {
			r := anna.request(t, link)
			r.Identity = "ben"
			return r
		}, doorapi.CodeBadRequest, http.StatusBadRequest},
		{"signed for another door", func() doorapi.JoinRequest { return anna.request(t, otherDoor) },
			doorapi.CodeBadRequest, http.StatusBadRequest},
		{"old", func() doorapi.JoinRequest {
			r := anna.request(t, link)
			if err := r.Sign(anna.key, link.Fingerprint, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			return r
		}, doorapi.CodeClock, http.StatusBadRequest},
		{"room not open, by the invitation", func() doorapi.JoinRequest { return anna.request(t, existing) },
			doorapi.CodeNoSuchRoom, http.StatusNotFound},
		{"room not open, by the guest", func() doorapi.JoinRequest {
			l := notOpen
			l.Existing = true
			return anna.request(t, l)
		}, doorapi.CodeNoSuchRoom, http.StatusNotFound},
		{"room id with a space", func() doorapi.JoinRequest {
			l := link
			l.Room = "a b"
			return anna.request(t, l)
		}, doorapi.CodeBadRequest, http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, refusal, status := s.join(tt.req()); refusal.Code != tt.code || status != tt.status {
				t.Errorf("got %d %+v, want %d %s", status, refusal, tt.status, tt.code)
			}
		})
	}

	t.Run("replayed", func(t *testing.T) {
		req := anna.request(t, link)
		if _, refusal, status := s.join(req); status != http.StatusOK {
			t.Fatalf("first use: %d %+v", status, refusal)
		}
		if _, refusal, status := s.join(req); refusal.Code != doorapi.CodeJoinUsed {
			t.Errorf("second use: %d %+v", status, refusal)
		}
	})
	t.Run("not JSON", func(t *testing.T) {
		if status, body := s.post(doorapi.JoinPath, "", []byte("{")); status != http.StatusBadRequest {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("too large", func(t *testing.T) {
		big := append([]byte(`{"name":"`), bytes.Repeat([]byte("x"), doorapi.MaxBody)...)
		if status, body := s.post(doorapi.JoinPath, "", big); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestWrongSecretsAreSlowedDown(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, wrong := newGuest(t, "anna"), link
	wrong.Secret = "wrong"
	limited := false
	for range limits.Default().FailedAttemptBurst + 1 {
		_, refusal, status := s.join(anna.request(t, wrong))
		limited = status == http.StatusTooManyRequests && refusal.Code == doorapi.CodeTooManyTries
	}
	if !limited {
		t.Fatal("wrong secrets are never slowed down")
	}
	s.mustJoin(anna, link) // and who has the right one is not kept out by that
}

func TestAdminKey(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	body := []byte(`{"room": 12345, "title": "Numbers"}`)
	for _, key := range []string{"", "wrong", s.api.Secret} {
		status, raw := s.post(doorapi.InvitationsPath, key, body)
		if status != http.StatusUnauthorized || bytes.Contains(raw, []byte("secret")) {
			t.Errorf("key %q: %d %s", key, status, raw)
		}
	}
	key, _, err := doorclient.ReadAdminKey(s.AdminKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	status, raw := s.post(doorapi.InvitationsPath, key, body)
	var answer doorapi.InvitationAnswer
	if err := json.Unmarshal(raw, &answer); err != nil || status != http.StatusOK || answer.Room != "12345" {
		t.Fatalf("a number as room: %d %s", status, raw)
	}
	for _, bad := range []string{`{"room":1.5}`, `{"room":""}`, `{"room":"a b"}`, `{"room":"a","ttl":-1}`, `{"room":"a","ttl":99999999999}`, `{"room":"a","title":"a\nb"}`, `[]`} {
		if status, raw := s.post(doorapi.InvitationsPath, key, []byte(bad)); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, status, raw)
		}
	}
	for range limits.Default().FailedAttemptBurst {
		status, _ = s.post(doorapi.InvitationsPath, "wrong", body)
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("wrong keys are never slowed down: %d", status)
	}
	for _, file := range []string{s.AdminKeyFile, s.LiveKitKeyFile} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info.Mode(), err)
		}
	}
}

func TestRequestInviteErrors(t *testing.T) {
	s := startServer(t, nil)
	other := startServer(t, nil)
	notAKey := t.TempDir() + "/key"
	if err := os.WriteFile(notAKey, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		req  doorclient.InviteRequest
		want error
	}{
		{"wrong certificate", doorclient.InviteRequest{Server: s.URL, AdminKeyFile: other.AdminKeyFile, Room: "r"}, call.ErrForeignKey},
		{"nobody there", doorclient.InviteRequest{Server: "https://127.0.0.1:1", AdminKeyFile: s.AdminKeyFile, Room: "r"}, call.ErrUnreachable},
		{"plain text", doorclient.InviteRequest{Server: "http://127.0.0.1:1", AdminKeyFile: s.AdminKeyFile, Room: "r"}, call.ErrServerAddress},
		{"no key file", doorclient.InviteRequest{Server: s.URL, AdminKeyFile: notAKey + "-not", Room: "r"}, call.ErrKeyFile},
		{"not a key file", doorclient.InviteRequest{Server: s.URL, AdminKeyFile: notAKey, Room: "r"}, call.ErrKeyFile},
		{"empty room", doorclient.InviteRequest{Server: s.URL, AdminKeyFile: s.AdminKeyFile}, call.ErrEmpty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := doorclient.RequestInvite(context.Background(), tt.req); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestStopTellsTheLoneMember, in every round: with one member, no other
// traffic carries the last word.
func TestStopTellsTheLoneMember(t *testing.T) {
	t.Parallel()
	const rounds = 20
	dir := t.TempDir()
	for round := range rounds {
		s := startServer(t, func(c *Config) { c.Data = dir })
		token := s.mustJoin(newGuest(t, fmt.Sprint("guest", round)), s.invite(nil)).Token
		dial := s.dialSingle
		if round%2 == 1 {
			dial = func(token string) (*wire, int, error) { return s.dial(token, "") }
		}
		w, status, err := dial(token)
		if err != nil {
			t.Fatalf("round %d: status %d: %v", round, status, err)
		}
		w.next(func(m *livekit.SignalResponse) bool { return m.GetJoin() != nil })
		ended := make(chan error, 1)
		go func() { ended <- s.stop() }()
		for told := false; ; {
			m, err := w.read()
			if err != nil {
				if !told {
					t.Errorf("round %d: the connection ended without a word: %v", round, err)
				}
				break
			}
			if l := m.GetLeave(); l != nil && l.GetReason() == livekit.DisconnectReason_SERVER_SHUTDOWN {
				told = true
			}
		}
		_ = w.conn.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestStopTellsEverybody(t *testing.T) {
	inTime(t, "stopping", 3*time.Second, func(int) time.Duration {
		s := startServer(t, nil)
		w, _ := s.mustDial(s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token)
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- s.stop() }()
		if r := w.leaveReason(); r != livekit.DisconnectReason_SERVER_SHUTDOWN {
			t.Errorf("reason %v", r)
		}
		told := time.Since(began)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		took := time.Since(began)
		t.Logf("told after %v, stopped after %v", told, took)
		if took > waitTimeout {
			t.Errorf("stopping took %v", took)
		}
		return took
	})
}

// TestRestartKeepsEverything: keys, certificate, port and register outlive the
// process, so links and identities do.
func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	same := func(c *Config) { c.Data = dir }
	s := startServer(t, same)
	link, anna := s.invite(nil), newGuest(t, "anna")
	s.mustJoin(anna, link)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	again := startServer(t, same)
	if again.Fingerprint != s.Fingerprint || again.URL != s.URL || again.api != s.api {
		t.Errorf("before %+v, after %+v", s.Ready, again.Ready)
	}
	again.mustJoin(anna, link)
	if _, refusal, _ := again.join(newGuest(t, "anna").request(t, link)); refusal.Code != doorapi.CodeIdentityTaken {
		t.Errorf("another key: %+v", refusal)
	}
	raw, err := os.ReadFile(dir + "/" + databaseFile)
	if err != nil || bytes.Contains(raw, []byte(link.Secret)) {
		t.Errorf("the secret is in the database, or %v", err)
	}
}

// TestClusterDoor puts a door alone before a LiveKit that it has not started.
func TestClusterDoor(t *testing.T) {
	t.Parallel()
	log, _ := testenv.NewLog()
	cluster := roomservice.Key{Key: "clusterkey", Secret: "the secret of a cluster, long enough"}
	media, err := sfu.Start(context.Background(), sfu.Config{
		Key: cluster.Key, Secret: cluster.Secret, Address: loopback4(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = media.Stop(context.Background()) })
	s := startServer(t, func(c *Config) {
		c.LiveKitURL, c.APIKey, c.APISecret = "ws://"+media.URL().Host, cluster.Key, cluster.Secret
	})
	if s.api != cluster {
		t.Errorf("key file %+v", s.api)
	}
	link, anna := s.invite(nil), newGuest(t, "anna")
	_, join := s.mustDial(s.mustJoin(anna, link).Token)
	if join.GetRoom().GetName() != "hall" {
		t.Errorf("joined %v", join.GetRoom())
	}
	// The cluster goes down: the door lives, and says that it has a problem.
	if err := media.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, refusal, status := s.join(anna.request(t, link)); status != http.StatusBadGateway || refusal.Code != doorapi.CodeServerSilent {
		t.Errorf("%d %+v", status, refusal)
	}
}

// TestRoomTTL: a room that nobody came into closes after its time, and an
// invitation to existing rooms then finds none.
func TestRoomTTL(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(c *Config) { c.RoomTTL = 3 * time.Second })
	link, anna := s.invite(nil), newGuest(t, "anna")
	s.mustJoin(anna, link)
	existing := link
	existing.Existing = true
	if _, refusal, status := s.join(anna.request(t, existing)); status != http.StatusOK {
		t.Fatalf("at once: %+v", refusal)
	}
	rooms := s.roomService("hall")
	eventually(t, "the room is gone", waitTimeout, func() bool {
		open, err := rooms.ListRooms(t.Context(), &livekit.ListRoomsRequest{})
		return err == nil && len(open.GetRooms()) == 0
	})
	if _, refusal, _ := s.join(anna.request(t, existing)); refusal.Code != doorapi.CodeNoSuchRoom {
		t.Errorf("the room is still open: %+v", refusal)
	}
}
