package host

import (
	"net/http"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// ask is a request under a name.
func (g guest) ask(t *testing.T, link call.Link, name string) doorapi.JoinRequest {
	t.Helper()
	req := g.request(t, link)
	req.Name = name
	if err := req.Sign(g.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	return req
}

// The door lets nobody in under a name that cannot be seen, or that somebody else
// has, nor under an ID that is not what it looks like; whichever way they come.
func TestNamesAtTheDoor(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	come := func(id, name string) string {
		t.Helper()
		answer, refusal, status := s.join(newGuest(t, id).ask(t, link, name))
		if status != http.StatusOK {
			t.Fatalf("%q: %d %+v", name, status, refusal)
		}
		_, join := s.mustDial(answer.Token)
		return join.GetParticipant().GetName()
	}
	for _, c := range [][3]string{
		{"a", "Paul", "Paul"}, {"b", " Paul\u200b ", "Paul (2)"}, {"c", "\u202ePaul", "Paul (3)"}, {"d", "e\u0301", "é"},
	} {
		if got := come(c[0], c[1]); got != c[2] {
			t.Errorf("%q is called %q, want %q", c[1], got, c[2])
		}
	}
	for _, c := range [][2]string{
		{"e", "\u200b\u2060"}, {"e", "\u3164"}, {"e", "\u2800"}, {"e", "\ufeff"}, {"e", "\u00ad"}, {"e", "\u0301"},
		{"e\u200b", "Eve"}, {"e\u202e", "Eve"}, {"e ", "Eve"}, {"e\u0301", "Eve"},
	} {
		if _, refusal, status := s.join(newGuest(t, c[0]).ask(t, link, c[1])); refusal.Code != doorapi.CodeBadRequest {
			t.Errorf("ID %q, name %q: %d %+v", c[0], c[1], status, refusal)
		}
	}
	// A holder of the API key.
	hall := &auth.VideoGrant{RoomJoin: true, Room: "hall"}
	for _, c := range [][3]string{{"x", "Paul", "Paul (4)"}, {"y", "\u3164", "y"}, {"z", "\u2067Ann", "Ann"}, {"n", "", ""}} {
		_, join := s.mustDial(s.token(c[0], hall, func(a *auth.AccessToken) { a.SetName(c[1]) }))
		if got := join.GetParticipant().GetName(); got != c[2] {
			t.Errorf("a token's %q is called %q, want %q", c[1], got, c[2])
		}
	}
	for _, id := range []string{"x\u200b", "\u202ex", "x "} {
		s.refuses("an ID that is not seen: "+id, s.token(id, hall, nil), http.StatusBadRequest)
	}
	// Members that the register knows from before can be removed.
	refusal, status := s.do(call.OpRemove, "", people("hall", "old\u200b"), &doorapi.PeopleAnswer{})
	if status != http.StatusOK {
		t.Errorf("remove an ID from before: %d %+v", status, refusal)
	}
	var members doorapi.MembersAnswer
	if refusal, status := s.do(call.OpMembers, "", doorapi.RoomRequest{Room: "hall"}, &members); status != http.StatusOK {
		t.Fatalf("members: %d %+v", status, refusal)
	}
	names := map[string]bool{}
	for _, m := range members.Members {
		if names[m.Name] || m.ID != "n" && !call.Visible(m.Name) {
			t.Errorf("member %s is called %q", m.ID, m.Name)
		}
		names[m.Name] = true
	}
}
