package reach

import (
	"strings"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"meet.example.org": "meet.example.org:7843", "Meet.Example.ORG.:443": "meet.example.org:443", " 203.0.113.5 ": "203.0.113.5:7843",
		"203.0.113.5:65535": "203.0.113.5:65535", "2001:db8::1": "[2001:db8::1]:7843", "[2001:db8::1]": "[2001:db8::1]:7843",
		"[2001:db8::1]:443": "[2001:db8::1]:443", "::ffff:203.0.113.5": "203.0.113.5:7843", "box": "box:7843", "192.168.1.9": "192.168.1.9:7843",
		"xn--nxasmq6b.example": "xn--nxasmq6b.example:7843",
	} {
		h, err := ParsePublic(text)
		if err != nil || h.At(7843) != want {
			t.Errorf("%q: %q, %v; want %q", text, h.At(7843), err, want)
		}
	}
	for _, text := range []string{
		"", ":443", "https://meet.example.org", "meet.example.org/room", "a b", "meet.example.org:0", "meet.example.org:65536", "meet.example.org:http",
		"127.0.0.1", "[::1]:7843", "localhost", "LOCALHOST.:1", "0.0.0.0", "[::]:1", "224.0.0.1", "fe80::1", "fe80::1%eth0", "1.2.3", "1.2.3.400", "1:2:3",
		"-a.example", "a-.example", "a..example", "bücher.example", "a_b.example", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 130) + "example",
		"user@example.org", "a\nb.example", "[example.org]:1", "::ffff:127.0.0.1",
	} {
		if h, err := ParsePublic(text); err == nil {
			t.Errorf("%q: %+v, %v", text, h, err)
		}
	}
}
