package roomserver

import (
	"strings"
	"testing"
)

// A name with a port fixes the ports, so that they can be forwarded. What is no name
// keeps no room from starting.
func TestPublicFlags(t *testing.T) {
	for _, tt := range []struct{ name, listen, want string }{
		{"", ":0", ""},
		{"https://meet.example.org", ":0", ""},
		{"meet.example.org", ":0", "--public meet.example.org"},
		{"meet.example.org:7843", ":0", "--public meet.example.org:7843 --listen :7843 --media-port 7844"},
		{"[2001:db8::1]:443", "127.0.0.1:0", "--public [2001:db8::1]:443 --listen 127.0.0.1:443 --media-port 444"},
		{"meet.example.org:65535", ":0", "--public meet.example.org:65535"},
	} {
		if got := strings.Join(publicFlags(tt.name, tt.listen), " "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
	}
}
