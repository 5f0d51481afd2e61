package client

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

func leaveMessage(reason livekit.DisconnectReason, action livekit.LeaveRequest_Action) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: reason, Action: action}}}
}

// TestK5_EveryDisconnectReason is contract K5 for the session: each of LiveKit's
// reasons ends it with a reason of its own, and exactly once.
func TestK5_EveryDisconnectReason(t *testing.T) {
	noLeaks(t)
	for number, name := range livekit.DisconnectReason_name {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, false)
			s.script = func(c *scriptConn) {
				c.sendJoin()
				c.send(leaveMessage(livekit.DisconnectReason(number), livekit.LeaveRequest_DISCONNECT))
				c.send(leaveMessage(livekit.DisconnectReason(number), livekit.LeaveRequest_DISCONNECT))
				c.drain()
			}
			c := join(t, s.plain(), quick)
			ended, _, n := wait[call.SessionEnded](c, 0, "end", nil)
			want := call.ReasonFromDisconnect(number)
			if number == int32(livekit.DisconnectReason_CLIENT_INITIATED) {
				want = call.ReasonOther(0) // a server cannot say that the user left
			}
			if ended.Reason != want {
				t.Errorf("reason %v, want %v", ended.Reason, want)
			}
			if err := c.Leave(t.Context()); err != nil {
				t.Errorf("leave after the end: %v", err)
			}
			c.Close()
			if c.events() != n {
				t.Errorf("events after the end: %s", describeEvents(c.seen()[n:]))
			}
		})
	}
}

// cut ends the connection as the door does after a violation of its limits.
func (c *scriptConn) cut(code int, text string) {
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	c.drain()
}

// A server that finds fault with what we send is tried once more, in case the
// network was slow. Then the stay ends with what it said.
func TestCutOffTwice(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	var joins atomic.Int32
	s.script = func(c *scriptConn) {
		joins.Add(1)
		c.sendJoin()
		c.cut(websocket.ClosePolicyViolation, "too many\nrequests")
	}
	c := join(t, s.plain(), quick)
	ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
	var cut *call.CutOffError
	if !errors.As(ended.Err, &cut) || cut.Text != "too many requests" || errors.Is(ended.Err, call.ErrConnectionLost) {
		t.Errorf("%v: %v", ended.Reason, ended.Err)
	}
	if ended.Reason != call.ReasonConnectionLost {
		t.Errorf("reason %v", ended.Reason)
	}
	if n := joins.Load(); n < 2 || n > 3 { // a resume may come between
		t.Errorf("%d connections", n)
	}
	c.Close()
}

func TestCutOffAtOnce(t *testing.T) {
	noLeaks(t)
	for code, want := range map[int]error{
		websocket.CloseProtocolError: call.ErrCutOff, websocket.CloseUnsupportedData: call.ErrCutOff,
		websocket.ClosePolicyViolation: call.ErrCutOff, websocket.CloseMessageTooBig: call.ErrCutOff,
		websocket.CloseNormalClosure: call.ErrRefused,
	} {
		s := newScripted(t, false)
		s.script = func(c *scriptConn) { c.cut(code, "") }
		if err := dial(t, t.Context(), s.plain(), quick); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", code, err, want)
		}
	}
}

func TestNoMedia(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	told := make(chan struct{})
	s.script = func(c *scriptConn) {
		c.sendJoin()
		if c.receive(func(m *livekit.SignalRequest) bool { return m.GetLeave() != nil }) {
			close(told)
		}
	}
	c := join(t, s.plain(), func(d *Dialer) { d.limits.media = 100 * time.Millisecond })
	ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
	if ended.Reason != call.ReasonMediaFailed || !errors.Is(ended.Err, call.ErrMediaBlocked) {
		t.Errorf("ended: %+v", ended)
	}
	select {
	case <-told:
	case <-time.After(patience):
		t.Error("the server was not told")
	}
}

