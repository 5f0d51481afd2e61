package reach

import "net/netip"

// Router is what the router of the host's network says about passing ports on. It is
// what the router says, and no proof.
type Router struct {
	State RouterState `json:"state"`
	// Outside is the door's address on the internet, HOST:PORT, with Opened and Doubtful;
	// with SecondNAT and SharedAddress the address that the router has outside.
	Outside string `json:"outside,omitempty"`
	By      string `json:"by,omitempty"` // what has opened it: pcp, nat-pmp or upnp
	// Relay is what brings in those whom no router lets in, if the host uses one.
	Relay Relay `json:"relay,omitzero"`
}

// RouterState is how far a router was asked.
type RouterState string

// States of a router.
const (
	Unasked       RouterState = ""               // it is not to be asked, or there is none
	Asking        RouterState = "asking"         // it has not answered yet
	Opened        RouterState = "opened"         // it passes on what comes to Outside
	Doubtful      RouterState = "two_addresses"  // it does, but names two addresses
	SecondNAT     RouterState = "second_nat"     // it is itself behind another router
	SharedAddress RouterState = "shared_address" // the provider has one address for several customers
	NoAddress     RouterState = "no_address"     // it has none on the internet
	Refused       RouterState = "refused"        // it answers, and opens nothing
	Silent        RouterState = "silent"         // it does not answer
)

// Leads reports whether the internet is said to lead to Outside.
func (r Router) Leads() bool { return r.State == Opened || r.State == Doubtful }

// OfRouter is what the address that a router has outside means for its network.
func OfRouter(outside netip.Addr) RouterState {
	switch outside = outside.Unmap(); {
	case public(outside):
		return Opened
	case shared.Contains(outside):
		return SharedAddress
	case outside.IsPrivate() || outside.IsLinkLocalUnicast():
		return SecondNAT
	default:
		return NoAddress
	}
}
