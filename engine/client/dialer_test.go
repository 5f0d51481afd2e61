package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

func TestDoorJoin(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	var authorization string
	s.script = func(c *scriptConn) {
		authorization = c.r.Header.Get("Authorization")
		c.sendJoin()
		c.drain()
	}
	req := s.invite(t)
	// Other addresses do not answer, refuse, or are somebody else's.
	other := newScripted(t, false)
	req.Link.Hosts = append([]string{silentServer(t), "127.0.0.1:1", other.Listener.Addr().String()}, req.Link.Hosts...)
	c := join(t, req, nil)
	roster, _, _ := wait[call.RosterReplaced](c, 0, "roster", nil)
	if roster.Title != "The title" || roster.Self.SID != "PA_ada" || roster.SessionID != "RM_1" {
		t.Errorf("roster: %+v", roster)
	}
	if len(s.joins) != 1 || s.joins[0].Verify(req.Link.Fingerprint) != nil || s.joins[0].Secret != "secret" || s.joins[0].Existing {
		t.Errorf("door heard %+v", s.joins)
	}
	if authorization != "Bearer a.b.c" {
		t.Errorf("authorization %q", authorization)
	}
}

func TestWrongCertificate(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	req := s.invite(t)
	req.Link.Fingerprint[0] ^= 1
	if err := dial(t, t.Context(), req, quick); !errors.Is(err, call.ErrWrongServer) {
		t.Errorf("got %v", err)
	}
	if len(s.joins) != 0 {
		t.Error("the wrong server was told the secret")
	}
}

func TestJ6_J7_DoorRefusals(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	until := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
	banned, _ := doorapi.ErrorFrom(&call.BannedError{Until: until, Text: "enough"})
	for _, test := range []struct {
		name   string
		status int
		body   any
		want   error
	}{
		{"expired", 410, doorapi.Error{Code: doorapi.CodeInviteExpired}, call.ErrInviteExpired},
		{"refused", 403, doorapi.Error{Code: doorapi.CodeInviteRefused}, call.ErrInviteRefused},
		{"no room", 404, doorapi.Error{Code: doorapi.CodeNoSuchRoom}, call.ErrNoSuchRoom},
		{"full", 409, doorapi.Error{Code: doorapi.CodeRoomFull}, call.ErrRoomFull},
		{"locked", 423, doorapi.Error{Code: doorapi.CodeRoomLocked}, call.ErrRoomLocked},
		{"taken", 409, doorapi.Error{Code: doorapi.CodeIdentityTaken}, call.ErrIdentityTaken},
		{"tries", 429, doorapi.Error{Code: doorapi.CodeTooManyTries}, call.ErrTooManyTries},
		{"guests", 429, doorapi.Error{Code: doorapi.CodeTooManyGuests}, call.ErrTooManyGuests},
		{"stopping", 503, doorapi.Error{Code: doorapi.CodeServerStopping}, call.ErrServerStopping},
		{"bad", 400, doorapi.Error{Code: doorapi.CodeBadRequest}, call.ErrBadArgument},
		{"clock", 400, doorapi.Error{Code: doorapi.CodeClock}, call.ErrClock},
		{"clock twice", 400, doorapi.Error{Code: doorapi.CodeClock, Time: 1}, call.ErrClock},
		{"used", 409, doorapi.Error{Code: doorapi.CodeJoinUsed}, call.ErrJoinUsed},
		{"unknown", 418, doorapi.Error{Code: "teapot"}, call.ErrRefused},
		{"not a door", 404, "page not found", call.ErrServerGarbage},
		{"no token", 200, doorapi.JoinAnswer{}, call.ErrServerGarbage},
		{"token with a line break", 200, doorapi.JoinAnswer{Token: "a\r\nb"}, call.ErrServerGarbage},
		{"too long", 200, doorapi.JoinAnswer{Token: strings.Repeat("x", doorapi.MaxBody)}, call.ErrServerGarbage},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.set(func() { s.door = answerDoor(test.status, test.body) })
			if err := dial(t, t.Context(), s.invite(t), quick); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	s.set(func() { s.door = answerDoor(banned.Status(), banned) })
	var ban *call.BannedError
	if err := dial(t, t.Context(), s.invite(t), quick); !errors.As(err, &ban) || !ban.Until.Equal(until) || ban.Text != "enough" {
		t.Errorf("banned: %v, %+v", err, ban)
	}
}

func TestUpgradeRefusals(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	for _, test := range []struct {
		status int
		body   string
		want   error
	}{
		{401, "invalid token", call.ErrTokenRefused},
		{403, "no", call.ErrRefused},
		{404, "requested room does not exist", call.ErrNoSuchRoom},
		{500, "could not start session: connection closed by media", call.ErrRoomFull},
		{500, "oops", call.ErrRefused},
		{503, "limits", call.ErrRefused},
		{502, "", call.ErrUnreachable},
		{403, `{"error":"banned","text":"out"}`, &call.BannedError{Text: "out"}},
		{301, "", call.ErrServerGarbage},
		{200, "hello", call.ErrServerGarbage},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.body), func(t *testing.T) {
			s.set(func() {
				s.rtc = func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(test.status)
					_, _ = w.Write([]byte(test.body))
				}
			})
			err := dial(t, t.Context(), s.plain(), quick)
			var ban *call.BannedError
			if wanted := errors.As(test.want, &ban); wanted {
				if ban = nil; !errors.As(err, &ban) || ban.Text != "out" {
					t.Errorf("got %v", err)
				}
			} else if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), "a.b.c") {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}

