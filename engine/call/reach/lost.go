package reach

import "slices"

// Lost reports whether a way in from the internet that there was is no more: an address of
// the link, a router that passed on what came, or a relay. That somebody came in
// by it says nothing of the ways that are left.
func Lost(before []string, was Router, now []string, is Router) bool {
	gone := func(host string) bool { return of(host) == Internet && !slices.Contains(now, host) }
	return slices.ContainsFunc(before, gone) || was.Leads() && !is.Leads() ||
		was.Relay.State == Relayed && is.Relay.State != Relayed
}
