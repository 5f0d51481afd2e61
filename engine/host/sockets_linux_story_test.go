//go:build linux

package host

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
)

// listening reads which TCP sockets of this process listen.
func listening(t *testing.T) []netip.AddrPort {
	t.Helper()
	ours := map[string]bool{}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(link, "socket:[") {
			ours[strings.Trim(strings.TrimPrefix(link, "socket:"), "[]")] = true
		}
	}
	var list []netip.AddrPort
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue // no IPv6
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			const stateListen = "0A"
			fields := strings.Fields(lines.Text())
			if len(fields) > 9 && fields[3] == stateListen && ours[fields[9]] {
				list = append(list, kernelAddress(t, fields[1]))
			}
		}
		_ = f.Close()
	}
	return list
}

// kernelAddress reads the kernel's form: hexadecimal words in host order.
func kernelAddress(t *testing.T, s string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	a, _ := netip.AddrFromSlice(raw)
	var n uint16
	if _, err := fmt.Sscanf(port, "%X", &n); err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(a, n)
}

// TestNoPlainTextLeaves looks at every listening socket: beyond loopback there
// are the TLS port and the media port, which speaks ICE, DTLS and SRTP.
func TestNoPlainTextLeaves(t *testing.T) {
	before := listening(t)
	s := startServer(t, func(c *Config) { c.Listen = call.AnyPort })
	door := parseURL(t, s.URL).Port()
	var doors, media int
	for _, a := range listening(t) {
		if slices.Contains(before, a) || a.Addr().Unmap().IsLoopback() {
			continue
		}
		if fmt.Sprint(a.Port()) == door {
			doors++
			continue
		}
		media++
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", a.Port()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /rtc HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 16)
		if n, err := conn.Read(answer); err == nil {
			t.Errorf("port %d answers plain text: %q", a.Port(), answer[:n])
		}
	}
	if doors != 1 || media != 1 {
		t.Errorf("%d doors and %d media ports", doors, media)
	}
	for _, h := range s.Hosts {
		if _, _, err := net.SplitHostPort(h); err != nil {
			t.Errorf("host %q: %v", h, err)
		}
	}
	t.Logf("links carry %v", s.Hosts)
}

// TestLoopbackOnly: with an address given, nothing listens elsewhere.
func TestLoopbackOnly(t *testing.T) {
	before := listening(t)
	s := startServer(t, nil)
	for _, a := range listening(t) {
		if !slices.Contains(before, a) && !a.Addr().Unmap().IsLoopback() {
			t.Errorf("%v", a)
		}
	}
	if len(s.Hosts) != 1 || !strings.HasPrefix(s.Hosts[0], "127.0.0.1:") {
		t.Errorf("hosts %v", s.Hosts)
	}
}
