package words

import "foyer/engine/call/reach"

// Reach says who can come in by a link of a room on this computer: as far as its
// addresses tell, of which public is one that the internet knows, or that somebody
// came in from outside. It promises nothing that nobody has tried.
func (b *Book) Reach(k reach.Kind, public, came string) string {
	if came != "" {
		return b.T("reach.came", "name", came)
	}
	switch k {
	case reach.Computer:
		return b.T("reach.computer")
	case reach.Network:
		return b.T("reach.network")
	case reach.Internet:
		return b.T("reach.internet", "address", public)
	case reach.Nobody:
	}
	return ""
}

// ReachLine is Reach in one short line, under the button that copies the link.
func (b *Book) ReachLine(k reach.Kind, came string) string {
	if came != "" || k == reach.Nobody {
		return b.Reach(k, "", came)
	}
	switch k {
	case reach.Computer:
		return b.T("reach.computer.line")
	case reach.Network:
		return b.T("reach.network.line")
	case reach.Internet, reach.Nobody:
	}
	return b.T("reach.internet.line")
}
