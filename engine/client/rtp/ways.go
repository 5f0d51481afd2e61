package rtp

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"foyer/engine/call/reach"
)

// WayDelay is how long one way to the server's media has before the next is tried
// beside it, as RFC 8305 has it for addresses. TCP needs two round trips where UDP
// needs one, so that even on a slow line UDP is there first if it is let through.
const WayDelay = 250 * time.Millisecond

// Priorities of our own candidates (RFC 8445, 5.1.2.1): below what the server
// offers itself, and UDP before TCP.
const (
	priorityUDP  = 126<<24 - 1
	priorityTCP  = 90 << 24
	priorityDoor = 89 << 24
)

// Ways are candidates of our own making, in the order in which they are tried: the
// server's media port at the address by which we have reached its door, by UDP and by
// TCP, and TCP on the door's own port. A server behind port forwarding, 1:1 NAT or in
// a container offers only its inside addresses, and LiveKit never offers TCP to
// a client in Go (rtc/clientinfo.go, SupportsICETCP). door is a HOST:PORT.
func Ways(server net.IP, door string, ports reach.Ports) []webrtc.ICECandidateInit {
	var list []webrtc.ICECandidateInit
	add := func(name, network string, priority, port int, rest string) {
		if server != nil && port > 0 {
			list = append(list, webrtc.ICECandidateInit{Candidate: fmt.Sprintf(
				"candidate:%s 1 %s %d %s %d typ host%s", name, network, priority, server, port, rest)})
		}
	}
	add("foyer1", "udp", priorityUDP, ports.UDP, "")
	add("foyer2", "tcp", priorityTCP, ports.TCP, " tcptype passive")
	if _, port, err := net.SplitHostPort(door); err == nil && ports.Door {
		n, _ := strconv.ParseUint(port, 10, 16) // 0 is no port
		add("foyer3", "tcp", priorityDoor, int(n), " tcptype passive")
	}
	return list
}

// Try gives the first of these candidates to each connection that is negotiated, and
// one more after each Widen; those that it has already stay as they are. It reports
// whether there are more.
func (t *Transport) Try(ways []webrtc.ICECandidateInit) (more bool) {
	t.tried = max(t.tried, 1)
	n := min(t.tried, len(ways))
	for _, p := range t.Peers() {
		if p.PC.RemoteDescription() == nil {
			continue
		}
		for _, c := range ways[:n] {
			_ = p.PC.AddICECandidate(c) // an address that pion does not take is no way
		}
	}
	return n < len(ways)
}

// Widen lets Try try one candidate more, unless media has come through meanwhile.
func (t *Transport) Widen() bool {
	if t == nil || t.Connected() {
		return false
	}
	t.tried++
	return true
}

// Restarting prepares for an offer that restarts ICE: the server gathers anew, and what
// was tried is tried again.
func (t *Transport) Restarting() {
	t.Pub.ForgetCandidates()
	t.tried = 0
}

// withoutTCP takes the server's candidates that are not plainly of UDP out of its
// description: we dial no address that a server names, only the one that the link has led
// to. Lines are cut where pion cuts them: at any carriage return.
func withoutTCP(description string) string {
	var kept strings.Builder
	for line := range strings.FieldsFuncSeq(description, func(r rune) bool { return r == '\r' || r == '\n' }) {
		attribute := strings.TrimPrefix(line, "a=")
		if attribute == line || !strings.HasPrefix(attribute, prefix) || overUDP(attribute) {
			kept.WriteString(line + "\r\n")
		}
	}
	return kept.String()
}

const prefix = "candidate:"

// overUDP reports whether a candidate is of UDP (RFC 8839, 5.1), in the one form that
// pion cannot read as another: it takes every name that begins with tcp for TCP, and an
// empty foundation.
func overUDP(candidate string) bool {
	rest, ok := strings.CutPrefix(candidate, prefix)
	fields := strings.Fields(rest)
	return ok && len(fields) > 2 && strings.HasPrefix(rest, fields[0]) && strings.EqualFold(fields[2], "udp")
}
