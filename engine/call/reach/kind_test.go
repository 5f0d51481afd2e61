package reach

import (
	"net/netip"
	"testing"
)

func TestKindOfLink(t *testing.T) {
	for _, tt := range []struct {
		hosts  []string
		want   Kind
		public string
	}{
		{nil, Nobody, ""}, {[]string{"nonsense", ":1"}, Nobody, ""},
		{[]string{"127.0.0.1:1", "[::1]:1", "localhost:1", "[::ffff:127.0.0.1]:1"}, Computer, ""},
		{[]string{"127.0.0.1:1", "192.168.1.10:1"}, Network, ""},
		{[]string{"10.0.0.1:1", "172.16.0.1:1", "100.64.0.1:1", "[fd00::1]:1", "169.254.1.1:1", "[fe80::1]:1"}, Network, ""},
		{[]string{"box:1", "box.local:1", "Box.LAN.:1", "nas.home.arpa:1", "vm.internal:1"}, Network, ""},
		{[]string{"192.168.1.10:1", "203.0.113.5:7843", "meet.example.org:1"}, Internet, "203.0.113.5:7843"},
		{[]string{"meet.example.org:1"}, Internet, "meet.example.org:1"},
		{[]string{"[2001:db8::1]:7843"}, Internet, "[2001:db8::1]:7843"},
	} {
		if got, public := Of(tt.hosts); got != tt.want || public != tt.public {
			t.Errorf("%v: %q, %q", tt.hosts, got, public)
		}
	}
}

// TestOnlyIPv6: an address of IPv4, or a name, is for everybody.
func TestOnlyIPv6(t *testing.T) {
	for want, all := range map[bool][][]string{
		true:  {{"[2001:db8::1]:1"}, {"192.168.1.10:1", "[2001:db8::1]:1", "[fd00::1]:1"}},
		false: {nil, {"192.168.1.10:1"}, {"[fd00::1]:1"}, {"[2001:db8::1]:1", "203.0.113.5:1"}, {"meet.example.org:1", "[2001:db8::1]:1"}},
	} {
		for _, hosts := range all {
			if OnlyIPv6(hosts) != want {
				t.Errorf("%v: %v", hosts, !want)
			}
		}
	}
}

func TestOutside(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/64")}
	for address, want := range map[string]bool{
		"203.0.113.5": true, "::ffff:203.0.113.5": true, "2001:db8:2::1": true,
		"198.51.100.7": false, "2001:db8:1::7": false, "192.168.1.1": false, "100.64.0.1": false, "127.0.0.1": false, "fe80::1": false,
	} {
		if got := Outside(netip.MustParseAddr(address), own); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if Outside(netip.Addr{}, own) {
		t.Error("no address is outside")
	}
}
