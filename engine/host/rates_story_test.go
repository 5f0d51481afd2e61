package host

import (
	"net/http"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/door"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// TestConnectRates: clients that forge tokens, or connect without end, are slowed down at
// every door of LiveKit's; others behind the address are not.
func TestConnectRates(t *testing.T) {
	t.Parallel()
	few := limits.Default()
	few.Connects, few.ConnectBurst, few.PersonConnects, few.PersonConnectBurst, few.Calls, few.CallBurst = 0.01, 100, 0.01, 3, 0.01, 60
	forge := func(s *testServer) string { // without knowing the secret
		wrong := &testServer{t: t, api: roomservice.Key{Key: s.api.Key, Secret: "another secret that is long enough"}}
		return wrong.admins("anna")
	}
	post := func(s *testServer, token string) int {
		status, _ := s.post(door.RoomServicePath+"ListRooms", token, []byte("{}"))
		return status
	}
	for name, try := range map[string]func(s *testServer, token string) int{
		"connect": func(s *testServer, token string) int { _, status, _ := s.dial(token, ""); return status },
		"twirp":   post,
		"API": func(s *testServer, token string) int {
			_, status := s.do(call.OpMembers, token, doorapi.RoomRequest{Room: "hall"}, nil)
			return status
		},
	} {
		t.Run("forged, "+name, func(t *testing.T) {
			s := startServer(t, nil)
			token, good := forge(s), s.mustJoin(newGuest(t, "ben"), s.invite(nil)).Token
			for n := range limits.Default().FailedAttemptBurst {
				if status := try(s, token); status != http.StatusUnauthorized {
					t.Fatalf("try %d: %d", n, status)
				}
			}
			if status := try(s, token); status != http.StatusTooManyRequests {
				t.Errorf("never slowed down: %d", status)
			}
			if _, refusal, _ := s.join(newGuest(t, "anna").request(t, call.Link{Room: "hall", Fingerprint: s.fingerprint()})); refusal.Code != doorapi.CodeTooManyTries {
				t.Errorf("a guess of an invitation: %+v", refusal)
			}
			s.mustDial(good)
		})
	}
	s := startServer(t, func(c *Config) { c.limits = &few })
	token := s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token
	for range few.PersonConnectBurst {
		s.mustDial(token)
	}
	if _, status, _ := s.dial(token, ""); status != http.StatusTooManyRequests {
		t.Errorf("one person: %d", status)
	}
	s.mustDial(s.mustJoin(newGuest(t, "ben"), s.invite(nil)).Token)
	status := 0
	for range few.ConnectBurst + 1 {
		_, status, _ = s.dial("", "")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("one address: %d", status)
	}
	for range few.CallBurst + 1 {
		status = post(s, token)
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("a guest at the room service: %d", status)
	}
	if _, err := s.roomService("hall").ListRooms(t.Context(), &livekit.ListRoomsRequest{}); err != nil {
		t.Errorf("a server at the room service: %v", err)
	}
}
