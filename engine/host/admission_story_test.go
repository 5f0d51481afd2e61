package host

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"foyer/engine/doorapi"
	"foyer/engine/host/door"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/roomservice"
)

func TestConnectRefusals(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(nil)
	good := s.mustJoin(newGuest(t, "anna"), link).Token
	make := func(secret string, change func(*auth.AccessToken)) string {
		at := auth.NewAccessToken(s.api.Key, secret).SetIdentity("anna").
			SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "hall"}).SetValidFor(time.Minute)
		if change != nil {
			change(at)
		}
		token, err := at.ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	tests := []struct {
		name, token, extra string
		status             int
	}{
		{"no token", "", "", http.StatusUnauthorized},
		{"garbage", "eyJhbGciOi.x.y", "", http.StatusUnauthorized},
		{"signed with another secret", make("another secret that is long enough", nil), "", http.StatusUnauthorized},
		{"expired", hosttest.TokenUntil(t, s.api, time.Now().Add(-2*time.Minute)), "", http.StatusUnauthorized},
		{"not for joining", make(s.api.Secret, func(a *auth.AccessToken) {
			a.SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, Room: "hall"})
		}), "", http.StatusUnauthorized},
		{"marked as the door's, for a key that is not the member's", make(s.api.Secret, func(a *auth.AccessToken) {
			a.SetAttributes(map[string]string{doorapi.AttributeMember: "other", doorapi.AttributeGeneration: "1"})
		}), "", http.StatusUnauthorized},
		{"marked as the door's, for nobody", make(s.api.Secret, func(a *auth.AccessToken) {
			a.SetIdentity("nobody").SetAttributes(map[string]string{doorapi.AttributeMember: "other"})
		}), "", http.StatusUnauthorized},
		{"identity changed by the query", good, "&publish=x", http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, status, err := s.dial(tt.token, tt.extra)
			if err == nil || status != tt.status {
				t.Errorf("status %d (%v), want %d", status, err, tt.status)
			}
			if strings.Contains(s.log.String(), "eyJ") {
				t.Error("a token is in the log")
			}
		})
	}
	t.Run("token in the query, as browsers do", func(t *testing.T) {
		if _, status, err := s.dial("", "&access_token="+good); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
	})
	t.Run("made by a holder of the API key", func(t *testing.T) {
		token := make(s.api.Secret, func(a *auth.AccessToken) {
			a.SetIdentity("bot").SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "new-room"})
		})
		if _, join := s.mustDial(token); join.GetRoom().GetName() != "new-room" {
			t.Errorf("joined %v", join.GetRoom())
		}
	})
	t.Run("refreshed token resumes", func(t *testing.T) {
		w, join := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
		fresh := w.next(func(m *livekit.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
		_ = w.conn.Close()
		again, status, err := s.dial(fresh, "&reconnect=1&sid="+join.GetParticipant().GetSid())
		if err != nil {
			t.Fatalf("status %d: %v", status, err)
		}
		// Without a media connection LiveKit may have given ben up already;
		// here it counts that the door has let the token through.
		again.next(func(m *livekit.SignalResponse) bool { return m.GetReconnect() != nil || m.GetLeave() != nil })
	})
}

// TestOnlyTheDoorsRoutes: nothing else of LiveKit's is reachable, by any method
// and with any token; WHIP (livekit-server whipservice.go) would let people in
// past the door's check.
func TestOnlyTheDoorsRoutes(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	token := s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token
	for _, tt := range []struct {
		method string
		want   int
		paths  []string
	}{
		{http.MethodGet, http.StatusOK, []string{door.HealthPath}},
		{http.MethodGet, http.StatusNotFound, []string{
			"/", "/whip/v1", "/agent", "/debug/rooms", "/debug/goroutine", "/rtc/v2", "/foyer/v1/", "/settings/regions",
			"/twirp/livekit.Egress/ListEgress",
		}},
		{http.MethodPost, http.StatusNotFound, []string{
			"/", "/whip/v1", "/whip/v1/", "/whip/v2", "/whip", "/agent", "/twirp/livekit.Egress/ListEgress", "/twirp/livekit.AgentDispatchService/CreateDispatch",
			"/twirp/livekit.SIP/CreateSIPParticipant", "/twirp/livekit.Ingress/CreateIngress", "/foyer/v1/", "/foyer/v1/nothing",
		}},
		{http.MethodPost, http.StatusMethodNotAllowed, []string{"/rtc", "/rtc/v1", "/rtc/validate", door.HealthPath}},
		{http.MethodDelete, http.StatusNotFound, []string{"/whip/v1/PA_1", "/whip/v1"}},
		{http.MethodPatch, http.StatusNotFound, []string{"/whip/v1/PA_1", "/whip/v1"}},
		{http.MethodOptions, http.StatusNotFound, []string{"/whip/v1"}},
		{http.MethodPut, http.StatusMethodNotAllowed, []string{"/rtc", doorapi.JoinPath}},
	} {
		for _, path := range tt.paths {
			if status := s.offers(tt.method, path, token); status != tt.want {
				t.Errorf("%s %s: %d, want %d", tt.method, path, status, tt.want)
			}
		}
	}
	// Paths that a proxy may understand in another way are not LiveKit's either.
	for _, path := range []string{"//whip/v1", "/rtc/../whip/v1", "/rtc/%2e%2e/whip/v1", "/twirp/livekit.RoomService/../../whip/v1", "/twirp/livekit.RoomService/..%2f..%2fwhip%2fv1"} {
		if status := s.offers(http.MethodPost, path, token); status < 300 {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	if people := s.inRoom("hall"); len(people) != 0 {
		t.Errorf("in the room: %v", people)
	}
}

// offers sends a media offer, as WHIP has it, and returns the answer's status.
func (s *testServer) offers(method, path, token string) int {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader("v=0\r\n"))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	req.Header.Set("Authorization", "Bearer "+token)
	client := s.client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// TestServerAPI uses LiveKit's own client of the room service at the door's
// address, as its server SDKs do.
func TestServerAPI(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, _ := s.mustDial(s.mustJoin(newGuest(t, "anna"), link).Token)
	ben, _ := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	withKey := func(key roomservice.Key) livekit.RoomService {
		return livekit.NewRoomServiceProtobufClient(s.URL, &http.Client{Timeout: waitTimeout, Transport: &adminTransport{key, s.client().Transport}})
	}
	ctx := context.Background()
	if _, err := withKey(roomservice.Key{Key: s.api.Key, Secret: "wrong"}).ListRooms(ctx, &livekit.ListRoomsRequest{}); err == nil {
		t.Error("a wrong secret lists rooms")
	}
	nobody := livekit.NewRoomServiceProtobufClient(s.URL, s.client())
	var refused twirp.Error
	if _, err := nobody.ListRooms(ctx, &livekit.ListRoomsRequest{}); !errors.As(err, &refused) || refused.Code() != twirp.Unauthenticated {
		t.Errorf("no key: %v", err)
	}
	api := withKey(s.api)
	list, err := api.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: "hall"})
	people := slices.DeleteFunc(list.GetParticipants(), func(p *livekit.ParticipantInfo) bool { return !roomservice.IsPerson(p) })
	if err != nil || len(people) != 2 { // the API also lists the keeper, which is hidden from people
		t.Fatalf("participants %v, %v", list, err)
	}
	if _, err := api.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: "hall", Identity: "ben"}); err != nil {
		t.Fatal(err)
	}
	if r := ben.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("removed: %v", r)
	}
	if _, err := api.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: "hall"}); err != nil {
		t.Fatal(err)
	}
	if r := anna.leaveReason(); r != livekit.DisconnectReason_ROOM_DELETED {
		t.Errorf("dismissed: %v", r)
	}
	// After the dismissal the id is a new session (contract N8).
	first := s.mustJoin(newGuest(t, "carl"), link)
	if _, err := api.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: "hall"}); err != nil {
		t.Fatal(err)
	}
	if again := s.mustJoin(newGuest(t, "dora"), link); again.SessionHint == first.SessionHint {
		t.Error("the session of a dismissed room came back")
	}
}

type adminTransport struct {
	key  roomservice.Key
	next http.RoundTripper
}

func (a *adminTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := auth.NewAccessToken(a.key.Key, a.key.Secret).
		SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, RoomCreate: true, RoomList: true, Room: "hall"}).ToJWT()
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(r)
}