func TestFallsBackToTwoConnections(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	s.script = func(c *scriptConn) { c.sendJoin(); c.drain() }
	s.rtc = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/rtc/v1" {
			http.NotFound(w, r)
			return
		}
		s.set(func() { s.rtc = nil })
		s.serveRTC(w, r)
	}
	c := join(t, s.plain(), nil)
	var two bool
	if err := c.ask(t.Context(), func() error { two = c.transport.Sub != nil && c.credentials.dual; return nil }); err != nil || !two {
		t.Errorf("two connections: %v, %v", two, err)
	}
}

func TestJoinFailures(t *testing.T) {
	noLeaks(t)
	say := func(messages ...*livekit.SignalResponse) func(*scriptConn) {
		return func(c *scriptConn) {
			for _, m := range messages {
				c.send(m)
			}
			c.drain()
		}
	}
	for _, test := range []struct {
		name   string
		script func(*scriptConn)
		want   error
	}{
		{"garbage", func(c *scriptConn) { _ = c.WriteMessage(websocket.BinaryMessage, []byte("\xff\xff\xff")); c.drain() }, call.ErrServerGarbage},
		{"text", func(c *scriptConn) { _ = c.WriteMessage(websocket.TextMessage, []byte("{}")); c.drain() }, call.ErrServerGarbage},
		{"too long", func(c *scriptConn) {
			_ = c.WriteMessage(websocket.BinaryMessage, make([]byte, 4<<20+1))
			c.drain()
		}, call.ErrServerGarbage},
		{"another message", say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Pong{Pong: 1}}), call.ErrServerGarbage},
		{"empty message", say(&livekit.SignalResponse{}), call.ErrServerGarbage},
		{"empty join", say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{}}}), call.ErrServerGarbage},
		{"reconnect", say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Reconnect{Reconnect: &livekit.ReconnectResponse{}}}), call.ErrServerGarbage},
		{"leave", say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_JOIN_FAILURE}}}), call.ErrRefused},
		{"hangs up", func(*scriptConn) {}, call.ErrUnreachable},
		{"silence", func(c *scriptConn) { c.drain() }, call.ErrServerSilent},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScripted(t, false)
			s.script = test.script
			change := quick
			if errors.Is(test.want, call.ErrServerSilent) {
				change = unheard
			}
			if err := dial(t, t.Context(), s.plain(), change); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestUnreachableAndSilent(t *testing.T) {
	noLeaks(t)
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { garbage.Close() })
	go func() {
		for {
			conn, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("SSH-2.0-what\r\n\r\n"))
			conn.Close()
		}
	}()
	secure := newScripted(t, true)
	for name, test := range map[string]struct {
		host   string
		change func(*Dialer)
		want   error
	}{
		"refused": {"127.0.0.1:1", quick, call.ErrUnreachable},
		"silent":  {silentServer(t), unheard, call.ErrServerSilent},
		"garbage": {garbage.Addr().String(), quick, call.ErrServerGarbage},
	} {
		t.Run(name, func(t *testing.T) {
			plain := call.JoinRequest{Link: call.Link{URL: "ws://" + test.host, Token: "a.b.c"}}
			if err := dial(t, t.Context(), plain, test.change); !errors.Is(err, test.want) {
				t.Errorf("plain: got %v, want %v", err, test.want)
			}
			invite := secure.invite(t)
			invite.Link.Hosts, invite.Waits = []string{test.host}, true
			start := time.Now()
			if err := dial(t, t.Context(), invite, test.change); !errors.Is(err, test.want) {
				t.Errorf("invite: got %v, want %v", err, test.want)
			}
			if took := time.Since(start); took > doorapi.Hold/2 {
				t.Errorf("invite: a server that has let nobody wait is waited for %v", took)
			}
		})
	}
}

// TestJ8_CancelIsImmediate is contract J8: a cancelled join returns at once,
// whatever the server does.
func TestJ8_CancelIsImmediate(t *testing.T) {
	noLeaks(t)
	silent := silentServer(t)
	secure := newScripted(t, true)
	released := make(chan struct{})
	secure.door = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	mute := newScripted(t, false)
	mute.script = func(c *scriptConn) { c.drain() }
	defer close(released)
	invite, lost := secure.invite(t), secure.invite(t)
	lost.Link.Hosts = []string{silent}
	for name, req := range map[string]call.JoinRequest{
		"no upgrade":  {Link: call.Link{URL: "ws://" + silent, Token: "a.b.c"}},
		"no tls":      {Link: call.Link{URL: "wss://" + silent, Token: "a.b.c"}},
		"door sleeps": invite,
		"door is out": lost,
		"no join":     mute.plain(),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(50*time.Millisecond, cancel)
			defer timer.Stop()
			start := time.Now()
			_, err := tryJoin(t, ctx, req, nil)
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
			if !errors.Is(err, call.ErrCancelled) {
				t.Errorf("got %v", err)
			}
		})
	}
}
