package host

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
)

// self is the same installation under another ID.
func (g guest) self(id string) guest { return guest{call.Identity(id), g.key} }

// rights are what LiveKit lets everybody in the hall do.
func (s *testServer) rights() map[string]string {
	s.t.Helper()
	list, err := s.roomService("hall").ListParticipants(context.Background(), &livekit.ListParticipantsRequest{Room: "hall"})
	if err != nil {
		s.t.Fatal(err)
	}
	rights := map[string]string{}
	for _, p := range list.GetParticipants() {
		if roomservice.IsPerson(p) {
			rights[p.GetIdentity()] = fmt.Sprintf("shows=%v writes=%v", p.GetPermission().GetCanPublish(), p.GetPermission().GetCanPublishData())
		}
	}
	return rights
}

// TestK10_VerdictsHoldForTheInstallation: a mute or the role of listener holds under every
// ID that the person takes, now and later, until it is lifted, and not for a stranger.
func TestK10_VerdictsHoldForTheInstallation(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link, bob := s.invite(nil), newGuest(t, "bob")
	host, _ := s.as(call.RoleHost, "host")
	enter := func(g guest) doorapi.JoinAnswer {
		answer := s.mustJoin(g, link)
		s.mustDial(answer.Token)
		return answer
	}
	expect := func(step, want string, ids ...string) {
		t.Helper()
		rights := s.rights()
		for _, id := range ids {
			if rights[id] != want {
				t.Errorf("%s: %s has %s, want %s", step, id, rights[id], want)
			}
		}
	}
	const free = "shows=true writes=true"
	enter(bob)
	enter(bob.self("bobby")) // before the verdict
	enter(newGuest(t, "stranger"))
	mute := doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"bob"}}
	s.mustDo(call.OpMute, host, mute, call.ResultDone)
	enter(bob.self("robert")) // after it
	expect("muted", "shows=true writes=false", "bob", "bobby", "robert")
	role := doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"robert"}, Role: call.RoleListener}
	s.mustDo(call.OpRole, host, role, call.ResultDone)
	if answer := enter(bob.self("rob")); answer.Role != call.RoleListener {
		t.Errorf("told to be a %s", answer.Role)
	}
	expect("a listener", "shows=false writes=false", "bob", "bobby", "robert", "rob")
	expect("a stranger", free, "stranger")

	role.Role, role.IDs[0] = call.RoleParticipant, "bobby"
	s.mustDo(call.OpRole, host, role, call.ResultDone)
	mute.IDs[0] = "rob"
	s.mustDo(call.OpUnmute, host, mute, call.ResultDone)
	expect("lifted", free, "bob", "bobby", "robert", "rob")

	var members doorapi.MembersAnswer
	s.do(call.OpMembers, host, doorapi.RoomRequest{Room: "hall"}, &members)
	for _, m := range members.Members {
		want := map[call.Identity][]call.Identity{"bob": {"bobby", "rob", "robert"}, "rob": {"bob", "bobby", "robert"}}[m.ID]
		if m.ID != "bobby" && m.ID != "robert" && !slices.Equal(m.SameInstallation, want) {
			t.Errorf("the host is told %+v", m)
		}
	}
	guest := s.mustJoin(newGuest(t, "guest"), link).Token
	s.mustDial(guest)
	members = doorapi.MembersAnswer{}
	s.do(call.OpMembers, guest, doorapi.RoomRequest{Room: "hall"}, &members)
	if slices.ContainsFunc(members.Members, func(m call.MemberRow) bool { return m.SameInstallation != nil }) || len(members.Members) < 6 {
		t.Errorf("a guest is told %+v", members)
	}
}

// TestK1_ARemovalIsOfTheInstallation: who is removed is out under every ID, and a
// co-host decides nothing about a host who is there under another one.
func TestK1_ARemovalIsOfTheInstallation(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link, bob, boss := s.invite(nil), newGuest(t, "bob"), newGuest(t, "boss")
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	var wires []*wire
	for _, g := range []guest{bob, bob.self("bobby")} {
		w, _ := s.mustDial(s.mustJoin(g, link).Token)
		wires = append(wires, w)
	}
	s.mustDial(s.mustJoin(boss, s.invite(func(r *doorclient.InviteRequest) { r.Role = call.RoleHost })).Token)
	s.mustDial(s.mustJoin(boss.self("plain"), link).Token)
	s.mustDo(call.OpRemove, cohost, people("hall", "bob"), call.ResultDone)
	for _, w := range wires {
		if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
			t.Errorf("told %v", r)
		}
	}
	plain := []call.Identity{"plain"}
	s.mustDo(call.OpRemove, cohost, people("hall", "plain"), call.ResultForbidden)
	s.mustDo(call.OpMute, cohost, doorapi.MuteRequest{Room: "hall", IDs: plain}, call.ResultForbidden)
	s.mustDo(call.OpRole, cohost, doorapi.RoleRequest{Room: "hall", IDs: plain, Role: call.RoleListener}, call.ResultForbidden)
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"boss", "cohost", "plain"}) {
		t.Errorf("in the room: %v", got)
	}
	s.mustDial(s.mustJoin(bob, link).Token) // a removal is no ban
}

// TestAFewIdentitiesOfOneKey: an installation fills no room, however many IDs it
// takes and however many come at the same moment. Its IDs that are inside come
// back, and one that leaves makes room.
func TestAFewIdentitiesOfOneKey(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link, bob := s.invite(nil), newGuest(t, "bob")
	const many = 20
	tokens := make([]string, many)
	for n := range tokens {
		tokens[n] = s.mustJoin(bob.self(fmt.Sprint("bob", n)), link).Token
	}
	var in atomic.Int64
	var coming sync.WaitGroup
	inside := make([]*wire, many)
	for n, token := range tokens {
		coming.Go(func() {
			w, status, err := s.dial(token, "")
			if err == nil {
				in.Add(1)
				inside[n] = w
			} else if status != http.StatusConflict {
				t.Errorf("status %d: %v", status, err)
			}
		})
	}
	coming.Wait()
	if in.Load() != seats.MaxSelves {
		t.Errorf("%d are in, want %d", in.Load(), seats.MaxSelves)
	}
	if _, refusal, status := s.join(bob.self("late").request(t, link)); refusal.Code != doorapi.CodeManyIdentities || status != http.StatusConflict {
		t.Errorf("a join: %d %+v", status, refusal)
	}
	s.mustDial(s.mustJoin(newGuest(t, "stranger"), link).Token)
	n := slices.IndexFunc(inside, func(w *wire) bool { return w != nil })
	s.mustDial(tokens[n]) // on another device, which replaces the first
	_ = inside[n].conn.Close()
	if _, status, err := s.dial(tokens[(n+1)%many], ""); inside[(n+1)%many] == nil && err == nil {
		t.Errorf("one more: %d", status)
	}
	// A participant who is only silent is still there; one who leaves is not.
	w, _ := s.mustDial(tokens[n])
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_CLIENT_INITIATED}}})
	w.drained()
	eventually(t, "one more comes in", waitTimeout, func() bool {
		_, _, status := s.join(bob.self("late").request(t, link))
		return status == http.StatusOK
	})
}

// drained reads until the server has hung up.
func (w *wire) drained() {
	for {
		if _, err := w.read(); err != nil {
			return
		}
	}
}
