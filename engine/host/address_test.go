package host

import (
	"net/netip"
	"slices"
	"testing"
)

func TestReachable(t *testing.T) {
	all := []netip.Addr{
		netip.MustParseAddr("fe80::1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("203.0.113.5"),
		netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("::ffff:10.0.0.1"),
		netip.MustParseAddr("169.254.1.1"), netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("fd00::1"),
	}
	want := []string{"192.168.1.10", "10.0.0.1", "203.0.113.5", "2001:db8::1", "fd00::1"}
	var got []string
	for _, a := range reachable(all, true) {
		got = append(got, a.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(reachable(all, false)); n != 3 {
		t.Errorf("%d without IPv6", n)
	}
}
