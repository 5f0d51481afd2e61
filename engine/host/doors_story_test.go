package host

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/internal/drive"
)

// twoDoors are a and b, before a node each, with one register, one certificate
// and one admin key, as docs/scaling.md wants it.
func twoDoors(t *testing.T, c *cluster) (a, b *testServer) {
	t.Helper()
	postgres, err := drive.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Close() })
	database, err := postgres.Database(t.Context(), "doors")
	if err != nil {
		t.Fatal(err)
	}
	first := t.TempDir()
	a = c.door(t, 0, func(conf *Config) { conf.Data, conf.Database = first, database })
	b = c.door(t, 1, func(conf *Config) {
		conf.Database = database
		for _, name := range []string{certificateFile, adminKeyFile} {
			raw, err := os.ReadFile(filepath.Join(first, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(conf.Data, name), raw, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	a.database, b.database = database, database
	return a, b
}

// story is a room in which anna has come through a, and ben through b.
type story struct {
	*testing.T
	a, b           *testServer
	room           string
	toA, toB       call.Link // one invitation
	anna, ben      *liveGuest
	guest          guest  // ben
	tokenA, tokenB string // ben's, got at a and b
}

// at is the same invitation with the address of another door.
func at(s *testServer, link call.Link) call.Link {
	link.Hosts = []string{parseURL(s.t, s.URL).Host}
	return link
}

func newStory(t *testing.T, a, b *testServer, room string) *story {
	t.Helper()
	s := &story{T: t, a: a, b: b, room: room, guest: newGuest(t, "ben")}
	link := a.invite(func(r *doorclient.InviteRequest) { r.Room = call.RoomID(room) })
	s.toA, s.toB = at(a, link), at(b, link)
	s.tokenA, s.tokenB = a.mustJoin(s.guest, s.toA).Token, b.mustJoin(s.guest, s.toB).Token
	s.anna, s.ben = a.enter(s.toA, newGuest(t, "anna")), b.enter(s.toB, s.guest)
	// Both hear what is said: then they are wholly there, and so is the keeper.
	meet(t, waitTimeout, s.anna, s.ben)
	meet(t, waitTimeout, s.ben, s.anna)
	return s
}

// refused checks that no door lets ben connect.
func (s *story) refused(want int) {
	s.Helper()
	for name, token := range map[string]string{"a": s.tokenA, "b": s.tokenB} {
		for where, door := range map[string]*testServer{"a": s.a, "b": s.b} {
			if w, status, err := door.dial(token, ""); err == nil || status != want {
				if err == nil {
					_ = w.conn.Close()
				}
				s.Errorf("token of %s at %s: %d %v, want %d", name, where, status, err, want)
			}
		}
	}
}

// ends waits for the end of somebody's stay.
func (c *liveGuest) ends() call.SessionEnded {
	c.t.Helper()
	return c.await("end", func(e call.SessionEvent) bool { _, ok := e.(call.SessionEnded); return ok }).(call.SessionEnded)
}

// TestK1_K2_K8_K10_O4_AcrossDoors: what is done at one door has its effect on who
// came in through another.
func TestK1_K2_K8_K10_O4_AcrossDoors(t *testing.T) {
	t.Parallel()
	a, b := twoDoors(t, startCluster(t, 2))
	for name, tell := range map[string]func(*story){
		"K1_removed": acrossRemoval, "K2_dismissed": acrossDismissal, "K8_banned": acrossBan, "K10_muted": acrossMute,
		"O4_lost": acrossLoss, "J6_locked": acrossLock,
	} {
		t.Run(name, func(t *testing.T) { tell(newStory(t, a, b, name)) })
	}
}

func acrossRemoval(s *story) {
	q := people(s.room, "ben")
	q.Text = "Bye"
	s.a.mustDo(call.OpRemove, "", q, call.ResultDone)
	if e := s.ben.ends(); e.Reason != call.ReasonRemoved || e.Text != "Bye" {
		s.Errorf("%+v", e)
	}
	s.anna.await("ben's end", func(e call.SessionEvent) bool {
		left, ok := e.(call.ParticipantLeft)
		return ok && left.Reason == call.ReasonRemoved && left.Participant.Identity == "ben"
	})
	s.refused(http.StatusForbidden)
	s.b.enter(s.toB, s.guest) // with a fresh join
}

func acrossDismissal(s *story) {
	if refusal, status := s.a.do(call.OpDismiss, "", doorapi.DismissRequest{Room: doorapi.RoomParameter(s.room)}, &struct{}{}); status != http.StatusOK {
		s.Fatalf("%d %+v", status, refusal)
	}
	for name, c := range map[string]*liveGuest{"anna": s.anna, "ben": s.ben} {
		if e := c.ends(); e.Reason != call.ReasonDismissed {
			s.Errorf("%s: %+v", name, e)
		}
	}
	s.refused(http.StatusForbidden)
}

func acrossBan(s *story) {
	q := people(s.room, "ben")
	q.Minutes, q.Text = 10, "Shouting"
	s.a.mustDo(call.OpBan, "", q, call.ResultDone)
	if e := s.ben.ends(); e.Reason != call.ReasonBanned || e.Text != "Shouting" || e.Until.IsZero() {
		s.Errorf("%+v", e)
	}
	s.refused(http.StatusForbidden)
	other := guest{"benjamin", s.guest.key} // the same installation
	for name, try := range map[string]doorapi.JoinRequest{"ben": s.guest.request(s, s.toB), "another name": other.request(s, s.toB)} {
		if _, refusal, status := s.b.join(try); refusal.Code != doorapi.CodeBanned || refusal.Until == 0 {
			s.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
	s.b.mustDo(call.OpUnban, "", people(s.room, "ben"), call.ResultDone)
	s.a.enter(s.toA, s.guest)
}

func acrossMute(s *story) {
	muted := func(want bool) func(call.SessionEvent) bool {
		return func(e call.SessionEvent) bool {
			r, ok := e.(call.RulesChanged)
			return ok && r.Standing.Muted == want
		}
	}
	s.a.mustDo(call.OpMute, "", doorapi.MuteRequest{Room: doorapi.RoomParameter(s.room), IDs: []call.Identity{"ben"}}, call.ResultDone)
	s.ben.await("mute", muted(true))
	if _, err := s.ben.session.SendChat(s.Context(), "may I?"); !errors.Is(err, call.ErrMuted) {
		s.Errorf("said: %v", err)
	}
	carl := newGuest(s, "carl")
	s.a.mustDo(call.OpMute, "", doorapi.MuteRequest{Room: doorapi.RoomParameter(s.room), All: true, Except: []call.Identity{"anna"}}, call.ResultDone)
	token := s.b.mustJoin(carl, s.toB).Token // comes later, and through the other door
	if w, join := s.b.mustDial(token); join.GetParticipant().GetPermission().GetCanPublishData() {
		s.Error("carl may speak")
	} else {
		_ = w.conn.Close()
	}
	s.b.mustDo(call.OpUnmute, "", doorapi.MuteRequest{Room: doorapi.RoomParameter(s.room), IDs: []call.Identity{"ben"}}, call.ResultDone)
}

// acrossLoss: ben's way to b is cut. The room is told, by b; he comes back
// through a, and the room is told by a.
func acrossLoss(s *story) {
	way := newLine(s, s.toB.Hosts[0])
	link := s.toB
	link.Hosts = []string{way.address()}
	carl := newGuest(s, "carl")
	s.b.enter(link, carl)
	s.anna.await("carl", func(e call.SessionEvent) bool {
		joined, ok := e.(call.ParticipantJoined)
		return ok && joined.Participant.Identity == "carl"
	})
	way.cut(true)
	s.anna.await("loss", marked(true))
	way.leadTo(s.toA.Hosts[0])
	way.cut(false)
	s.anna.await("return", marked(false))
}

func acrossLock(s *story) {
	yes, no := true, false
	rule := func(door *testServer, q doorapi.RulesRequest) {
		s.Helper()
		q.Room = doorapi.RoomParameter(s.room)
		if refusal, status := door.do(call.OpRules, "", q, &call.RoomRules{}); status != http.StatusOK {
			s.Fatalf("%d %+v", status, refusal)
		}
	}
	carl := newGuest(s, "carl")
	token := s.a.mustJoin(carl, s.toA).Token
	refused := func(want doorapi.Code) {
		s.Helper()
		if _, refusal, status := s.b.join(carl.request(s, s.toB)); refusal.Code != want {
			s.Errorf("join: %d %+v, want %s", status, refusal, want)
		}
		if _, status, err := s.b.dial(token, ""); err == nil || status != (doorapi.Error{Code: want}).Status() {
			s.Errorf("connect: %d %v, want %s", status, err, want)
		}
	}
	two, none := 2, 0
	rule(s.a, doorapi.RulesRequest{Locked: &yes})
	refused(doorapi.CodeRoomLocked)
	rule(s.b, doorapi.RulesRequest{Locked: &no, MaxMembers: &two})
	refused(doorapi.CodeRoomFull)
	rule(s.a, doorapi.RulesRequest{MaxMembers: &none})
	s.b.enter(s.toB, carl)
}
