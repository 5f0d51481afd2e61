package host

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/keeper"
)

// token signs a token with the server's API key.
func (s *testServer) token(identity string, grant *auth.VideoGrant, change func(*auth.AccessToken)) string {
	s.t.Helper()
	return hosttest.Token(s.t, s.api, identity, grant, change)
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
	t.Parallel()
	s := startServer(t, nil)
	link, anna := s.invite(nil), newGuest(t, "anna")
	req := doorapi.JoinRequest{Room: link.Room, Secret: link.Secret, Identity: anna.id, Name: "Anna", Batches: true}
	if err := req.Sign(anna.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, refusal, _ := s.join(req)
	if answer.Keeper == "" {
		t.Fatalf("no keeper: %+v", refusal)
	}
	s.mustDial(answer.Token)
	s.kept()
	for _, id := range []call.Identity{answer.Keeper, keeper.HiddenIdentity(s.api, keeper.SayPurpose, "hall"), "foyer-x"} {
		if _, refusal, status := s.join(newGuest(t, string(id)).request(t, link)); status != http.StatusConflict || refusal.Code != doorapi.CodeIdentityTaken {
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
	if refusal, status := s.do(call.OpMembers, refreshed, doorapi.RoomRequest{Room: "hall"}, nil); status != http.StatusUnauthorized {
		t.Errorf("API: %d %+v", status, refusal)
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("in the room: %v", got)
	}
}

// admins is a token with all the rights that the API key can give.
func (s *testServer) admins(identity string) string {
	return s.token(identity, &auth.VideoGrant{RoomJoin: true, Room: "hall", RoomAdmin: true, RoomCreate: true}, nil)
}

// TestK1_NobodyBecomesAForeigner: who came with a token of the API key is not
// resumed by somebody else, who would be given its token.
func TestK1_NobodyBecomesAForeigner(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	early := newGuest(t, "bot") // before the bot has ever come
	token := s.mustJoin(early, link).Token
	s.mustDial(token)
	bot := s.admins("bot")
	w, _ := s.mustDial(bot)
	fresh := w.refreshed()
	if _, refusal, status := s.join(newGuest(t, "bot").request(t, link)); refusal.Code != doorapi.CodeIdentityTaken {
		t.Errorf("join: %d %+v", status, refusal)
	}
	if _, refusal, status := s.join(early.request(t, link)); refusal.Code != doorapi.CodeIdentityTaken {
		t.Errorf("join of who was first: %d %+v", status, refusal)
	}
	for name, path := range map[string]string{"resume": "/rtc?protocol=17&sdk=go&reconnect=1", "single": s.singlePath(true, "")} {
		if _, status, err := s.dialPath(path, token); err == nil || status != http.StatusConflict {
			t.Errorf("%s: %d %v", name, status, err)
		}
	}
	again, status, err := s.dial(fresh, "&reconnect=1")
	if err != nil {
		t.Fatalf("its own resumption: %d %v", status, err)
	}
	again.next(func(m *livekit.SignalResponse) bool { return m.GetReconnect() != nil })
}

// TestK1_ForeignRolesAreNotInherited: an identity that a host has made a
// co-host without a key goes to nobody who brings one.
func TestK1_ForeignRolesAreNotInherited(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	s.mustDial(s.foreign("bot"))
	s.mustDo(call.OpRole, "", doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"bot"}, Role: call.RoleCoHost}, call.ResultDone)
	s.mustDo(call.OpRemove, "", people("hall", "bot"), call.ResultDone)
	if answer, refusal, status := s.join(newGuest(t, "bot").request(t, link)); refusal.Code != doorapi.CodeIdentityTaken {
		t.Errorf("join: %d %+v, role %q", status, refusal, answer.Role)
	}
}

// packAs is a join request that says it resumes, packed as kind says.
func packAs(t *testing.T, kind livekit.WrappedJoinRequest_Compression) string {
	t.Helper()
	inner, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, Reconnect: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if kind == livekit.WrappedJoinRequest_GZIP {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(inner); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		inner = packed.Bytes()
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{Compression: kind, JoinRequest: inner})
	if err != nil {
		t.Fatal(err)
	}
	return base64.URLEncoding.EncodeToString(outer)
}

// TestJ6_LockedAgainstEveryPacking: what LiveKit takes for a newcomer does not
// come into a locked room, however it is packed.
func TestJ6_LockedAgainstEveryPacking(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	host, _ := s.as(call.RoleHost, "host")
	token := s.mustJoin(newGuest(t, "ben"), s.invite(nil)).Token
	yes := true
	if refusal, status := s.do(call.OpRules, host, doorapi.RulesRequest{Room: "hall", Locked: &yes}, &call.RoomRules{}); status != http.StatusOK {
		t.Fatal(refusal)
	}
	for kind, want := range map[livekit.WrappedJoinRequest_Compression]bool{
		livekit.WrappedJoinRequest_NONE: true, livekit.WrappedJoinRequest_GZIP: true, 2: false, -1: false, 1 << 20: false,
	} {
		packed := packAs(t, kind)
		for _, path := range []string{"/rtc", "/rtc/v1"} {
			if w, status, err := s.dialPath(path+"?join_request="+url.QueryEscape(packed), token); !want && (err == nil || status != http.StatusLocked) {
				t.Errorf("packed as %d at %s: %d %v", kind, path, status, err)
			} else if w != nil {
				_ = w.conn.Close()
			}
		}
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"host"}) {
		t.Errorf("in the room: %v", got)
	}
}

