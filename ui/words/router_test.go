package words

import (
	"strings"
	"testing"

	"foyer/engine/call/reach"
)

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
			r := reach.Router{State: state, Outside: "203.0.113.5:7843"}
			kind, public := reach.Network, ""
			if r.Leads() {
				kind, public = reach.Internet, r.Outside
			}
			for _, text := range []string{b.ReachByRouter(kind, public, r), b.ReachByRouterLine(kind, public, r)} {
				if text == "" || strings.Contains(text, "reach.") {
					t.Errorf("%s, %s: %q", l.Code, state, text)
				}
				if before, is := seen[text]; is {
					t.Errorf("%s: %s and %s are both %q", l.Code, before, state, text)
				}
				seen[text] = state
			}
			if named := strings.Contains(b.ReachByRouter(kind, public, r), r.Outside); named != (r.Leads() || state == reach.SecondNAT) {
				t.Errorf("%s, %s: the address is named: %v", l.Code, state, named)
			}
			const told = "meet.example.org:7843"
			if got := b.ReachByRouter(reach.Internet, told, r); got != b.Reach(reach.Internet, told, "") {
				t.Errorf("%s, %s, with a public name: %q", l.Code, state, got)
			}
		}
		silent := reach.Router{State: reach.Silent}
		if got := b.ReachByRouterLine(reach.Network, "", silent); got != b.ReachLine(reach.Network, "") {
			t.Errorf("%s: a silent router: %q", l.Code, got)
		}
		if got := b.ReachByRouter(reach.Computer, "", reach.Router{State: reach.Asking}); got != b.Reach(reach.Computer, "", "") {
			t.Errorf("%s: without a network: %q", l.Code, got)
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
			r := reach.Router{State: reach.SharedAddress, Relay: reach.Relay{State: state, At: "203.0.113.5:7850"}}
			for _, text := range []string{b.ReachByRouter(reach.Network, "", r), b.ReachByRouterLine(reach.Network, "", r)} {
				if text == "" || strings.Contains(text, "reach.") || seen[text] {
					t.Errorf("%s, %s: %q", l.Code, state, text)
				}
				seen[text] = true
			}
			if named := strings.Contains(b.ReachByRouter(reach.Internet, r.Relay.At, r), r.Relay.At); named != (state == reach.Relayed) {
				t.Errorf("%s, %s: the address is named: %v", l.Code, state, named)
			}
			const told = "meet.example.org:7843"
			if got := b.ReachByRouter(reach.Internet, told, r); (got == b.Reach(reach.Internet, told, "")) != (state != reach.Relayed) {
				t.Errorf("%s, %s, with a public name: %q", l.Code, state, got)
			}
		}
	}
}
