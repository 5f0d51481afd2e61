package host

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// attributesIn are what a roster says of everybody.
func attributesIn(all []*livekit.ParticipantInfo) map[string]map[string]string {
	by := map[string]map[string]string{}
	for _, p := range all {
		by[p.GetIdentity()] = p.GetAttributes()
	}
	return by
}

// untilSaid waits until the server says of somebody what is wanted.
func (w *wire) untilSaid(id string, want func(map[string]string) bool) {
	w.t.Helper()
	w.next(func(m *livekit.SignalResponse) bool {
		return slices.ContainsFunc(m.GetUpdate().GetParticipants(), func(p *livekit.ParticipantInfo) bool {
			return p.GetIdentity() == id && want(p.GetAttributes())
		})
	})
}

func handUp(said map[string]string) bool   { return said[doorapi.AttributeHand] != "" }
func handDown(said map[string]string) bool { return !handUp(said) }

func (s *testServer) raise(token string, up bool) (doorapi.Error, int) {
	s.t.Helper()
	return s.do(call.OpHand, token, doorapi.HandRequest{Room: "hall", Up: up}, &struct{}{})
}

// order lists the hands that somebody who comes now is told of.
func (s *testServer) order(token string) (ids []string) {
	s.t.Helper()
	_, join := s.mustDial(token)
	places := map[string]int64{}
	for id, said := range attributesIn(join.GetOtherParticipants()) {
		if n, err := strconv.ParseInt(said[doorapi.AttributeHand], 10, 64); err == nil {
			places[id] = n
		}
	}
	return slices.SortedFunc(maps.Keys(places), func(a, b string) int { return int(places[a] - places[b]) })
}

// Hands are raised at the door: everybody is told the same order, also who comes
// later and a muted listener's, they are lowered by those who moderate, and go with
// their people.
func TestHands(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	host, watch := s.as(call.RoleHost, "host")
	tokens := map[string]string{}
	wires := map[string]*wire{}
	for _, id := range []string{"anna", "ben", "cyd"} {
		tokens[id], wires[id] = s.as(call.RoleParticipant, id)
	}
	if _, status := s.do(call.OpMute, host, doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"cyd"}}, &struct{}{}); status != http.StatusOK {
		t.Fatal(status)
	}
	for _, id := range []string{"cyd", "anna", "ben"} {
		if refusal, status := s.raise(tokens[id], true); status != http.StatusOK {
			t.Fatalf("%s: %d %+v", id, status, refusal)
		}
		watch.untilSaid(id, handUp)
	}
	late, _, status := s.join(newGuest(t, "late").request(t, s.invite(nil)))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	if got := s.order(late.Token); !slices.Equal(got, []string{"cyd", "anna", "ben"}) {
		t.Errorf("the order is %v", got)
	}
	if refusal, status := s.do(call.OpLower, tokens["ben"], doorapi.LowerRequest{Room: "hall", IDs: []call.Identity{"anna"}}, &struct{}{}); status != http.StatusForbidden {
		t.Errorf("a guest lowers another one's: %d %+v", status, refusal)
	}
	if _, status := s.do(call.OpLower, host, doorapi.LowerRequest{Room: "hall", IDs: []call.Identity{"cyd"}}, &struct{}{}); status != http.StatusOK {
		t.Fatal(status)
	}
	watch.untilSaid("cyd", handDown)
	if _, status := s.raise(tokens["anna"], false); status != http.StatusOK {
		t.Fatal(status)
	}
	watch.untilSaid("anna", handDown)
	wires["ben"].send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{}}})
	watch.next(func(m *livekit.SignalResponse) bool {
		return slices.ContainsFunc(m.GetUpdate().GetParticipants(), func(p *livekit.ParticipantInfo) bool {
			return p.GetIdentity() == "ben" && p.GetState() == livekit.ParticipantInfo_DISCONNECTED
		})
	})
	answer := s.mustJoin(newGuest(t, "later"), s.invite(nil))
	if got := s.order(answer.Token); len(got) != 0 {
		t.Errorf("still up: %v", got)
	}
}

