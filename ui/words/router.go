package words

import "foyer/engine/call/reach"

// ReachByRouter is Reach, before anybody has come in from outside, with what the router
// of the host's network says. It is what the router says: nobody has tried it.
func (b *Book) ReachByRouter(k reach.Kind, public string, r reach.Router) string {
	if key := routerKey(k, public, r); key != "" {
		return b.T(key, "address", r.Outside)
	}
	return b.Reach(k, public, "")
}

// ReachByRouterLine is that in one short line.
func (b *Book) ReachByRouterLine(k reach.Kind, public string, r reach.Router) string {
	if key := routerKey(k, public, r); key != "" {
		return b.T(key + ".line")
	}
	return b.ReachLine(k, "")
}

// routerKey is the sentence about a router, or empty where another one says more: the
// link has a public address of which the router does not know.
func routerKey(k reach.Kind, public string, r reach.Router) string {
	if k == reach.Internet && public != r.Outside || k == reach.Nobody || k == reach.Computer {
		return ""
	}
	switch r.State {
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
