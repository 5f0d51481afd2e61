package host

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/connwatch"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/register"
)

// liveGuest is somebody with Foyer's own client.
type liveGuest struct {
	t       testing.TB
	session call.Session
	events  chan call.SessionEvent
}

// enter joins a room through the door.
func (s *testServer) enter(link call.Link, g guest) *liveGuest {
	s.t.Helper()
	c, err := s.tryEnter(link, g)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *testServer) tryEnter(link call.Link, g guest) (*liveGuest, error) {
	c := &liveGuest{t: s.t, events: make(chan call.SessionEvent, 1<<14)}
	session, err := s.tryLive(call.JoinRequest{Link: link, Identity: g.id, Name: "Guest " + string(g.id), Key: g.key},
		func(e call.SessionEvent) { c.events <- e })
	c.session = session
	return c, err
}

// live joins with Foyer's own client until the test ends.
func (s *testServer) live(req call.JoinRequest, take func(call.SessionEvent)) call.Session {
	s.t.Helper()
	session, err := s.tryLive(req, take)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

func (s *testServer) tryLive(req call.JoinRequest, take func(call.SessionEvent)) (call.Session, error) {
	dialer := client.New(client.Config{})
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	session, err := dialer.Dial(ctx, req, take)
	s.t.Cleanup(func() {
		if err == nil {
			_ = session.Close()
		}
		ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
		defer cancel()
		if err := dialer.Wait(ctx); err != nil {
			s.t.Errorf("client: %v", err)
		}
	})
	return session, err
}

// await returns the first event that is wanted.
func (c *liveGuest) await(what string, want func(call.SessionEvent) bool) call.SessionEvent {
	c.t.Helper()
	timeout := time.After(waitTimeout)
	for {
		select {
		case e := <-c.events:
			if want(e) {
				return e
			}
		case <-timeout:
			c.t.Fatalf("no %s", what)
		}
	}
}

func (c *liveGuest) say(text string) call.ChatMessage {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	m, err := c.session.SendChat(ctx, text)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *liveGuest) hears(text string) call.ChatMessage {
	c.t.Helper()
	e := c.await("message "+text, func(e call.SessionEvent) bool {
		m, ok := e.(call.ChatReceived)
		return ok && m.Message.Text == text
	})
	return e.(call.ChatReceived).Message
}

var eventually = hosttest.Eventually

// history reads a room's chat with the admin key.
func (s *testServer) history(room, after string) []string {
	s.t.Helper()
	var answer doorapi.ChatAnswer
	refusal, status := s.do(call.OpChat, "", doorapi.ChatRequest{Room: doorapi.RoomParameter(room), After: after}, &answer)
	if status != http.StatusOK {
		s.t.Fatalf("chat: %d %+v", status, refusal)
	}
	texts := []string{}
	for _, m := range answer.Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

func (s *testServer) presence(room string, id call.Identity) call.Presence {
	s.t.Helper()
	var answer doorapi.MembersAnswer
	if refusal, status := s.do(call.OpMembers, "", doorapi.RoomRequest{Room: doorapi.RoomParameter(room)}, &answer); status != http.StatusOK {
		s.t.Fatalf("members: %d %+v", status, refusal)
	}
	for _, m := range answer.Members {
		if m.ID == id {
			return m.Presence
		}
	}
	return ""
}

// kept waits until the keeper is in the room.
func (s *testServer) kept() { s.t.Helper(); s.log.Wait(s.t, "room is kept") }

// TestChatThroughTheDoor: what members and the host's tools say is heard, and latecomers
// read it, in order and once.
func TestChatThroughTheDoor(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna := s.enter(link, newGuest(t, "anna"))
	ben := s.enter(link, newGuest(t, "ben"))
	s.kept()
	var want []string
	for i := range 30 {
		text := fmt.Sprint("message ", i)
		anna.say(text)
		ben.hears(text)
		want = append(want, text)
	}
	answer, err := ben.session.Chat(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range answer.Messages {
		if m.Text != want[i] || m.From != "anna" || m.Name != "Guest anna" || m.Seq == 0 || time.Since(m.At) > waitTimeout {
			t.Errorf("line %d: %+v", i, m)
		}
	}
	if len(answer.Messages) != len(want) {
		t.Fatalf("%d lines, want %d", len(answer.Messages), len(want))
	}
	var said doorapi.ChatRow
	if refusal, status := s.do(call.OpSay, "", doorapi.SayRequest{Room: "hall", Text: "from the host"}, &said); status != http.StatusOK {
		t.Fatalf("say: %d %+v", status, refusal)
	}
	if m := ben.hears("from the host"); m.From != "" || m.ID != said.ID {
		t.Errorf("heard %+v, said %+v", m, said)
	}
	anna.hears("from the host")
	if got := s.history("hall", ""); !slices.Equal(got, append(want, "from the host")) {
		t.Errorf("history %v", got)
	}
	if got := s.history("hall", said.ID); len(got) == 0 || got[len(got)-1] != "from the host" {
		t.Errorf("after the last: %v", got)
	}
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"anna", "ben"}) {
		t.Errorf("in the room: %v", got) // and no keeper to be seen
	}
}

// TestChatIsForMembers: nobody else reads it, and only the host's tools speak
// without a name.
func TestChatIsForMembers(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	other := s.invite(func(r *doorclient.InviteRequest) { r.Room = "other" })
	token := s.mustJoin(newGuest(t, "anna"), link).Token
	s.mustDial(token)
	for name, tt := range map[string]struct {
		op     call.Operation
		bearer string
		body   any
		want   doorapi.Code
	}{
		"another room's member": {call.OpChat, s.mustJoin(newGuest(t, "ben"), other).Token, doorapi.ChatRequest{Room: "hall"}, doorapi.CodeForbidden},
		"no token":              {call.OpChat, "wrong", doorapi.ChatRequest{Room: "hall"}, doorapi.CodeUnauthorized},
		"say as a member":       {call.OpSay, token, doorapi.SayRequest{Room: "hall", Text: "x"}, doorapi.CodeForbidden},
		"say nothing":           {call.OpSay, "", doorapi.SayRequest{Room: "hall"}, doorapi.CodeBadRequest},
		"say too much":          {call.OpSay, "", doorapi.SayRequest{Room: "hall", Text: string(make([]byte, call.MaxChat+1))}, doorapi.CodeBadRequest},
		"say nowhere":           {call.OpSay, "", doorapi.SayRequest{Room: "nowhere", Text: "x"}, doorapi.CodeNoSuchRoom},
		"read nowhere":          {call.OpChat, "", doorapi.ChatRequest{Room: "nowhere"}, doorapi.CodeNoSuchRoom},
	} {
		if refusal, status := s.do(tt.op, tt.bearer, tt.body, &struct{}{}); refusal.Code != tt.want {
			t.Errorf("%s: %d %+v, want %s", name, status, refusal, tt.want)
		}
	}
}

// TestO4_LostAndBack: a connection that breaks is told at once, again and again,
// its resumption, too. The best round is held to the bound, see inTime.
func TestO4_LostAndBack(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(nil)
	ben := s.enter(link, newGuest(t, "ben"))
	wire := newLine(t, link.Hosts[0])
	link.Hosts = []string{wire.address()}
	s.enter(link, newGuest(t, "anna")).await("connection", func(e call.SessionEvent) bool {
		_, ok := e.(call.RosterReplaced)
		return ok
	})
	ben.await("anna", func(e call.SessionEvent) bool { _, ok := e.(call.ParticipantJoined); return ok })
	s.kept()
	ben.say("hello") // from now on he hears what the door tells
	best := waitTimeout
	for round := 0; round < 3 || best > time.Second && round < maxRounds; round++ {
		began := time.Now()
		wire.cut(true) // as the system does with the sockets of a process that was killed
		ben.await("loss", marked(true))
		took := time.Since(began)
		t.Logf("lost after %v", took)
		best = min(best, took)
		began = time.Now()
		wire.cut(false)
		ben.await("return", marked(false))
		t.Logf("back after %v", time.Since(began))
	}
	if best > time.Second {
		t.Errorf("lost after %v at best", best)
	}
}

// guestMain joins as "guest" and stays until it is killed.
func guestMain() int {
	link, err := call.ParseLink(os.Args[1])
	_, key, _ := ed25519.GenerateKey(nil)
	if err == nil {
		_, err = client.New(client.Config{}).Dial(context.Background(),
			call.JoinRequest{Link: link, Identity: "guest", Name: "Guest", Key: key}, func(call.SessionEvent) {})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

// TestO1_KilledAndRemoved: somebody's process is killed. The others know soon, see
// TestO4_LostAndBack; LiveKit gives up after 20 s, and then the 31st message removes the
// member, for good and with the reason.
func TestO1_KilledAndRemoved(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna := s.enter(link, newGuest(t, "anna"))
	guest, _ := spawn(t, roleGuest, link.String())
	eventually(t, "guest is online", waitTimeout, func() bool { return s.member("hall", "guest").Presence == call.PresenceOnline })
	anna.await("guest", func(e call.SessionEvent) bool { _, ok := e.(call.ParticipantJoined); return ok })
	s.kept()
	anna.say("hello") // from now on she hears what the door tells
	began := time.Now()
	guest.kill()
	anna.await("loss", marked(true))
	told := time.Since(began)
	eventually(t, "guest is offline", 40*time.Second, func() bool { return s.member("hall", "guest").Presence == call.PresenceOffline })
	t.Logf("lost after %v, offline after %v", told, time.Since(began))
	for range 30 {
		anna.say("are you there?")
	}
	if m := s.member("hall", "guest"); m.Generation != 1 || m.Presence != call.PresenceOffline {
		t.Fatalf("after 30 messages: %+v", m)
	}
	anna.say("the 31st")
	took := eventually(t, "guest is removed", waitTimeout, func() bool { return s.member("hall", "guest").Generation == 2 })
	t.Logf("removed %v after the 31st message", took)
	if m := s.member("hall", "guest"); m.Verdict.Reason != call.ReasonOfflineRemoved {
		t.Errorf("%+v", m)
	}
	if n := len(s.history("hall", "")); n != 32 {
		t.Errorf("%d messages", n)
	}
}

// line is a connection to a server that can be cut.
type line struct {
	t       testing.TB
	l       net.Listener
	mu      sync.Mutex
	to      string
	isCut   bool
	conns   map[net.Conn]bool
	working sync.WaitGroup
}

func newLine(t testing.TB, to string) *line {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{t: t, l: l, to: to, conns: map[net.Conn]bool{}}
	n.working.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close()
		n.cut(true)
		n.working.Wait()
	})
	return n
}

func (n *line) address() string { return n.l.Addr().String() }

func (n *line) accept() {
	for {
		in, err := n.l.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		to := n.to
		n.mu.Unlock()
		out, err := net.Dial("tcp", to)
		if err != nil || !n.add(in, out) {
			_ = in.Close()
			if out != nil {
				_ = out.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			n.working.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
				_ = pair[1].Close()
			})
		}
	}
}

