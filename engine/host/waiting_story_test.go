package host

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/hosttest"
)

// answered is what a join was answered with.
type answered struct {
	token   string
	refusal doorapi.Error
	status  int
}

// waits asks as a client that waits: the answer may come late.
func (s *testServer) waits(g guest, link call.Link) <-chan answered {
	said := make(chan answered, 1)
	req := g.request(s.t, link)
	req.Wait, req.Held = true, true
	go func() {
		// Errors are those of the test's end.
		answer, refusal, status := s.join(req)
		said <- answered{answer.Token, refusal, status}
	}()
	return said
}

// toldToWait asks for the first time, and is told to wait.
func (s *testServer) toldToWait(g guest, link call.Link) {
	s.t.Helper()
	if a := <-s.waits(g, link); a.refusal.Code != doorapi.CodeWaiting || a.status != http.StatusForbidden || a.token != "" {
		s.t.Fatalf("%s is told to wait: %+v", g.id, a)
	}
}

// held waits until somebody's question is held.
func (s *testServer) held(g guest, link call.Link) <-chan answered {
	s.t.Helper()
	said := s.waits(g, link)
	select {
	case a := <-said:
		s.t.Fatalf("%s is not held: %+v", g.id, a)
	case <-time.After(300 * time.Millisecond): // nothing tells that the door holds an answer
	}
	return said
}

func (s *testServer) waiting() (all []call.WaiterRow) {
	s.t.Helper()
	var answer doorapi.WaitingAnswer
	if refusal, status := s.do(call.OpWaiting, "", doorapi.RoomRequest{Room: "hall"}, &answer); status != http.StatusOK {
		s.t.Fatalf("waiting: %+v", refusal)
	}
	return answer.Waiting
}

func (s *testServer) setWaiting(on bool) {
	s.t.Helper()
	if refusal, status := s.do(call.OpRules, "", doorapi.RulesRequest{Room: "hall", Waiting: &on}, &call.RoomRules{}); status != http.StatusOK {
		s.t.Fatalf("rules: %+v", refusal)
	}
}

func waiters(ids ...call.Identity) doorapi.WaitersRequest {
	return doorapi.WaitersRequest{Room: "hall", IDs: ids}
}

// TestWaitingRoom: who is let in comes in and comes back, nobody else does, and
// nobody has a token before.
func TestWaitingRoom(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link := s.invite(nil)
	s.as(call.RoleHost, "host")
	early := newGuest(t, "early")
	old := s.mustJoin(early, link).Token // while everybody may come in
	inside := newGuest(t, "inside")
	s.mustDial(s.mustJoin(inside, link).Token)
	hosttest.Eventually(t, "inside is there", waitTimeout, func() bool { return s.presence("hall", "inside") == call.PresenceOnline })
	s.setWaiting(true)

	s.refusesToEnter(old, "a token from before the rule")
	anna := newGuest(t, "anna")
	s.toldToWait(anna, link)
	said := s.held(anna, link)
	rows := s.waiting()
	if len(rows) != 1 || rows[0].Identity != "anna" || rows[0].Name != "Guest anna" || rows[0].Since == 0 {
		t.Fatalf("waiting: %+v", rows)
	}
	// Another key with the same user ID is somebody else, and a let-in is for one.
	thief := newGuest(t, "anna")
	s.toldToWait(thief, link)
	s.mustDo(call.OpAdmit, "", waiters("anna"), call.ResultAlreadyGone)
	s.mustDo(call.OpAdmit, "", waiters(call.Identity(rows[0].ID)), call.ResultDone)
	a := <-said
	if a.status != http.StatusOK || a.token == "" {
		t.Fatalf("let in, and %+v", a)
	}
	s.mustDial(a.token)
	if _, refusal, _ := s.join(thief.request(t, link)); refusal.Code != doorapi.CodeIdentityTaken {
		t.Errorf("the other key: %+v", refusal)
	}
	// Both come back without asking, as anybody who is in the room; a co-host never asks.
	s.mustDial(s.mustJoin(anna, link).Token)
	s.mustJoin(inside, link)
	cohost := newGuest(t, "cohost")
	cohosts := s.invite(func(r *doorclient.InviteRequest) { r.Role = call.RoleCoHost })
	s.mustDial(s.mustJoin(cohost, cohosts).Token)
	s.mustJoin(cohost.self("second-cohost"), cohosts)
	// One who is none any more waits as anybody does, under another user ID too.
	s.mustDo(call.OpRole, "", doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"cohost"}, Role: call.RoleParticipant}, call.ResultDone)
	s.toldToWait(cohost.self("third-cohost"), cohosts)
	// A removal takes it back.
	s.mustDo(call.OpRemove, "", people("hall", "anna"), call.ResultDone)
	s.toldToWait(anna, link)
	s.refusesToEnter(a.token, "the token of somebody who was removed")
}

