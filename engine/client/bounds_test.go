package client

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
)

func bareTransport(t *testing.T) *transport {
	t.Helper()
	d := New(Config{})
	tr, err := newTransport(transportConfig{
		log: pionLog{logrus.StandardLogger()}, keep: d.keep,
		events: emptySession(d, call.JoinRequest{}, nil).transportEvents(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.close(time.Second, d.keep); _ = d.Wait(t.Context()) })
	return tr
}

// TestSectionsAreBounded: what a server may ask for at once it may not ask for
// again and again.
func TestSectionsAreBounded(t *testing.T) {
	tr := bareTransport(t)
	for range maxTransceivers / maxSections {
		if err := tr.addSections(maxSections/2, maxSections/2); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.addSections(maxTransceivers%maxSections, 0); err != nil {
		t.Fatal(err)
	}
	if err := tr.addSections(1, 0); !errors.Is(err, call.ErrServerGarbage) {
		t.Errorf("one more: %v", err)
	}
	for _, bad := range [][2]int{{maxSections + 1, 0}, {0, maxSections + 1}} {
		if err := tr.addSections(bad[0], bad[1]); !errors.Is(err, call.ErrServerGarbage) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestDescriptionIsBounded(t *testing.T) {
	p := &peer{candidates: map[string]struct{}{}}
	candidates := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a=candidate:%d 1 udp 1 192.0.2.1 %d typ host\r\n", i, i)
		}
		return b.String()
	}
	for range 3 { // the same ones again cost nothing
		if err := p.checkDescription(strings.Repeat("m=audio 9\r\n", maxTransceivers) + candidates(maxCandidates)); err != nil {
			t.Fatal(err)
		}
	}
	for name, bad := range map[string]string{
		"sections":   strings.Repeat("m=audio 9\n", maxTransceivers+1),
		"candidates": candidates(maxCandidates + 1),
	} {
		if err := p.checkDescription(bad); !errors.Is(err, call.ErrServerGarbage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCandidatesAreBounded: a server that goes on naming candidates is left for
// a fresh join.
func TestCandidatesAreBounded(t *testing.T) {
	noLeaks(t)
	s := newScripted(t, false)
	s.script = func(c *scriptConn) {
		c.sendJoin()
		for i := range 2 * maxCandidates {
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
