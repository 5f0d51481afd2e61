package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/door"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// as joins and connects somebody with a role, and returns their token.
func (s *testServer) as(role call.Role, id string) (string, *wire) {
	s.t.Helper()
	link := s.invite(func(r *doorclient.InviteRequest) { r.Role = role })
	answer := s.mustJoin(newGuest(s.t, id), link)
	if answer.Role != role {
		s.t.Fatalf("%s joined as %q", role, answer.Role)
	}
	w, _ := s.mustDial(answer.Token)
	return answer.Token, w
}

// TestRolesDecide: who may do what to whom.
func TestRolesDecide(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	host, _ := s.as(call.RoleHost, "host")
	second, _ := s.as(call.RoleHost, "second-host")
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	guest, _ := s.as(call.RoleParticipant, "guest")
	listener, _ := s.as(call.RoleListener, "listener")
	tests := []struct {
		name, token string
		op          call.Operation
		request     any
		status      int
		results     []string
	}{
		{"a guest removes", guest, call.OpRemove, people("hall", "listener"), http.StatusForbidden, nil},
		{"a listener lists bans", listener, call.OpBans, doorapi.RoomRequest{Room: "hall"}, http.StatusForbidden, nil},
		{"a guest lists members", guest, call.OpMembers, doorapi.RoomRequest{Room: "hall"}, http.StatusOK, nil},
		{"a host lists rooms", host, call.OpRooms, struct{}{}, http.StatusForbidden, nil},
		{"a host reaches another room", host, call.OpMembers, doorapi.RoomRequest{Room: "other"}, http.StatusForbidden, nil},
		{"a co-host dismisses", cohost, call.OpDismiss, doorapi.DismissRequest{Room: "hall"}, http.StatusForbidden, nil},
		{"a guest locks", guest, call.OpRules, doorapi.RulesRequest{Room: "hall", Locked: new(bool)}, http.StatusForbidden, nil},
		{"a guest reads the rules", guest, call.OpRules, doorapi.RulesRequest{Room: "hall"}, http.StatusOK, nil},
		{"a co-host removes a host", cohost, call.OpRemove, people("hall", "host"), http.StatusOK, []string{call.ResultForbidden}},
		{"a co-host removes a co-host", cohost, call.OpRemove, people("hall", "cohost"), http.StatusOK, []string{call.ResultForbidden}},
		{"a host bans a host", second, call.OpBan, people("hall", "host"), http.StatusOK, []string{call.ResultForbidden}},
		{"a co-host makes a co-host", cohost, call.OpRole, doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"guest"}, Role: call.RoleCoHost}, http.StatusForbidden, nil},
		{"a host makes a host", host, call.OpRole, doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"guest"}, Role: call.RoleHost}, http.StatusForbidden, nil},
		{"no such role", host, call.OpRole, doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"guest"}, Role: "king"}, http.StatusBadRequest, nil},
		{"a host makes a co-host", host, call.OpRole, doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"guest"}, Role: call.RoleCoHost}, http.StatusOK, []string{call.ResultDone}},
		{"who is one now", guest, call.OpRemove, people("hall", "listener"), http.StatusOK, []string{call.ResultDone}},
		{"a host removes both", host, call.OpRemove, people("hall", "guest", "cohost"), http.StatusOK, []string{call.ResultDone, call.ResultDone}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var answer struct{ Results []call.PersonResult }
			refusal, status := s.do(tt.op, tt.token, tt.request, &answer)
			var got []string
			for _, r := range answer.Results {
				got = append(got, r.Result)
			}
			if status != tt.status || !slices.Equal(got, tt.results) {
				t.Errorf("%d %+v %v, want %d %v", status, refusal, got, tt.status, tt.results)
			}
		})
	}
	// The removed person's token does not open the API any more either.
	if refusal, status := s.do(call.OpMembers, guest, doorapi.RoomRequest{Room: "hall"}, nil); refusal.Code != doorapi.CodePutOut {
		t.Errorf("%d %+v", status, refusal)
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"host", "second-host"}) {
		t.Errorf("in the room: %v", got)
	}
}

