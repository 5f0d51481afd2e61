package door

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestNames: the addresses of a link's name are those on the internet, looked up now and
// then; of other names, which anybody can write into a request, nobody is asked.
func TestNames(t *testing.T) {
	now, asked := time.Now(), []string{}
	hosts := []string{"meet.example.org:7843", "relay.example.org:7850", "192.168.1.7:7843"}
	n := newNames(func() []string { return hosts }, func() time.Time { return now })
	n.lookup = func(_ context.Context, _, name string) ([]netip.Addr, error) {
		if asked = append(asked, name); name != "meet.example.org" {
			return nil, errors.New("no such name")
		}
		var all []netip.Addr
		for _, a := range []string{
			"127.0.1.1", "192.168.1.7", "::ffff:203.0.113.5", "2001:db8::5", "203.0.113.6", "203.0.113.7", "203.0.113.8",
		} {
			all = append(all, netip.MustParseAddr(a))
		}
		return all, nil
	}
	want := []string{"203.0.113.5", "2001:db8::5", "203.0.113.6", "203.0.113.7"}
	for _, host := range []string{"meet.example.org", "Meet.Example.ORG.:7843", "meet.example.org:443"} {
		if got := n.addresses(t.Context(), host); !slices.Equal(got, want) {
			t.Errorf("%s: %v", host, got)
		}
	}
	for _, host := range []string{"", "evil.example", "192.168.1.7:7843", "203.0.113.5", "[2001:db8::5]:1", "2001:db8::5", "relay.example.org:7850", "relay.example.org"} {
		if got := n.addresses(t.Context(), host); got != nil {
			t.Errorf("%s: %v", host, got)
		}
	}
	if all := []string{"meet.example.org", "relay.example.org"}; !slices.Equal(asked, all) {
		t.Errorf("asked for %v", asked)
	}
	now = now.Add(lookupKept)
	n.addresses(t.Context(), "meet.example.org")
	if len(asked) != 3 || len(n.kept) != 2 {
		t.Errorf("after a while: asked for %v, %d kept", asked, len(n.kept))
	}
	now, hosts = now.Add(lookupKept), hosts[:1]
	n.addresses(t.Context(), "meet.example.org")
	if len(n.kept) != 1 {
		t.Errorf("%d kept of one name", len(n.kept))
	}
}