// stamped is a token of a holder of the API key that says when it was made.
func (s *testServer) stamped(room, identity string, made time.Time) string {
	s.t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.api.Key, "sub": identity, "iat": made.Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"video": map[string]any{"roomJoin": true, "room": room},
	}).SignedString([]byte(s.api.Secret))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// TestK1_TokensFromTheFuture: a token that would outlive a removal, because it
// says that it is younger, is none.
func TestK1_TokensFromTheFuture(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	s.invite(nil)
	s.mustDial(s.stamped("hall", "bot", time.Now()))
	future := s.stamped("hall", "bot", time.Now().Add(50*time.Second)) // a minute is what LiveKit takes
	s.refuses("before a removal", future, http.StatusUnauthorized)
	s.mustDo(call.OpRemove, "", people("hall", "bot"), call.ResultDone)
	s.refuses("after it", future, http.StatusUnauthorized)
	if refusal, status := s.do(call.OpMembers, future, doorapi.RoomRequest{Room: "hall"}, nil); status != http.StatusUnauthorized {
		t.Errorf("API: %d %+v", status, refusal)
	}
}

// TestK1_ForeignNames: who could not be named in a removal does not come in.
func TestK1_ForeignNames(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	for name, token := range map[string]string{
		"long identity":  s.stamped("hall", strings.Repeat("x", call.MaxIdentity+1), time.Now()),
		"line break":     s.stamped("hall", "a\nb", time.Now()),
		"room's name":    s.stamped("the hall", "bot", time.Now()),
		"long room name": s.stamped(strings.Repeat("x", call.MaxRoomID+1), "bot", time.Now()),
	} {
		s.refuses(name, token, http.StatusBadRequest)
	}
	s.mustDial(s.stamped("hall", strings.Repeat("x", call.MaxIdentity), time.Now()))
}

// TestInvitationsAreLoggedWithTheirOrigin: who tries keys is in the log, the
// keys are not.
func TestInvitationsAreLoggedWithTheirOrigin(t *testing.T) {
	s := startServer(t, nil)
	if status, _ := s.post(doorapi.InvitationsPath, "a-guess-of-the-key", []byte(`{"room":"hall"}`)); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
	log := s.log.String()
	if !strings.Contains(log, "127.0.0.1/32") || strings.Contains(log, "a-guess-of-the-key") {
		t.Errorf("log: %s", log)
	}
}