// TestWithdraw: nobody comes in by an invitation that a host has withdrawn; who
// is inside stays, and other rooms and new invitations are not touched.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	old := s.invite(nil)
	other := s.invite(func(r *doorclient.InviteRequest) { r.Room = "other" })
	host, _ := s.as(call.RoleHost, "host")
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	anna := newGuest(t, "anna")
	token := s.mustJoin(anna, old).Token
	s.mustDial(token)
	withdraw := func(token, room string) (doorapi.Code, int) {
		var answer doorapi.WithdrawAnswer
		refusal, _ := s.do(call.OpWithdraw, token, doorapi.RoomRequest{Room: doorapi.RoomParameter(room)}, &answer)
		return refusal.Code, answer.Withdrawn
	}
	for _, tt := range []struct {
		by, token, room string
		code            doorapi.Code
		n               int
	}{
		{"a guest", token, "hall", doorapi.CodeForbidden, 0},
		{"a co-host", cohost, "hall", doorapi.CodeForbidden, 0},
		{"a host, elsewhere", host, "other", doorapi.CodeForbidden, 0},
		{"nowhere", "", "nowhere", doorapi.CodeNoSuchRoom, 0},
		{"a host", host, "hall", "", 3},
		{"the host's tools", "", "hall", "", 0},
	} {
		if code, n := withdraw(tt.token, tt.room); code != tt.code || n != tt.n {
			t.Errorf("%s: %q, %d withdrawn; want %q, %d", tt.by, code, n, tt.code, tt.n)
		}
	}
	for _, g := range []guest{anna, newGuest(t, "ben")} {
		if _, refusal, _ := s.join(g.request(t, old)); refusal.Code != doorapi.CodeInviteRefused {
			t.Errorf("%s comes by it: %+v", g.id, refusal)
		}
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"anna", "cohost", "host"}) {
		t.Errorf("in the room: %v", got)
	}
	s.mustJoin(newGuest(t, "ben"), other)
	s.mustJoin(newGuest(t, "ben"), s.invite(nil))
}

func TestMembersAndRooms(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	s.as(call.RoleHost, "host")
	s.mustDial(s.foreign("bot"))
	var members doorapi.MembersAnswer
	if refusal, status := s.do(call.OpMembers, "", doorapi.RoomRequest{Room: "hall"}, &members); status != http.StatusOK {
		t.Fatal(refusal)
	}
	if len(members.Members) != 2 || members.Members[0].ID != "host" || members.Members[0].Role != call.RoleHost || members.Members[1].ID != "bot" {
		t.Errorf("%+v", members)
	}
	for _, m := range members.Members {
		if m.Presence != call.PresenceOnline || time.Since(time.UnixMilli(m.Since)) > time.Minute {
			t.Errorf("%+v", m)
		}
	}
	var rooms doorapi.RoomsAnswer
	if refusal, status := s.do(call.OpRooms, "", struct{}{}, &rooms); status != http.StatusOK || len(rooms.Rooms) != 1 || rooms.Rooms[0].Room != "hall" {
		t.Errorf("%+v %+v", rooms, refusal)
	}
}

// TestK2_Dismiss: everybody is told, and no token of before comes back.
func TestK2_Dismiss(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	host, hostWire := s.as(call.RoleHost, "host")
	guest, guestWire := s.as(call.RoleParticipant, "guest")
	if refusal, status := s.do(call.OpDismiss, host, doorapi.DismissRequest{Room: "hall", Text: "Good night"}, &struct{}{}); status != http.StatusOK {
		t.Fatalf("%d %+v", status, refusal)
	}
	for _, w := range []*wire{hostWire, guestWire} {
		if r := w.leaveReason(); r != livekit.DisconnectReason_ROOM_DELETED {
			t.Errorf("told %v", r)
		}
	}
	for _, token := range []string{host, guest} {
		if _, status, err := s.dial(token, ""); err == nil || status != http.StatusForbidden {
			t.Errorf("%d %v", status, err)
		}
	}
	if refusal, status := s.do(call.OpDismiss, "", doorapi.DismissRequest{Room: "hall"}, nil); status != http.StatusNotFound || refusal.Code != doorapi.CodeNoSuchRoom {
		t.Errorf("twice: %d %+v", status, refusal)
	}
}

