package rtp

import (
	"net"
	"strings"
	"testing"

	"github.com/pion/ice/v4"

	"foyer/engine/call/reach"
)

// TestWays: pion reads each of our candidates, UDP comes before TCP, and nothing is
// made up for ports that the door does not have.
func TestWays(t *testing.T) {
	all := reach.Ports{UDP: 7900, TCP: 7901, Door: true}
	for _, server := range []string{"203.0.113.1", "2001:db8::1"} {
		ways := Ways(net.ParseIP(server), "meet.example:443", all)
		if len(ways) != 3 {
			t.Fatalf("%s: %v", server, ways)
		}
		last := ^uint32(0)
		for i, port := range []int{7900, 7901, 443} {
			c, err := ice.UnmarshalCandidate(strings.TrimPrefix(ways[i].Candidate, "candidate:"))
			if err != nil {
				t.Fatalf("%s: %v", ways[i].Candidate, err)
			}
			if c.Address() != server || c.Port() != port || c.NetworkType().IsTCP() != (i > 0) || c.Priority() >= last {
				t.Errorf("%s is read as %v", ways[i].Candidate, c)
			}
			if i > 0 && c.TCPType() != ice.TCPTypePassive {
				t.Errorf("%s is not passive", ways[i].Candidate)
			}
			last = c.Priority()
		}
	}
	for name, ways := range map[string]int{
		"no address":     len(Ways(nil, "meet.example:443", all)),
		"no ports":       len(Ways(net.IPv4(203, 0, 113, 1), "meet.example:443", reach.Ports{})),
		"no door's port": len(Ways(net.IPv4(203, 0, 113, 1), "meet.example", reach.Ports{Door: true})),
	} {
		if ways != 0 {
			t.Errorf("%s: %d ways", name, ways)
		}
	}
}

// TestServersOwnTCPIsLeftOut: a server must not make us connect to somebody else.
func TestServersOwnTCPIsLeftOut(t *testing.T) {
	udp := "a=candidate:1 1 udp 2130706431 192.0.2.1 7900 typ host\r\n"
	tcp := "a=candidate:2 1 TCP 1671430143 192.0.2.1 22 typ host tcptype passive\r\n"
	if got := withoutTCP("v=0\r\n" + udp + tcp + "a=mid:0\r\n"); got != "v=0\r\n"+udp+"a=mid:0\r\n" {
		t.Errorf("got %q", got)
	}
	for candidate, want := range map[string]bool{
		strings.TrimPrefix(udp, "a="): true, strings.TrimPrefix(tcp, "a="): false, "candidate:": false, "": false,
		// What pion reads as TCP, too.
		"candidate:1 1 tcpx 2130706431 10.0.0.5 22 typ host tcptype passive": false,
		" 1 tcp 1 10.0.0.5 22 typ host tcptype passive":                      false,
		"candidate: 1 tcp 1 10.0.0.5 22 typ host tcptype passive":            false,
		"candidate: 1 udp 1 10.0.0.5 22 typ host":                            false,
	} {
		if overUDP(candidate) != want {
			t.Errorf("%q is over UDP: %v", candidate, !want)
		}
	}
	if got := withoutTCP("v=0\r\n\r" + tcp + "a=mid:0\r" + tcp); got != "v=0\r\na=mid:0\r\n" {
		t.Errorf("left with %q", got)
	}
}
