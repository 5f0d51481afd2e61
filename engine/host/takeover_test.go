package host

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// token signs a token with the server's API key.
func (s *testServer) token(identity string, grant *auth.VideoGrant, change func(*auth.AccessToken)) string {
	s.t.Helper()
	at := auth.NewAccessToken(s.api.Key, s.api.Secret).SetIdentity(identity).SetVideoGrant(grant).SetValidFor(time.Hour)
	if change != nil {
		change(at)
	}
	token, err := at.ToJWT()
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// refuses checks that no connect with a token gets in.
func (s *testServer) refuses(what, token string, want int) {
	s.t.Helper()
	for way, path := range map[string]string{
		"connect": "/rtc?protocol=17&sdk=go&version=2.4.0", "resume": "/rtc?protocol=17&sdk=go&version=2.4.0&reconnect=1",
		"single": s.singlePath(false, ""), "single, resume": s.singlePath(true, ""),
	} {
		if _, status, err := s.dialPath(path, token); err == nil || status != want {
			s.t.Errorf("%s, %s: %d %v, want %d", what, way, status, err, want)
		}
	}
}

// TestJ6_KeepersIdentityIsReserved: members know who keeps their room; nobody
// comes in under that identity, with whatever token.
func TestJ6_KeepersIdentityIsReserved(t *testing.T) {
	s := startServer(t, nil)
	link, anna := s.invite(nil), newGuest(t, "anna")
	req := call.DoorJoinRequest{Room: link.Room, Secret: link.Secret, Identity: anna.id, Name: "Anna", Batches: true}
	if err := req.Sign(anna.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, refusal, _ := s.join(req)
	if answer.Keeper == "" {
		t.Fatalf("no keeper: %+v", refusal)
	}
	s.mustDial(answer.Token)
	s.kept()
	for _, id := range []call.Identity{answer.Keeper, hiddenIdentity(s.api, sayPurpose, "hall"), "foyer-x"} {
		if _, refusal, status := s.join(newGuest(t, string(id)).request(t, link)); status != http.StatusConflict || refusal.Code != call.DoorIdentityTaken {
			t.Errorf("join as %s: %d %+v", id, status, refusal)
		}
		s.refuses("token for "+string(id), s.foreign(string(id)), http.StatusUnauthorized)
	}
	// What LiveKit gives to the keeper (roommanager.go, refreshToken).
	yes, no := true, false
	refreshed := s.token(string(answer.Keeper), &auth.VideoGrant{
		RoomJoin: true, Room: "hall", Hidden: true, Agent: true, CanPublish: &no, CanSubscribe: &yes, CanPublishData: &yes,
	}, func(at *auth.AccessToken) { at.SetKind(livekit.ParticipantInfo_AGENT) })
	s.refuses("the keeper's token", refreshed, http.StatusUnauthorized)
	if refusal, status := s.do(call.OpMembers, refreshed, call.RoomRequest{Room: "hall"}, nil); status != http.StatusUnauthorized {
		t.Errorf("API: %d %+v", status, refusal)
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("in the room: %v", got)
	}
}