// TestL7_LeaveFrozenServer is contract L7 for the session: it answers in the given
// time, and closes.
func TestL7_LeaveFrozenServer(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	frozen := make(chan struct{})
	s.script = func(c *scriptConn) { c.sendJoin(); <-frozen }
	defer close(frozen)
	c := join(t, s.plain(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := c.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("leave: %v", err)
	}
	c.Close()
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// TestL4_CloseTellsServer: a session that is closed without Leave says goodbye.
func TestL4_CloseTellsServer(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	told := make(chan bool, 1)
	s.script = func(c *scriptConn) {
		c.sendJoin()
		told <- c.receive(func(m *livekit.SignalRequest) bool {
			return m.GetLeave().GetReason() == livekit.DisconnectReason_CLIENT_INITIATED
		})
	}
	c := join(t, s.plain(), nil)
	for range 3 {
		c.Close()
	}
	if !<-told {
		t.Error("the server was not told")
	}
	if _, err := c.Publish(t.Context(), microphoneSpec()); !errors.Is(err, call.ErrNotInRoom) {
		t.Errorf("publish after close: %v", err)
	}
	if err := c.SendData(t.Context(), "x", nil); !errors.Is(err, call.ErrNotInRoom) {
		t.Errorf("data after close: %v", err)
	}
	if err := c.Leave(t.Context()); err != nil {
		t.Errorf("leave after close: %v", err)
	}
}

// TestO9_ReturnRefused is contract O9: a client that is refused when coming back hears
// why, and does not try for ever.
func TestO9_ReturnRefused(t *testing.T) {
	noLeaks(t)
	refuse := func(e doorapi.Error) func(*scripted) {
		return func(s *scripted) { s.set(func() { s.door = answerDoor(e.Status(), e) }) }
	}
	for _, test := range []struct {
		name   string
		change func(*scripted)
		reason call.LeaveReason
		err    error
	}{
		{"banned", refuse(doorapi.Error{Code: doorapi.CodeBanned, Text: "out"}), call.ReasonBanned, nil},
		{"dismissed", refuse(doorapi.Error{Code: doorapi.CodeNoSuchRoom}), call.ReasonRoomClosed, call.ErrNoSuchRoom},
		{"stopping", refuse(doorapi.Error{Code: doorapi.CodeServerStopping}), call.ReasonServerStopped, nil},
		{"revoked", refuse(doorapi.Error{Code: doorapi.CodeInviteRefused}), call.ReasonConnectionLost, call.ErrInviteRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScripted(t, true)
			cut := make(chan struct{})
			s.script = func(c *scriptConn) { c.sendJoin(); <-cut }
			c := join(t, s.invite(t), quick)
			test.change(s)
			s.set(func() { s.rtc = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) } })
			close(cut)
			wait[call.SessionReconnecting](c, 0, "reconnecting", nil)
			ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
			if ended.Reason != test.reason || (test.err != nil && !errors.Is(ended.Err, test.err)) {
				t.Errorf("ended: %+v", ended)
			}
			if test.reason == call.ReasonBanned && ended.Text != "out" {
				t.Errorf("text: %q", ended.Text)
			}
			if last := s.joins[len(s.joins)-1]; !last.Existing {
				t.Error("coming back would make the room anew")
			}
		})
	}
}

// TestO6_ReconnectingHasALimit: a server that only ever hangs up ends the session in
// time (contract O6), and Leave works meanwhile.
func TestO6_ReconnectingHasALimit(t *testing.T) {
	noLeaks(t)
	for name, script := range map[string]func(*scriptConn){
		"hangs up": func(*scriptConn) {},
		"garbage":  func(c *scriptConn) { _ = c.WriteMessage(websocket.BinaryMessage, []byte{0xff}) },
		"silence":  func(c *scriptConn) { c.drain() },
		"sent back": func(c *scriptConn) {
			c.send(leaveMessage(livekit.DisconnectReason_STATE_MISMATCH, livekit.LeaveRequest_RECONNECT))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, false)
			var tries atomic.Int32
			s.script = func(c *scriptConn) {
				if tries.Add(1) == 1 {
					c.sendJoin()
					return
				}
				script(c)
			}
			c := join(t, s.plain(), hasty)
			start := time.Now()
			ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
			if ended.Reason != call.ReasonConnectionLost || !errors.Is(ended.Err, call.ErrConnectionLost) {
				t.Errorf("ended: %+v", ended)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("took %v", took)
			}
			if tries.Load() < 3 {
				t.Errorf("%d tries", tries.Load())
			}
		})
	}
}

