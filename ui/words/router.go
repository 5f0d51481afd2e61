package words

import (
	"cmp"
	"slices"

	"foyer/engine/call/reach"
)

// ReachByRouter says who can come in by a link with these addresses, before anybody has
// come in from outside, with what the router of the host's network says. It is what the
// router says: nobody has tried it.
func (b *Book) ReachByRouter(hosts []string, r reach.Router) string {
	l := newLeads(hosts, r)
	if key := l.relayKey(); key != "" {
		return l.perhaps(b, "reach.ipv6", b.T(key, "address", r.Relay.At))
	}
	if key := l.routerKey(); key != "" {
		return l.perhaps(b, "reach.ipv6", b.T(key, "address", r.Outside))
	}
	return b.Reach(l.kind, l.public, "")
}

// ReachByRouterLine is that in one short line.
func (b *Book) ReachByRouterLine(hosts []string, r reach.Router) string {
	l := newLeads(hosts, r)
	if key := cmp.Or(l.relayKey(), l.routerKey()); key != "" {
		return l.perhaps(b, "reach.ipv6.line", b.T(key+".line"))
	}
	return b.ReachLine(l.kind, "")
}

// perhaps adds to a sentence that IPv6 leads here, if it does besides. It is not for
// everybody, and a firewall is often in its way.
func (l leads) perhaps(b *Book, key, text string) string {
	if !l.ipv6 || l.router.Leads() || l.router.Relay.State == reach.Relayed {
		return text
	}
	return b.T(key, "text", text, "address", l.public)
}

// leads is where a link leads without the relay.
type leads struct {
	kind   reach.Kind
	public string
	ipv6   bool // and to the internet no other way
	router reach.Router
}

func newLeads(hosts []string, r reach.Router) leads {
	own := slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return h == r.Relay.At })
	l := leads{ipv6: reach.OnlyIPv6(own), router: r}
	l.kind, l.public = reach.Of(own)
	return l
}

// relayKey is the sentence about a relay, or empty if none is used, or it is of no use now
// and everybody on the internet gets here another way.
func (l leads) relayKey() string {
	if l.router.Relay.State != reach.Relayed && l.kind == reach.Internet && !l.ipv6 {
		return ""
	}
	switch l.router.Relay.State {
	case reach.Relayed:
		return "reach.relayed"
	case reach.Dialling:
		return "reach.relay_dialling"
	case reach.RelayLost:
		return "reach.relay_lost"
	case reach.RelayFull:
		return "reach.relay_full"
	case reach.RelayRefuses, reach.RelayForeign:
		return "reach.relay_refused"
	case reach.NoRelay:
	}
	return ""
}

// routerKey is the sentence about a router, or empty where another one says more: the
// link has a public address of which the router does not know, and that is for everybody.
func (l leads) routerKey() string {
	beside := l.kind == reach.Internet && !l.ipv6 && l.public != l.router.Outside
	if beside || l.kind == reach.Nobody || l.kind == reach.Computer {
		return ""
	}
	switch l.router.State {
	case reach.Asking:
		return "reach.asking"
	case reach.Opened:
		return "reach.opened"
	case reach.Doubtful:
		return "reach.two_addresses"
	case reach.SecondNAT:
		return "reach.second_nat"
	case reach.SharedAddress:
		return "reach.shared_address"
	case reach.NoAddress:
		return "reach.no_address"
	case reach.Refused:
		return "reach.refused"
	case reach.Unasked, reach.Silent:
	}
	return ""
}
