package host

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/door"
	"foyer/engine/host/moderation"
)

// TestHugeRequests: a megabyte at any of the door's routes is refused, by its
// size and with a word about it, and changes nothing.
func TestHugeRequests(t *testing.T) {
	s := startServer(t, noLimits)
	link := s.invite(nil)
	token := s.mustJoin(newGuest(t, "anna"), link).Token
	s.mustDial(token)
	key, _, err := doorclient.ReadAdminKey(s.AdminKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	const megabyte = 1 << 20
	huge := strings.Repeat("x", megabyte)
	body := []byte(`{"room":"hall","ids":["anna"],"text":"` + huge + `"}`)
	paths := []string{doorapi.JoinPath, doorapi.InvitationsPath}
	for _, o := range (&moderation.Moderator{}).Operations() {
		paths = append(paths, doorapi.APIPath+string(o.Op))
	}
	for _, path := range paths {
		status, raw := s.post(path, key, body)
		var refusal doorapi.Error
		if err := json.Unmarshal(raw, &refusal); err != nil || status != http.StatusRequestEntityTooLarge ||
			refusal.Code != doorapi.CodeBadRequest || !strings.Contains(refusal.Message, "too large") {
			t.Errorf("%s: %d %.200s", path, status, raw)
		}
	}
	admin := s.admins("admin")
	for _, method := range []string{"RemoveParticipant", "DeleteRoom", "SendData", "PerformRpc", "ListRooms"} {
		status, raw := s.post(door.RoomServicePath+method, admin, body)
		if status != http.StatusRequestEntityTooLarge || !strings.Contains(string(raw), "1048576 bytes") {
			t.Errorf("%s: %d %.200s", method, status, raw)
		}
	}
	for name, path := range map[string]string{
		"a token": "/rtc?access_token=" + huge, "a join": "/rtc/v1?join_request=" + huge, "any": "/rtc?x=" + huge,
	} {
		if _, status, err := s.dialPath(path, token); err == nil || status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("connect with %s: %d %v", name, status, err)
		}
	}
	if got := s.inRoom("hall"); len(got) != 1 || got[0] != "anna" {
		t.Errorf("in the room: %v", got)
	}
}

// TestHugeWords: what is too long within a request of a usual size is refused in
// words that name the limit.
func TestHugeWords(t *testing.T) {
	s := startServer(t, noLimits)
	link := s.invite(nil)
	s.mustDial(s.mustJoin(newGuest(t, "anna"), link).Token)
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, tt := range map[string]struct {
		op      call.Operation
		request any
	}{
		"chat":         {call.OpSay, doorapi.SayRequest{Room: "hall", Text: long(call.MaxChat + 1)}},
		"a reason":     {call.OpRemove, doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Text: long(call.MaxText + 1)}},
		"a ban's":      {call.OpBan, doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Text: long(call.MaxText + 1)}},
		"a dismissal":  {call.OpDismiss, doorapi.DismissRequest{Room: "hall", Text: long(call.MaxText + 1)}},
		"a room":       {call.OpMembers, doorapi.RoomRequest{Room: doorapi.RoomParameter(long(call.MaxRoomID + 1))}},
		"an identity":  {call.OpUnban, doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{call.Identity(long(call.MaxIdentity + 1))}}},
		"an exception": {call.OpMute, doorapi.MuteRequest{Room: "hall", All: true, Except: []call.Identity{call.Identity(long(call.MaxIdentity + 1))}}},
	} {
		if refusal, status := s.do(tt.op, "", tt.request, nil); status != http.StatusBadRequest || refusal.Code != doorapi.CodeBadRequest || !strings.Contains(refusal.Message, "at most") {
			t.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
	raw, err := proto.Marshal(&livekit.RoomParticipantIdentity{Room: "hall", Identity: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := s.post(door.RoomServicePath+"RemoveParticipant", s.admins("admin"), raw[:len(raw)-1]); status >= 500 {
		t.Errorf("half a request: %d", status)
	}
	if got := s.inRoom("hall"); len(got) != 1 || got[0] != "anna" {
		t.Errorf("in the room: %v", got)
	}
}