func (n *line) add(conns ...net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range conns {
		n.conns[c] = true
	}
	return !n.isCut
}

// cut ends everything and takes nothing new, until it is called with false.
func (n *line) cut(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.isCut = cut
	if cut {
		for c := range n.conns {
			_ = c.Close()
		}
		clear(n.conns)
	}
}

// leadTo lets new connections end at another server.
func (n *line) leadTo(to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.to = to
}

// marked is the news that somebody is lost or is not.
func marked(lost bool) func(call.SessionEvent) bool {
	return func(e call.SessionEvent) bool {
		u, ok := e.(call.ParticipantUpdated)
		return ok && u.Participant.Lost == lost
	}
}

// TestO4_NeverFalselyLost: not for a leave, a resumption, a device that takes
// over, or a removal.
func TestO4_NeverFalselyLost(t *testing.T) {
	s := startServer(t, noLimits)
	link := s.invite(nil)
	ben := s.enter(link, newGuest(t, "ben"))
	anna := newGuest(t, "anna")
	for range 3 {
		one := s.enter(link, anna)
		two := s.enter(link, anna) // ends the first
		if err := two.session.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		_ = one.session.Close()
		_ = two.session.Close()
		token := s.mustJoin(anna, link).Token
		w, join := s.mustDial(token)
		again, _, err := s.dial(token, "&reconnect=1&sid="+join.GetParticipant().GetSid())
		if err != nil {
			t.Fatal(err)
		}
		_ = w.conn.Close() // superseded
		s.mustDo(call.OpRemove, "", people("hall", "anna"), call.ResultDone)
		_ = again.conn.Close()
	}
	<-time.After(2 * connwatch.LostAfter) // nothing comes: that is what is tested
	for {
		select {
		case e := <-ben.events:
			if marked(true)(e) {
				t.Fatalf("falsely lost: %+v\n%s", e, s.log)
			}
			continue
		default:
		}
		return
	}
}