// refusesToEnter checks that nobody new comes in by a token.
func (s *testServer) refusesToEnter(token, what string) {
	s.t.Helper()
	for _, path := range []string{"/rtc?protocol=17&sdk=go&version=2.4.0", s.singlePath(false, "")} {
		if _, status, err := s.dialPath(path, token); err == nil || status != http.StatusForbidden {
			s.t.Errorf("%s: %d %v", what, status, err)
		}
	}
}

// TestWaitingEnds: every end of the waiting is told as it is.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link := s.invite(nil)
	s.as(call.RoleHost, "host")
	known := newGuest(t, "banned")
	s.mustJoin(known, link) // and never came
	s.setWaiting(true)
	for name, tt := range map[string]struct {
		do   func()
		code doorapi.Code
		say  call.PutOutError
	}{
		"turned away": {
			func() {
				s.mustDo(call.OpTurnAway, "", doorapi.WaitersRequest{Room: "hall", All: true, Text: "Not now"}, call.ResultDone)
			}, doorapi.CodePutOut, call.PutOutError{Reason: call.ReasonTurnedAway, Text: "Not now"},
		},
		"banned": {
			func() { s.do(call.OpBan, "", people("hall", "banned"), &doorapi.PeopleAnswer{}) }, doorapi.CodeBanned, call.PutOutError{},
		},
		"locked": {func() {
			yes := true
			s.do(call.OpRules, "", doorapi.RulesRequest{Room: "hall", Locked: &yes}, &call.RoomRules{})
		}, doorapi.CodeRoomLocked, call.PutOutError{}},
	} {
		g := newGuest(t, name)
		if name == "banned" {
			g = known
		}
		s.toldToWait(g, link)
		said := s.held(g, link)
		tt.do()
		a := <-said
		if a.refusal.Code != tt.code || a.token != "" {
			t.Errorf("%s: %+v", name, a)
		}
		var out *call.PutOutError
		if tt.code == doorapi.CodePutOut && (!errors.As(a.refusal.Err(), &out) || *out != tt.say) {
			t.Errorf("%s: %+v", name, a)
		}
		no := false
		s.do(call.OpRules, "", doorapi.RulesRequest{Room: "hall", Locked: &no}, &call.RoomRules{})
	}
	off := newGuest(t, "off")
	s.toldToWait(off, link)
	said := s.held(off, link)
	s.setWaiting(false)
	if a := <-said; a.status != http.StatusOK {
		t.Errorf("the rule is off: %+v", a)
	}
	s.setWaiting(true)
	last := newGuest(t, "last")
	s.toldToWait(last, link)
	said = s.held(last, link)
	if refusal, status := s.do(call.OpDismiss, "", doorapi.DismissRequest{Room: "hall", Text: "Over"}, &struct{}{}); status != http.StatusOK {
		t.Fatalf("%+v", refusal)
	}
	if a := <-said; a.refusal.Reason != call.ReasonDismissed.String() || a.refusal.Text != "Over" {
		t.Errorf("the room was closed: %+v", a)
	}
}

// TestWaitingOutside: a guest may wait before the room is open, not for one that their
// link does not open, and a server that stops says so.
func TestWaitingOutside(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link := s.invite(nil)
	s.setWaiting(true)
	anna, ben := newGuest(t, "anna"), newGuest(t, "ben")
	s.toldToWait(anna, link)
	if rooms, err := doorRooms(s); err != nil || len(rooms) != 0 {
		t.Errorf("somebody who waits opens rooms: %v, %v", rooms, err)
	}
	existing := s.invite(func(r *doorclient.InviteRequest) { r.Existing = true })
	if _, refusal, _ := s.join(ben.request(t, existing)); refusal.Code != doorapi.CodeNoSuchRoom {
		t.Errorf("a room that is not open: %+v", refusal)
	}
	s.mustDo(call.OpAdmit, "", waiters("anna"), call.ResultDone)
	s.mustDial(s.mustJoin(anna, link).Token)
	s.toldToWait(ben, link)
	said := s.held(ben, link)
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if a := <-said; a.refusal.Code != doorapi.CodeServerStopping {
		t.Errorf("the server stops: %+v", a)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func doorRooms(s *testServer) ([]doorapi.RoomRow, error) {
	var answer doorapi.RoomsAnswer
	if refusal, status := s.do(call.OpRooms, "", struct{}{}, &answer); status != http.StatusOK {
		return nil, refusal.Err()
	}
	return answer.Rooms, nil
}
