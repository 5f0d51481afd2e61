package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

func TestO9_RemovedWhileReconnecting(t *testing.T) {
	noLeaks(t)
	out := &call.PutOutError{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}
	refusal, _ := doorapi.ErrorFrom(out)
	for name, action := range map[string]livekit.LeaveRequest_Action{
		"resume": livekit.LeaveRequest_RESUME, "anew": livekit.LeaveRequest_RECONNECT,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, true)
			s.door = answerDoor(http.StatusOK, doorapi.JoinAnswer{Token: "a.b.c", Generation: 7, Role: call.RoleCoHost, Rules: call.RoomRules{Locked: true}})
			s.script = func(c *scriptConn) {
				c.sendJoin()
				s.set(func() {
					s.door = answerDoor(refusal.Status(), refusal)
					s.rtc = answerDoor(refusal.Status(), refusal)
				})
				c.send(leaveMessage(livekit.DisconnectReason_UNKNOWN_REASON, action))
				c.drain()
			}
			c := join(t, s.invite(t), quick)
			first, _, _ := wait[call.RosterReplaced](c, 0, "roster", nil)
			if first.Standing.Role != call.RoleCoHost || !first.Standing.Rules.Locked {
				t.Errorf("standing: %+v", first.Standing)
			}
			ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
			if ended.Reason != out.Reason || ended.By != out.By || ended.Text != out.Text {
				t.Errorf("ended: %+v", ended)
			}
			s.set(func() {
				wantRequests, wantEntries := 1, 2
				if action == livekit.LeaveRequest_RECONNECT {
					wantRequests, wantEntries = 2, 1
					if g := s.joins[1]; g.Generation != 7 || !g.Existing {
						t.Errorf("rejoin: %+v", g)
					}
				}
				if len(s.joins) != wantRequests || len(s.paths) != wantEntries {
					t.Errorf("%d knocks, entries %v: it bounces back", len(s.joins), s.paths)
				}
			})
		})
	}
}

func TestAdmitAndDialAskOnce(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	s.script = func(c *scriptConn) { c.sendJoin(); c.drain() }
	d := New(Config{Log: testLog(t)})
	req := s.invite(t)
	a, err := d.Admit(t.Context(), req)
	if err != nil || a.Host != req.Link.Hosts[0] || a.Token != "a.b.c" {
		t.Fatalf("admission %+v, %v", a, err)
	}
	if len(s.paths) != 0 {
		t.Error("Admit has joined")
	}
	req.Admission = &a
	join(t, req, quick).Close()
	s.set(func() {
		if len(s.joins) != 1 || len(s.paths) != 1 {
			t.Errorf("%d knocks, entries %v", len(s.joins), s.paths)
		}
	})
	plain := call.JoinRequest{Link: call.Link{URL: "ws://127.0.0.1:1", Token: "x.y.z"}}
	if a, err := d.Admit(t.Context(), plain); err != nil || a.Token != "x.y.z" {
		t.Errorf("plain: %+v, %v", a, err)
	}
	s.set(func() { s.door = answerDoor(http.StatusLocked, doorapi.Error{Code: doorapi.CodeRoomLocked}) })
	if _, err := d.Admit(t.Context(), s.invite(t)); !errors.Is(err, call.ErrRoomLocked) {
		t.Errorf("locked: %v", err)
	}
}

