package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// A plain link pins nothing, so its server must show a certificate that this
// computer trusts. That is another fault than a link's wrong fingerprint.
func TestUntrustedCertificate(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, true)
	req := s.plain()
	if !strings.HasPrefix(req.Link.URL, "wss://") {
		t.Fatalf("address %q", req.Link.URL)
	}
	if err := dial(t, t.Context(), req, quick); !errors.Is(err, call.ErrUntrusted) || errors.Is(err, call.ErrWrongServer) {
		t.Errorf("got %v", err)
	}
	if len(s.paths) != 0 {
		t.Error("the untrusted server was shown the token")
	}
}

// The caller's deadline limits media, too: joining has one timeout (contract J8). A server
// that is there, and leaves the first offer unanswered for long, gets no second one.
func TestJ8_MediaIsBoundedByTheCallersDeadline(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	s.script = func(c *scriptConn) {
		c.sendJoin()
		c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{
			LastPingTimestamp: time.Now().Add(-20 * time.Millisecond).UnixMilli(),
		}}})
		c.drain()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	c, err := tryJoin(t, ctx, s.plain(), func(d *Dialer) { d.limits.answer = 300 * time.Millisecond })
	if err != nil {
		t.Fatal(err)
	}
	end, _, _ := wait[call.SessionEnded](c, 0, "the end", nil)
	if end.Reason != call.ReasonMediaFailed || !errors.Is(end.Err, call.ErrMediaBlocked) {
		t.Errorf("ended with %+v", end)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
