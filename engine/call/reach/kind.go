package reach

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Kind is who can come in by a link, as far as its addresses tell. None of them is a
// proof: a firewall may be in the way of each.
type Kind string

// Kinds of links.
const (
	Nobody   Kind = ""              // the link has no address
	Computer Kind = "this_computer" // programs on the host's own computer
	Network  Kind = "network"       // everyone on the host's network
	Internet Kind = "internet"      // it has an address to which the internet leads
)

// Of is what the addresses of a link promise: HOST:PORT each. public is the first to
// which the internet leads, if there is one.
func Of(hosts []string) (k Kind, public string) {
	for _, h := range hosts {
		switch of(h) {
		case Internet:
			return Internet, h
		case Network:
			k = Network
		case Computer:
			if k == Nobody {
				k = Computer
			}
		case Nobody:
		}
	}
	return k, ""
}

// ForBrowsers puts the address first that most people reach, for browsers, which try only
// one: the first to which the internet leads. Those of IPv6 are not for everybody yet.
func ForBrowsers(hosts []string) []string {
	if i := slices.IndexFunc(hosts, forEverybody); i > 0 {
		return slices.Concat(hosts[i:i+1], hosts[:i], hosts[i+1:])
	}
	return hosts
}

// OnlyIPv6 reports whether the internet leads to a link's addresses by IPv6 alone.
func OnlyIPv6(hosts []string) bool {
	k, _ := Of(hosts)
	return k == Internet && !slices.ContainsFunc(hosts, forEverybody)
}

func forEverybody(host string) bool { return of(host) == Internet && !strings.HasPrefix(host, "[") }

func of(host string) Kind {
	name, _, err := net.SplitHostPort(host)
	if err != nil || name == "" {
		return Nobody
	}
	if a, err := netip.ParseAddr(name); err == nil {
		switch a = a.Unmap(); {
		case a.IsLoopback():
			return Computer
		case public(a):
			return Internet
		default:
			return Network
		}
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "localhost" {
		return Computer
	}
	// Names without a dot, and those that no name server of the internet knows
	// (RFC 6762, RFC 8375).
	for _, own := range []string{".local", ".lan", ".internal", ".home.arpa"} {
		if strings.HasSuffix(name, own) {
			return Network
		}
	}
	if !strings.Contains(name, ".") {
		return Network
	}
	return Internet
}

// shared is what providers give to customers who share an address (RFC 6598), and
// what overlay networks use.
var shared = netip.MustParsePrefix("100.64.0.0/10")

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

// Outside reports whether somebody at an address has come over the internet, and not
// from one of our own networks.
func Outside(a netip.Addr, own []netip.Prefix) bool {
	a = a.Unmap()
	return public(a) && !slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Contains(a) })
}

// OwnNetworks are those that this computer is in.
func OwnNetworks() []netip.Prefix {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var list []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, p.Masked())
		}
	}
	return list
}
