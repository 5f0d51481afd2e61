package host

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/internal/testenv"
)

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"meet.example.org": "meet.example.org:7843", "Meet.Example.ORG.:443": "meet.example.org:443", " 203.0.113.5 ": "203.0.113.5:7843",
		"203.0.113.5:65535": "203.0.113.5:65535", "2001:db8::1": "[2001:db8::1]:7843", "[2001:db8::1]": "[2001:db8::1]:7843",
		"[2001:db8::1]:443": "[2001:db8::1]:443", "::ffff:203.0.113.5": "203.0.113.5:7843", "box": "box:7843", "192.168.1.9": "192.168.1.9:7843",
		"xn--nxasmq6b.example": "xn--nxasmq6b.example:7843",
	} {
		h, err := parsePublic(text)
		if err != nil || h.at(7843) != want {
			t.Errorf("%q: %q, %v; want %q", text, h.at(7843), err, want)
		}
	}
	for _, text := range []string{
		"", ":443", "https://meet.example.org", "meet.example.org/room", "a b", "meet.example.org:0", "meet.example.org:65536", "meet.example.org:http",
		"127.0.0.1", "[::1]:7843", "localhost", "LOCALHOST.:1", "0.0.0.0", "[::]:1", "224.0.0.1", "fe80::1", "fe80::1%eth0", "1.2.3", "1.2.3.400", "1:2:3",
		"-a.example", "a-.example", "a..example", "bücher.example", "a_b.example", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 130) + "example",
		"user@example.org", "a\nb.example", "[example.org]:1", "::ffff:127.0.0.1",
	} {
		if h, err := parsePublic(text); !errors.Is(err, call.ErrServerConfig) {
			t.Errorf("%q: %+v, %v", text, h, err)
		}
	}
	log, _ := testenv.NewLog()
	many := Config{Data: t.TempDir(), Log: log}
	for i := range maxLinkHosts + 1 {
		many.Public = append(many.Public, string(rune('a'+i))+".example")
	}
	if _, err := New(many); !errors.Is(err, call.ErrServerConfig) {
		t.Errorf("too many: %v", err)
	}
}

// TestPublicAddressesComeFirst: a link has what the server was told, then what it
// sees itself, and no more than it has room for.
func TestPublicAddressesComeFirst(t *testing.T) {
	log, _ := testenv.NewLog()
	server, err := New(Config{
		Listen: "192.168.1.1:7000", Data: t.TempDir(), Log: log,
		Public: []string{"meet.example.org", "203.0.113.5:443", "MEET.example.org", "192.168.1.1:7000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"meet.example.org:7000", "203.0.113.5:443", "192.168.1.1:7000"}
	if got := linkHosts(server.settings, 7000, reach.Router{}); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	// What the router leads here is next; an address that nobody reaches is left out.
	for state, is := range map[reach.RouterState]bool{
		reach.Opened: true, reach.Doubtful: true, reach.SecondNAT: false, reach.SharedAddress: false, reach.Asking: false,
	} {
		want := want
		if is {
			want = append(slices.Clone(want), "198.51.100.1:7000")
		}
		if got := linkHosts(server.settings, 7000, reach.Router{State: state, Outside: "198.51.100.1:7000"}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v", state, got)
		}
	}
}
