package words

import (
	"cmp"

	"foyer/engine/call/reach"
)

// ReachByRouter is Reach, before anybody has come in from outside, with what the router
// of the host's network says. It is what the router says: nobody has tried it.
func (b *Book) ReachByRouter(k reach.Kind, public string, r reach.Router) string {
	if key := relayKey(k, public, r.Relay); key != "" {
		return b.T(key, "address", r.Relay.At)
	}
	if key := routerKey(k, public, r); key != "" {
		return b.T(key, "address", r.Outside)
	}
	return b.Reach(k, public, "")
}

// ReachByRouterLine is that in one short line.
func (b *Book) ReachByRouterLine(k reach.Kind, public string, r reach.Router) string {
	if key := cmp.Or(relayKey(k, public, r.Relay), routerKey(k, public, r)); key != "" {
		return b.T(key + ".line")
	}
	return b.ReachLine(k, "")
}

// relayKey is the sentence about a relay, or empty if none is used, or it is of no use now
// and the internet leads here another way.
func relayKey(k reach.Kind, public string, r reach.Relay) string {
	if r.State != reach.Relayed && k == reach.Internet && public != r.At {
		return ""
	}
	switch r.State {
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
