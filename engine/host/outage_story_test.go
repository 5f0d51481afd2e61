package host

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// outageTimeout is how long a room may need to be whole again: its keeper tries for
// 20 s to reconnect before another door may have the room.
const outageTimeout = 2 * time.Minute

// heard looks through what has happened to somebody until now.
func (c *liveGuest) heard(text string) bool {
	for {
		select {
		case e := <-c.events:
			if m, ok := e.(call.ChatReceived); ok && m.Message.Text == text {
				return true
			}
		default:
			return false
		}
	}
}

// meet lets one speak until the other hears it.
func meet(t testing.TB, timeout time.Duration, from, to *liveGuest) time.Duration {
	t.Helper()
	text := rand.Text()
	return eventually(t, "one hears the other", timeout, func() bool {
		_, _ = from.session.SendChat(t.Context(), text) // again, if it fails
		return to.heard(text)
	})
}

// enterWithin joins as soon as the door and LiveKit let somebody in.
func (s *testServer) enterWithin(timeout time.Duration, link call.Link, g guest) *liveGuest {
	s.t.Helper()
	var c *liveGuest
	eventually(s.t, "somebody new comes in", timeout, func() bool {
		var err error
		c, err = s.tryEnter(link, g)
		return err == nil
	})
	return c
}

// refusesFor checks that a door says that LiveKit is away; requests are bounded.
func (s *testServer) refusesFor(g guest, link call.Link, token string) {
	s.t.Helper()
	if _, refusal, status := s.join(g.request(s.t, link)); refusal.Code != doorapi.CodeServerSilent {
		s.t.Errorf("join meanwhile: %d %+v", status, refusal)
	}
	if w, status, err := s.dial(token, ""); err == nil || status != http.StatusBadGateway {
		if err == nil {
			_ = w.conn.Close()
		}
		s.t.Errorf("connect meanwhile: %d %v", status, err)
	}
}

// save lets Redis keep what it has when it dies, as docs/scaling.md wants it.
func (c *cluster) save(t testing.TB) {
	t.Helper()
	conn, err := net.Dial("tcp", c.redis.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "SAVE\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); strings.TrimSpace(line) != "+OK" {
		t.Fatal(line, err)
	}
}

// TestO6_RedisDies: who is in goes on talking, nobody new comes in and is told
// so, and when Redis is back, everybody and everything is.
func TestO6_RedisDies(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1) // with more, LiveKit may open the room twice: docs/scaling.md
	s := c.door(t, 0, func(*Config) {})
	link, carl := s.invite(nil), newGuest(t, "carl")
	anna, ben, token := s.enter(link, newGuest(t, "anna")), s.enter(link, newGuest(t, "ben")), s.mustJoin(carl, link).Token
	s.kept()
	meet(t, waitTimeout, anna, ben)
	meet(t, waitTimeout, ben, anna)
	c.save(t)
	c.redis.Kill()
	anna.say("meanwhile")
	ben.hears("meanwhile")
	s.refusesFor(carl, link, token)
	if err := c.redis.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := s.enterWithin(outageTimeout, link, carl)
	for _, other := range []*liveGuest{anna, ben} {
		meet(t, outageTimeout, other, late)
		meet(t, outageTimeout, late, other)
	}
	eventually(t, "everybody is listed", outageTimeout, func() bool { return slices.Equal(s.inRoom("hall"), []string{"anna", "ben", "carl"}) })
	if got := s.history("hall", ""); !slices.Contains(got, "meanwhile") {
		t.Errorf("history %v", got)
	}
	s.mustDo(call.OpRemove, "", people("hall", "ben"), call.ResultDone)
	if e := ben.ends(); e.Reason != call.ReasonRemoved {
		t.Errorf("ben: %+v", e)
	}
}

// TestO6_NodeDies: a room's node is killed. A client with another way is back in the
// room, on the other node; the other door keeps it; and when the node is back, its
// door works again.
func TestO6_NodeDies(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	node := livekit.NewRoomServiceProtobufClient(c.nodes[0].url, &http.Client{
		Timeout: waitTimeout, Transport: &adminTransport{clusterKey(), http.DefaultTransport},
	})
	if _, err := node.CreateRoom(t.Context(), &livekit.CreateRoomRequest{Name: "hall", EmptyTimeout: 300}); err != nil {
		t.Fatal(err) // which can be nowhere else
	}
	c.add(t)
	a, b := twoDoors(t, c)
	link := a.invite(nil)
	toA, toB, both := at(a, link), at(b, link), link
	both.Hosts = slices.Concat(toA.Hosts, toB.Hosts)
	a.enter(toA, newGuest(t, "zoe"))
	a.kept()
	anna, ben := a.enter(both, newGuest(t, "anna")), b.enter(toB, newGuest(t, "ben"))
	meet(t, waitTimeout, anna, ben)
	meet(t, waitTimeout, ben, anna)
	dora := newGuest(t, "dora")
	token := a.mustJoin(dora, toA).Token
	c.nodes[0].kill()
	a.refusesFor(dora, toA, token)
	t.Logf("the room is whole again after %v", meet(t, outageTimeout, anna, ben)+meet(t, outageTimeout, ben, anna))
	t.Logf("and kept after %v more", eventually(t, "the other door keeps the room", outageTimeout, func() bool {
		return strings.Contains(b.log.String(), "room is kept")
	}))
	said := anna.say("on the other node")
	eventually(t, "it is stored", waitTimeout, func() bool { return slices.Contains(b.history("hall", ""), said.Text) })
	for i := range 4 { // whichever door is asked first
		if _, err := a.tryEnter(both, newGuest(t, fmt.Sprint("guest-", i))); err != nil {
			t.Errorf("join where one of two doors works: %v", err)
		}
	}
	c.nodes[0].start(t)
	late := a.enterWithin(outageTimeout, toA, dora)
	meet(t, outageTimeout, anna, late)
	meet(t, outageTimeout, late, ben)
}