func TestO6_LeaveWhileReconnecting(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	var tries atomic.Int32
	s.script = func(c *scriptConn) {
		if tries.Add(1) == 1 {
			c.sendJoin()
			return
		}
		c.drain()
	}
	c := join(t, s.plain(), nil)
	wait[call.SessionReconnecting](c, 0, "reconnecting", nil)
	start := time.Now()
	if err := c.Leave(t.Context()); !errors.Is(err, call.ErrConnectionLost) {
		t.Errorf("leave: %v", err)
	}
	c.Close()
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// TestSilentServerIsNoticed: no answer to pings is a lost connection.
func TestSilentServerIsNoticed(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	pinged := make(chan struct{}, 8)
	s.script = func(c *scriptConn) {
		join := joinResponse()
		join.PingInterval, join.PingTimeout = 1, 2
		c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: join}})
		c.receive(func(m *livekit.SignalRequest) bool {
			if m.GetPingReq() != nil {
				pinged <- struct{}{}
			}
			return false
		})
	}
	c := join(t, s.plain(), nil)
	wait[call.SessionReconnecting](c, 0, "reconnecting", nil)
	if len(pinged) == 0 {
		t.Error("the server was not pinged")
	}
}

// TestNonsenseIsSurvived sends messages that no sane server sends, after the
// join; the session reconnects or goes on, and closes.
func TestNonsenseIsSurvived(t *testing.T) {
	noLeaks(t)
	for name, m := range map[string]*livekit.SignalResponse{
		"answer":       {Message: &livekit.SignalResponse_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: "v=nonsense", Id: 1}}},
		"other answer": {Message: &livekit.SignalResponse_Answer{Answer: &livekit.SessionDescription{Id: 77}}},
		"offer":        {Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: "x"}}},
		"trickle":      {Message: &livekit.SignalResponse_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: "{}"}}},
		"candidate":    {Message: &livekit.SignalResponse_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: `{"candidate":"candidate:1"}`}}},
		"sections":     {Message: &livekit.SignalResponse_MediaSectionsRequirement{MediaSectionsRequirement: &livekit.MediaSectionsRequirement{NumAudios: 1 << 30}}},
		"published":    {Message: &livekit.SignalResponse_TrackPublished{}},
		"update":       {Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{{}, {Sid: "x"}}}}},
		"speakers":     {Message: &livekit.SignalResponse_SpeakersChanged{SpeakersChanged: &livekit.SpeakersChanged{Speakers: []*livekit.SpeakerInfo{{Sid: "?"}}}}},
		"mute":         {Message: &livekit.SignalResponse_Mute{Mute: &livekit.MuteTrackRequest{Muted: true}}},
		"unpublished":  {Message: &livekit.SignalResponse_TrackUnpublished{}},
		"refusal":      {Message: &livekit.SignalResponse_RequestResponse{RequestResponse: &livekit.RequestResponse{Reason: livekit.RequestResponse_NOT_ALLOWED}}},
		"second join":  {Message: &livekit.SignalResponse_Join{Join: joinResponse()}},
		"nothing":      {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, false)
			s.script = func(c *scriptConn) { c.sendJoin(); c.send(m); c.send(m); c.drain() }
			c := join(t, s.plain(), quick)
			wait[call.RosterReplaced](c, 0, "roster", nil)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_ = c.Leave(ctx)
			c.Close()
		})
	}
}

// TestOthersTellWhyWeEnd: a server that stops may close the socket before our own leave is
// out; what it said about the others is enough.
func TestOthersTellWhyWeEnd(t *testing.T) {
	noLeaks(t)
	for reason, want := range map[livekit.DisconnectReason]call.LeaveReason{
		livekit.DisconnectReason_SERVER_SHUTDOWN: call.ReasonServerStopped,
		livekit.DisconnectReason_ROOM_DELETED:    call.ReasonDismissed,
	} {
		t.Run(reason.String(), func(t *testing.T) {
			s := newScripted(t, false)
			bob := info("bob", "PA_b", 1)
			s.script = func(c *scriptConn) {
				c.sendJoin(bob)
				s.Listener.Close()
				c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{
					Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{gone(bob, reason)}},
				}})
			}
			c := join(t, s.plain(), nil)
			ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
			if ended.Reason != want {
				t.Errorf("reason %v, want %v", ended.Reason, want)
			}
		})
	}
}
