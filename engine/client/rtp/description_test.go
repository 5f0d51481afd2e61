package rtp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"foyer/engine/call"
)

func TestDescriptionIsBounded(t *testing.T) {
	p := &Peer{candidates: map[string]struct{}{}}
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

func TestSplitStream(t *testing.T) {
	for _, test := range []struct{ stream, track, owner, sid string }{
		{"PA_1|TR_1", "TR_1", "PA_1", "TR_1"},
		{"PA_1|camera", "TR_2", "PA_1", "TR_2"},
		{"PA_1", "TR_3", "PA_1", "TR_3"},
		{"", "", "", ""},
	} {
		owner, sid := SplitStream(test.stream, test.track)
		if string(owner) != test.owner || string(sid) != test.sid {
			t.Errorf("%q %q: %q %q", test.stream, test.track, owner, sid)
		}
	}
}