// A client that joins anew by itself keeps the place of its hand. Nothing else does: not a
// return after leaving, and not an old token.
func TestHandsThroughReconnects(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	_, watch := s.as(call.RoleHost, "host")
	anna, link := newGuest(t, "anna"), s.invite(nil)
	first := s.mustJoin(anna, link)
	w, _ := s.mustDial(first.Token)
	if _, status := s.raise(first.Token, true); status != http.StatusOK {
		t.Fatal(status)
	}
	var place string
	watch.untilSaid("anna", func(said map[string]string) bool { place = said[doorapi.AttributeHand]; return place != "" })
	refreshed := w.next(func(m *livekit.SignalResponse) bool { return handUp(s.attributesOf(m.GetRefreshToken())) }).GetRefreshToken()

	again := anna.request(t, link)
	again.Generation = first.Generation
	if err := again.Sign(anna.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	second, refusal, status := s.join(again)
	if status != http.StatusOK {
		t.Fatalf("%d %+v", status, refusal)
	}
	_, join := s.mustDial(second.Token)
	if got := join.GetParticipant().GetAttributes()[doorapi.AttributeHand]; got != place {
		t.Errorf("a full reconnect has place %q, not %q", got, place)
	}
	if _, status := s.raise(second.Token, false); status != http.StatusOK {
		t.Fatal(status)
	}
	watch.untilSaid("anna", handDown)
	_, join = s.mustDial(refreshed)
	if got := join.GetParticipant().GetAttributes()[doorapi.AttributeHand]; got != "" {
		t.Errorf("an old token brings the hand back: %q", got)
	}
}

// attributesOf are what a token says of its holder.
func (s *testServer) attributesOf(token string) map[string]string {
	s.t.Helper()
	if token == "" {
		return nil
	}
	parsed, err := auth.ParseAPIToken(token)
	if err != nil {
		s.t.Fatal(err)
	}
	_, grants, err := parsed.Verify(s.api.Secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return grants.Attributes
}

// The role is said of everybody, and follows what the host decides.
func TestRolesAreSaid(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	host, watch := s.as(call.RoleHost, "host")
	guest, _ := s.as(call.RoleParticipant, "guest")
	_ = guest
	is := func(role call.Role) func(map[string]string) bool {
		return func(said map[string]string) bool { return said[doorapi.AttributeRole] == string(role) }
	}
	watch.untilSaid("guest", is(call.RoleParticipant))
	for _, role := range []call.Role{call.RoleCoHost, call.RoleListener} {
		if _, status := s.do(call.OpRole, host, doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"guest"}, Role: role}, &struct{}{}); status != http.StatusOK {
			t.Fatal(status)
		}
		watch.untilSaid("guest", is(role))
	}
	answer := s.mustJoin(newGuest(t, "late"), s.invite(nil))
	_, join := s.mustDial(answer.Token)
	said := attributesIn(join.GetOtherParticipants())
	if !is(call.RoleHost)(said["host"]) || !is(call.RoleListener)(said["guest"]) || !is(call.RoleParticipant)(join.GetParticipant().GetAttributes()) {
		t.Errorf("said %v", said)
	}
}

// A guest whose token lets them change their own metadata takes no role and no
// place among the hands: neither with a request nor with the connect.
func TestNobodyFakesARoleOrAHand(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	grant := &auth.VideoGrant{RoomJoin: true, Room: "hall"}
	grant.SetCanUpdateOwnMetadata(true)
	token := func(id string) string { return s.token(id, grant, nil) }
	_, watch := s.as(call.RoleHost, "host")
	fake := map[string]string{doorapi.AttributeRole: "host", doorapi.AttributeHand: "1"}
	w, _ := s.mustDial(token("mallory"))
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{
		Attributes: map[string]string{"mood": "good"},
	}}})
	watch.untilSaid("mallory", func(said map[string]string) bool { return said["mood"] == "good" })
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{
		Attributes: fake,
	}}})
	for {
		if _, err := w.read(); err != nil {
			break // cut off
		}
	}
	packed := packJoin(t, &livekit.JoinRequest{ParticipantAttributes: fake})
	if _, status, err := s.dialPath("/rtc/v1?join_request="+packed, token("eve")); err == nil || status != http.StatusBadRequest {
		t.Errorf("with the connect: %d %v", status, err)
	}
	list, err := s.roomService("hall").ListParticipants(t.Context(), &livekit.ListParticipantsRequest{Room: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	for id, said := range attributesIn(list.GetParticipants()) {
		if id != "host" && (said[doorapi.AttributeRole] == "host" || handUp(said)) {
			t.Errorf("%s: %v", id, said)
		}
	}
}
