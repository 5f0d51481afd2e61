package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

// TestPanicEndsSession: a bug in any goroutine of a session's ends that session,
// tells the server and closes. Without the guard this test ends the process.
func TestPanicEndsSession(t *testing.T) {
	noLeaks(t)
	for name, hurt := range map[string]func(c *client){
		"loop":      func(c *client) { c.post(func() { panic("loop") }) },
		"goroutine": func(c *client) { c.post(func() { c.spawn(func() { panic("goroutine") }) }) },
		"callback":  func(c *client) { go c.guarded(func() { panic("callback") }) },
		"message":   func(c *client) { c.post(func() { c.roster = nil }) }, // the next news is written into it
		"ending": func(c *client) {
			c.post(func() { c.publications.byCID = map[string]*rtp.LocalTrack{"x": nil}; panic("ending") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, false)
			log, hook := logtest.NewNullLogger()
			joined, news, told := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
			s.script = func(c *scriptConn) {
				c.sendJoin()
				close(joined)
				<-news
				c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{
					Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{info("bob", "PA_b", 1)}},
				}})
				told <- c.receive(func(m *livekit.SignalRequest) bool { return m.GetLeave() != nil })
			}
			c := join(t, s.plain(), func(d *Dialer) { d.log = log })
			<-joined
			hurt(c)
			close(news)
			ended, _, n := wait[call.SessionEnded](c, 0, "end", nil)
			if ended.Reason != call.ReasonInternal || ended.Err == nil {
				t.Errorf("ended: %+v", ended)
			}
			if !<-told {
				t.Error("the server was not told")
			}
			c.Close()
			if c.events() != n {
				t.Errorf("events after the end: %s", describeEvents(c.seen()[n:]))
			}
			want := 1
			if name == "ending" {
				want = 3 // the bug, then what it broke: the end and the shutdown
			}
			logged := 0
			for _, e := range hook.AllEntries() {
				if stack, _ := e.Data["stack"].(string); stack != "" {
					logged++
				}
			}
			if logged < 1 || logged > want {
				t.Errorf("%d panics logged, want %d", logged, want)
			}
		})
	}
}

// brokenContext panics where Dial first looks at it.
type brokenContext struct{ context.Context } //nolint:containedctx // it is one

func (brokenContext) Deadline() (time.Time, bool) { panic("context") }

func TestPanicFailsDial(t *testing.T) {
	d := New(Config{})
	s, err := d.Dial(brokenContext{t.Context()}, call.JoinRequest{}, nil)
	if s != nil || err == nil || errors.Is(err, call.ErrCancelled) {
		t.Errorf("dial: %v, %v", s, err)
	}
}

// TestWhatBreaksWhileItEndsHasEnded: a session that panics on its way out is over.
func TestWhatBreaksWhileItEndsHasEnded(t *testing.T) {
	s, _ := told(t)
	s.log, _ = logtest.NewNullLogger()
	ends := 0
	s.sink = func(e call.SessionEvent) {
		if _, ok := e.(call.SessionEnded); ok {
			if ends++; ends == 1 {
				panic("sink")
			}
		}
	}
	s.step(func() {
		s.onLeave(&livekit.LeaveRequest{Reason: livekit.DisconnectReason_ROOM_CLOSED, Action: livekit.LeaveRequest_DISCONNECT})
	})
	if !s.over() || ends != 2 {
		t.Errorf("over: %v, told %d times", s.over(), ends)
	}
}
