package words

import (
	"strings"
	"testing"

	"foyer/engine/call/reach"
)

const (
	near    = "192.168.1.7:7843"
	outside = "203.0.113.5:7843"
	six     = "[2001:db8::7]:7843"
	told    = "meet.example.org:7843"
	relayAt = "203.0.113.9:7850"
)

// bothWays is what is said of a link, long and short.
func bothWays(b *Book, r reach.Router, hosts ...string) []string {
	return []string{b.ReachByRouter(hosts, r), b.ReachByRouterLine(hosts, r)}
}

// TestReachByRouter: what a router says is said in each language, and never that it is
// so; a public address of which it does not know says more.
func TestReachByRouter(t *testing.T) {
	for _, l := range Languages() {
		b := Choose(l.Code, nil)
		seen := map[string]reach.RouterState{}
		for _, state := range []reach.RouterState{
			reach.Unasked, reach.Asking, reach.Opened, reach.Doubtful, reach.SecondNAT, reach.SharedAddress,
			reach.NoAddress, reach.Refused,
		} {
			r := reach.Router{State: state, Outside: outside}
			hosts := []string{near}
			if r.Leads() {
				hosts = []string{outside, near}
			}
			for _, text := range bothWays(b, r, hosts...) {
				if text == "" || strings.Contains(text, "reach.") {
					t.Errorf("%s, %s: %q", l.Code, state, text)
				}
				if before, is := seen[text]; is {
					t.Errorf("%s: %s and %s are both %q", l.Code, before, state, text)
				}
				seen[text] = state
			}
			if named := strings.Contains(b.ReachByRouter(hosts, r), outside); named != (r.Leads() || state == reach.SecondNAT) {
				t.Errorf("%s, %s: the address is named: %v", l.Code, state, named)
			}
			if got := b.ReachByRouter([]string{told, near}, r); got != b.Reach(reach.Internet, told, "") {
				t.Errorf("%s, %s, with a public name: %q", l.Code, state, got)
			}
		}
		silent := reach.Router{State: reach.Silent}
		if got := b.ReachByRouterLine([]string{near}, silent); got != b.ReachLine(reach.Network, "") {
			t.Errorf("%s: a silent router: %q", l.Code, got)
		}
		if got := b.ReachByRouter([]string{"127.0.0.1:7843"}, reach.Router{State: reach.Asking}); got != b.Reach(reach.Computer, "", "") {
			t.Errorf("%s: without a network: %q", l.Code, got)
		}
	}
}

// TestRelayIsAWayOut: where a host learns that others cannot come, they hear of relays, and
// where to enter one.
func TestRelayIsAWayOut(t *testing.T) {
	for _, l := range Languages() {
		b := Choose(l.Code, nil)
		for _, state := range []reach.RouterState{
			reach.Unasked, reach.Silent, reach.SecondNAT, reach.SharedAddress, reach.NoAddress, reach.Refused,
		} {
			got := b.ReachByRouter([]string{near}, reach.Router{State: state})
			for _, word := range []string{b.T("settings.title"), b.T("settings.network")} {
				if !strings.Contains(got, word) {
					t.Errorf("%s, %s: no %q in %q", l.Code, state, word, got)
				}
			}
		}
	}
}

// TestReachBesideIPv6: an address of IPv6, which not everybody has, hides nothing that is in
// the way of IPv4, nor that the relay is of no use.
func TestReachBesideIPv6(t *testing.T) {
	for _, l := range Languages() {
		b := Choose(l.Code, nil)
		for _, r := range []reach.Router{
			{State: reach.Asking}, {State: reach.SecondNAT, Outside: "192.168.0.2:7843"}, {State: reach.SharedAddress, Outside: "100.64.0.9:7843"},
			{State: reach.NoAddress}, {State: reach.Refused},
			{State: reach.SharedAddress, Relay: reach.Relay{State: reach.RelayLost, At: relayAt}},
			{State: reach.SharedAddress, Relay: reach.Relay{State: reach.RelayFull}},
		} {
			hosts := []string{near, six}
			if r.Relay.At != "" {
				hosts = []string{near, relayAt, six}
			}
			without := bothWays(b, r, near)
			for i, got := range bothWays(b, r, hosts...) {
				if !strings.Contains(got, without[i]) || !strings.Contains(got, "IPv6") {
					t.Errorf("%s, %s, %s: %q", l.Code, r.State, r.Relay.State, got)
				}
			}
			if !strings.Contains(b.ReachByRouter(hosts, r), six) {
				t.Errorf("%s, %s: the address is not named", l.Code, r.State)
			}
			if got := b.ReachByRouter(append(hosts, told), r); strings.Contains(got, "IPv6") {
				t.Errorf("%s, %s, with IPv4 besides: %q", l.Code, r.State, got)
			}
		}
		for _, r := range []reach.Router{
			{State: reach.Opened, Outside: outside}, {State: reach.SharedAddress, Relay: reach.Relay{State: reach.Relayed, At: relayAt}},
		} {
			at := outside
			if r.Relay.At != "" {
				at = relayAt
			}
			if got := b.ReachByRouter([]string{at, near, six}, r); strings.Contains(got, "IPv6") || !strings.Contains(got, at) {
				t.Errorf("%s: where others come in anyway: %q", l.Code, got)
			}
		}
		if got := b.ReachByRouter([]string{near, six}, reach.Router{}); got != b.Reach(reach.Internet, six, "") {
			t.Errorf("%s, without a router: %q", l.Code, got)
		}
	}
}

// TestReachByRelay: in every state of a relay something else is said, in each language; a
// relay that is gone says nothing where a public name leads to the server.
func TestReachByRelay(t *testing.T) {
	for _, l := range Languages() {
		b := Choose(l.Code, nil)
		seen := map[string]bool{}
		for _, state := range []reach.RelayState{
			reach.Dialling, reach.Relayed, reach.RelayLost, reach.RelayRefuses, reach.RelayFull,
		} {
			r := reach.Router{State: reach.SharedAddress, Relay: reach.Relay{State: state, At: relayAt}}
			for _, text := range bothWays(b, r, near) {
				if text == "" || strings.Contains(text, "reach.") || seen[text] {
					t.Errorf("%s, %s: %q", l.Code, state, text)
				}
				seen[text] = true
			}
			hosts := []string{near, relayAt}
			if named := strings.Contains(b.ReachByRouter(hosts, r), relayAt); named != (state == reach.Relayed) {
				t.Errorf("%s, %s: the address is named: %v", l.Code, state, named)
			}
			if got := b.ReachByRouter([]string{told, near, relayAt}, r); (got == b.Reach(reach.Internet, told, "")) != (state != reach.Relayed) {
				t.Errorf("%s, %s, with a public name: %q", l.Code, state, got)
			}
		}
	}
}