// TestJoinConnections: a join takes one connection to the door, over which the
// WebSocket follows the answer. A door that closes it, or an idle one without a
// word, costs a second one, which resumes the TLS session of the first.
func TestJoinConnections(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  func(http.ResponseWriter)
		resumes bool
	}{
		{name: "kept", answer: func(http.ResponseWriter) {}},
		{name: "closed", answer: func(w http.ResponseWriter) { w.Header().Set("Connection", "close") }, resumes: true},
		{name: "closed without a word", answer: closeAfterAnswer, resumes: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeaks(t)
			s := newScripted(t, true)
			asked, entered := make(chan string, 1), make(chan *http.Request, 1)
			s.door = func(w http.ResponseWriter, r *http.Request) {
				asked <- r.RemoteAddr
				test.answer(w)
				answerDoor(http.StatusOK, doorapi.JoinAnswer{Token: "a.b.c"})(w, r)
			}
			s.script = func(c *scriptConn) { entered <- c.r; c.sendJoin(); c.drain() }
			session, err := New(Config{Log: testLog(t)}).Dial(t.Context(), s.invite(t), func(call.SessionEvent) {})
			if err != nil {
				t.Fatal(err)
			}
			r := <-entered
			if same := r.RemoteAddr == <-asked; same == test.resumes {
				t.Errorf("the same connection: %v", same)
			}
			if r.TLS.DidResume != test.resumes {
				t.Errorf("resumed: %v, want %v", r.TLS.DidResume, test.resumes)
			}
			if err := session.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// closeAfterAnswer ends a connection that its answer says to keep.
func closeAfterAnswer(w http.ResponseWriter) {
	const body = `{"token":"a.b.c"}`
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	fmt.Fprintf(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	_ = out.Flush()
	_ = conn.Close()
}

// TestOtherPinAtTheSameAddress: a TLS session that could be resumed does not make
// a server trusted.
func TestOtherPinAtTheSameAddress(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	s.script = func(c *scriptConn) { c.sendJoin(); c.drain() }
	d := New(Config{Log: testLog(t)})
	req := s.invite(t)
	session, err := d.Dial(t.Context(), req, func(call.SessionEvent) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	req.Link.Fingerprint[0]++
	if _, err := d.Dial(t.Context(), req, func(call.SessionEvent) {}); !errors.Is(err, call.ErrWrongServer) {
		t.Errorf("another pin: %v", err)
	}
}

func TestDoorOperations(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	s.script = func(c *scriptConn) {
		c.sendJoin()
		c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: "d.e.f"}})
		c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{
			Participants: []*livekit.ParticipantInfo{info("bob", "PA_b", 1)}, // the token came before
		}}})
		c.drain()
	}
	s.api = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer d.e.f" {
			t.Errorf("%s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		switch r.URL.Path {
		case "/foyer/v1/chat":
			var req doorapi.ChatRequest
			if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.Room != "room" || req.After != "last" {
				t.Errorf("asked %+v, %v", req, err)
			}
			answerDoor(http.StatusOK, doorapi.ChatAnswer{More: true, Messages: []doorapi.ChatRow{
				{ChatMessage: call.ChatMessage{ID: "1", From: "bob", Text: "hi\u202e", Seq: 9}, Time: 5000},
				{ChatMessage: call.ChatMessage{ID: "2", From: "bob"}},
			}})(w, r)
		case "/foyer/v1/ban":
			answerDoor(http.StatusForbidden, doorapi.Error{Code: doorapi.CodeForbidden})(w, r)
		default:
			http.NotFound(w, r)
		}
	}
	c := join(t, s.invite(t), quick)
	wait(c, 0, "token refreshed", func(e call.ParticipantJoined) bool { return e.Participant.Identity == "bob" })
	got, err := c.Chat(t.Context(), "last")
	if err != nil || !got.More || len(got.Messages) != 1 || got.Messages[0].Text != "hi" || got.Messages[0].At.UnixMilli() != 5000 {
		t.Errorf("chat: %+v, %v", got, err)
	}
	var people doorapi.PeopleAnswer
	if err := c.Moderate(t.Context(), call.OpBan, doorapi.PeopleRequest{IDs: []call.Identity{"bob"}}, &people); !errors.Is(err, call.ErrForbidden) {
		t.Errorf("ban: %v", err)
	}
	if err := c.Moderate(t.Context(), call.OpMute, doorapi.MuteRequest{All: true}, &people); !errors.Is(err, call.ErrServerGarbage) {
		t.Errorf("a door without that operation: %v", err)
	}
	plain := newScripted(t, false)
	plain.script = func(c *scriptConn) { c.sendJoin(); c.drain() }
	p := join(t, plain.plain(), quick)
	if _, err := p.Chat(t.Context(), ""); !errors.Is(err, call.ErrNoDoor) {
		t.Errorf("plain: %v", err)
	}
	p.Close()
	if _, err := c.SendChat(t.Context(), "\x07"); !errors.Is(err, call.ErrEmpty) {
		t.Errorf("nothing to say: %v", err)
	}
	c.Close()
	if err := c.Moderate(t.Context(), call.OpBan, doorapi.PeopleRequest{}, &people); !errors.Is(err, call.ErrNotInRoom) {
		t.Errorf("after the end: %v", err)
	}
}