// TestJ6_LockedAndFull: newcomers are told which it is; who is inside is not
// touched.
func TestJ6_LockedAndFull(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	host, _ := s.as(call.RoleHost, "host")
	link, ben := s.invite(nil), newGuest(t, "ben")
	early := s.mustJoin(ben, link).Token // before the lock, not in yet
	yes, no, two, three, none := true, false, 2, 3, 0
	rules := func(q doorapi.RulesRequest) {
		t.Helper()
		q.Room = "hall"
		var answer call.RoomRules
		if refusal, status := s.do(call.OpRules, host, q, &answer); status != http.StatusOK {
			t.Fatalf("%d %+v", status, refusal)
		}
	}
	rules(doorapi.RulesRequest{Locked: &yes})
	if _, refusal, _ := s.join(newGuest(t, "carl").request(t, link)); refusal.Code != doorapi.CodeRoomLocked {
		t.Errorf("join: %+v", refusal)
	}
	if _, status, err := s.dial(early, ""); err == nil || status != http.StatusLocked {
		t.Errorf("connect: %d %v", status, err)
	}
	s.mustDial(host) // on another device
	s.as(call.RoleHost, "second-host")
	rules(doorapi.RulesRequest{Locked: &no, MaxMembers: &two})
	if _, refusal, _ := s.join(newGuest(t, "carl").request(t, link)); refusal.Code != doorapi.CodeRoomFull {
		t.Errorf("full: %+v", refusal)
	}
	if _, status, err := s.dial(early, ""); err == nil || status != http.StatusConflict {
		t.Errorf("full, connect: %d %v", status, err)
	}
	rules(doorapi.RulesRequest{MaxMembers: &three})
	// One place, many who want it at the same moment.
	const many = 8
	tokens := make([]string, many)
	for n := range many {
		tokens[n] = s.mustJoin(newGuest(t, "guest"+string(rune('a'+n))), link).Token
	}
	in := make(chan bool, many)
	for _, token := range tokens {
		go func() {
			_, _, err := s.dial(token, "")
			in <- err == nil
		}()
	}
	entered := 0
	for range many {
		if <-in {
			entered++
		}
	}
	if entered != 1 {
		t.Errorf("%d came into one place", entered)
	}
	rules(doorapi.RulesRequest{MaxMembers: &none})
	s.mustDial(early)
	for name, q := range map[string]doorapi.RulesRequest{
		"negative": {Room: "hall", MaxMembers: new(-1)}, "huge": {Room: "hall", MaxMembers: new(call.MaxRoomMembers + 1)},
		"short": {Room: "hall", RealTime: new(19)}, "long": {Room: "hall", RealTime: new(301)},
	} {
		if refusal, status := s.do(call.OpRules, "", q, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
}

// TestK3_RefuseNewcomer: the first one stays, if the host wants it so; its own
// resumption and rejoin are no newcomers.
func TestK3_RefuseNewcomer(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link, anna := s.invite(nil), newGuest(t, "anna")
	first := s.mustJoin(anna, link)
	second := s.mustJoin(anna, link)
	w, join := s.mustDial(first.Token)
	yes := true
	if refusal, status := s.do(call.OpRules, "", doorapi.RulesRequest{Room: "hall", RefuseNewcomer: &yes}, &call.RoomRules{}); status != http.StatusOK {
		t.Fatal(refusal)
	}
	if _, status, err := s.dial(second.Token, ""); err == nil || status != http.StatusConflict {
		t.Errorf("connect: %d %v", status, err)
	}
	if _, refusal, _ := s.join(anna.request(t, link)); refusal.Code != doorapi.CodeAlreadyHere {
		t.Errorf("join: %+v", refusal)
	}
	if _, status, err := s.dial(first.Token, "&reconnect=1&sid="+join.GetParticipant().GetSid()); err != nil {
		t.Errorf("its own resumption: %d %v", status, err)
	}
	_ = w.conn.Close()
	req := doorapi.JoinRequest{Room: "hall", Secret: link.Secret, Identity: "anna", Name: "Anna", Generation: first.Generation}
	if err := req.Sign(anna.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, refusal, status := s.join(req)
	if status != http.StatusOK {
		t.Fatalf("its own rejoin: %+v", refusal)
	}
	s.mustDial(answer.Token)
}

// TestK10_Mute: who is muted may not write either; the exceptions and moderators
// may; a token of before the mute does not help; listeners never publish.
func TestK10_Mute(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	s.as(call.RoleHost, "host")
	s.as(call.RoleListener, "listener")
	ben, _ := s.as(call.RoleParticipant, "ben")
	s.as(call.RoleParticipant, "carl")
	s.mustDial(s.foreign("bot"))
	check := func(when string, want map[string]string) {
		t.Helper()
		list, err := s.roomService("hall").ListParticipants(context.Background(), &livekit.ListParticipantsRequest{Room: "hall"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.GetParticipants() {
			got := "reads"
			if p.GetPermission().GetCanPublishData() {
				got = "writes"
			}
			if p.GetPermission().GetCanPublish() {
				got += " shows"
			}
			if w := want[p.GetIdentity()]; roomservice.IsPerson(p) && got != w {
				t.Errorf("%s: %s %s, want %s", when, p.GetIdentity(), got, w)
			}
		}
	}
	everybody := map[string]string{
		"host": "writes shows", "listener": "writes", "ben": "writes shows", "carl": "writes shows", "bot": "writes shows",
	}
	check("at first", everybody)
	s.mustDo(call.OpMute, "", doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"ben", "nobody"}}, call.ResultDone, call.ResultUnknown)
	muted := map[string]string{"host": "writes shows", "listener": "writes", "ben": "reads shows", "carl": "writes shows", "bot": "writes shows"}
	check("one", muted)
	s.mustDial(ben) // with the token of before
	check("one, come again", muted)
	s.mustDo(call.OpUnmute, "", doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"ben"}}, call.ResultDone)
	check("lifted", everybody)
	s.mustDo(call.OpMute, "", doorapi.MuteRequest{Room: "hall", All: true, Except: []call.Identity{"carl"}}, call.ResultDone, call.ResultDone, call.ResultDone)
	check("all", map[string]string{"host": "writes shows", "listener": "reads", "ben": "reads shows", "carl": "writes shows", "bot": "reads shows"})
	if answer := s.mustJoin(newGuest(t, "dora"), s.invite(nil)); !answer.Rules.MutedAll {
		t.Errorf("a newcomer is told %+v", answer.Rules)
	}
	s.mustDo(call.OpUnmute, "", doorapi.MuteRequest{Room: "hall", All: true}, slices.Repeat([]string{call.ResultDone}, 5)...)
	check("all lifted", everybody)
	for name, q := range map[string]doorapi.MuteRequest{
		"nobody": {Room: "hall"}, "both": {Room: "hall", All: true, IDs: []call.Identity{"ben"}}, "exceptions of some": {Room: "hall", IDs: []call.Identity{"ben"}, Except: []call.Identity{"carl"}},
	} {
		if refusal, status := s.do(call.OpMute, "", q, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
}

// TestServerAPIRemoval: a removal and a dismissal by LiveKit's own client, over
// both encodings, end tokens as the host's do.
func TestK1_ServerAPIRemoval(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	ctx := context.Background()
	transport := &http.Client{Timeout: waitTimeout, Transport: &adminTransport{s.api, s.client().Transport}}
	for name, api := range map[string]livekit.RoomService{
		"protobuf": livekit.NewRoomServiceProtobufClient(s.URL, transport), "json": livekit.NewRoomServiceJSONClient(s.URL, transport),
	} {
		t.Run(name, func(t *testing.T) {
			link, g := s.invite(nil), newGuest(t, "anna-"+name)
			first := s.mustJoin(g, link)
			w, _ := s.mustDial(first.Token)
			fresh := w.refreshed()
			if _, err := api.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: "hall", Identity: string(g.id)}); err != nil {
				t.Fatal(err)
			}
			if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
				t.Errorf("told %v", r)
			}
			for _, token := range []string{first.Token, fresh} {
				if _, status, err := s.dial(token, ""); err == nil || status != http.StatusForbidden {
					t.Errorf("%d %v", status, err)
				}
			}
			var refused twirp.Error
			if _, err := api.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: "hall", Identity: "nobody"}); !errors.As(err, &refused) || refused.Code() != twirp.NotFound {
				t.Errorf("nobody: %v", err)
			}
			again := s.mustJoin(g, link)
			w, _ = s.mustDial(again.Token)
			if _, err := api.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: "hall"}); err != nil {
				t.Fatal(err)
			}
			if r := w.leaveReason(); r != livekit.DisconnectReason_ROOM_DELETED {
				t.Errorf("told %v", r)
			}
			s.mustJoin(g, link) // opens it again
			if _, status, err := s.dial(again.Token, ""); err == nil || status != http.StatusForbidden {
				t.Errorf("a token of before the dismissal: %d %v", status, err)
			}
		})
	}
	t.Run("without the right", func(t *testing.T) {
		token, _ := s.as(call.RoleParticipant, "guest")
		body := []byte(`{"room":"hall","identity":"guest"}`)
		for name, bearer := range map[string]string{"member": token, "none": "", "garbage": "a.b.c"} {
			req, err := http.NewRequest(http.MethodPost, s.URL+door.RoomServicePath+"RemoveParticipant", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+bearer)
			res, err := s.client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d", name, res.StatusCode)
			}
		}
		s.mustDial(token) // still good
	})
	t.Run("token in the query", func(t *testing.T) {
		g := newGuest(t, "query")
		first := s.mustJoin(g, s.invite(nil))
		w, _ := s.mustDial(first.Token)
		admin, err := auth.NewAccessToken(s.api.Key, s.api.Secret).SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, Room: "hall"}).ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.client().Post(s.URL+door.RoomServicePath+"RemoveParticipant?access_token="+admin, "application/json; charset=utf-8",
			strings.NewReader(`{"room":"hall","identity":"query","unknown_field":1}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if r := w.leaveReason(); res.StatusCode != http.StatusOK || r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
			t.Errorf("%d %v", res.StatusCode, r)
		}
		if _, status, err := s.dial(first.Token, ""); err == nil || status != http.StatusForbidden {
			t.Errorf("%d %v", status, err)
		}
	})
}

// TestAPIKeys: a wrong admin key is refused, slowed down, and logged without the
// key; expired and forged tokens are refused.
func TestAPIKeys(t *testing.T) {
	s := startServer(t, nil)
	s.as(call.RoleHost, "host")
	forged, err := auth.NewAccessToken(s.api.Key, "another secret that is long enough").SetIdentity("host").
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "hall"}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"forged": forged, "expired": hosttest.TokenUntil(t, s.api, time.Now().Add(-2*time.Minute)), "garbage": "a.b.c"} {
		if refusal, status := s.do(call.OpMembers, token, doorapi.RoomRequest{Room: "hall"}, nil); status != http.StatusUnauthorized || refusal.Code != doorapi.CodeTokenRefused {
			t.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
	const wrong = "a-wrong-key-that-nobody-may-read"
	slowed := false
	for range limits.Default().FailedAttemptBurst + 1 {
		raw, _ := json.Marshal(doorapi.RoomRequest{Room: "hall"})
		status, body := s.post(doorapi.APIPath+string(call.OpMembers), wrong, raw)
		slowed = status == http.StatusTooManyRequests
		if status != http.StatusUnauthorized && !slowed {
			t.Errorf("%d %s", status, body)
		}
	}
	if !slowed {
		t.Error("wrong keys are never slowed down")
	}
	if log := s.log.String(); strings.Contains(log, wrong) || strings.Contains(log, "eyJ") || !strings.Contains(log, "code=unauthorized") {
		t.Error("a key or token is in the log, or nothing is")
	}
}
