package client

import (
	"errors"
	"fmt"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// TestCandidatesAreBounded: a server that goes on naming candidates is left for
// a fresh join.
func TestCandidatesAreBounded(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	s.script = func(c *scriptConn) {
		c.sendJoin()
		for i := range 2 * 128 {
			c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Trickle{Trickle: &livekit.TrickleRequest{
				CandidateInit: fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 192.0.2.1 %d typ host"}`, i, 1000+i),
			}}})
		}
		c.drain()
	}
	c := join(t, s.plain(), hasty)
	wait[call.SessionReconnecting](c, 0, "reconnecting", nil)
	ended, _, _ := wait[call.SessionEnded](c, 0, "end", nil)
	if !errors.Is(ended.Err, call.ErrServerGarbage) || !errors.Is(ended.Err, call.ErrConnectionLost) {
		t.Errorf("ended: %+v", ended)
	}
}