// TestL4_PresenceOfLeavers: who leaves is gone; whose connection dies is offline
// when LiveKit gives up, and comes back as the same member.
func TestL4_PresenceOfLeavers(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, ben := s.enter(link, newGuest(t, "anna")), s.enter(link, newGuest(t, "ben"))
	eventually(t, "anna is online", waitTimeout, func() bool { return s.member("hall", "anna").Presence == call.PresenceOnline })
	if err := anna.session.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := eventually(t, "anna is gone", waitTimeout, func() bool { return s.member("hall", "anna").Presence == call.PresenceGone })
	t.Logf("gone after %v", took)
	if s.presence("hall", "ben") != call.PresenceOnline {
		t.Error("ben is not online")
	}
	_ = ben
}

// member reads the register of a server that runs.
func (s *testServer) member(room call.RoomID, id call.Identity) register.Member {
	s.t.Helper()
	if s.reg == nil {
		reg, err := register.Open(context.Background(), s.database)
		if err != nil {
			s.t.Fatal(err)
		}
		s.reg = reg
		s.t.Cleanup(func() { _ = reg.Close() })
	}
	m, err := s.reg.Member(context.Background(), room, id)
	if err != nil && !errors.Is(err, register.ErrNotFound) {
		s.t.Fatal(err)
	}
	return m
}
