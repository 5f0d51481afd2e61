package portmap

import (
	"net"
	"net/netip"
	"slices"

	"github.com/libp2p/go-netroute"
)

// maxPinholes is for how many of this computer's IPv6 addresses the router is asked.
const maxPinholes = 4

// network is where a router can be asked.
type network struct {
	v4 target   // zero: nowhere
	v6 []target // one for each address of ours, as each asks for itself
}

// equal reports whether nothing has changed.
func (n network) equal(o network) bool { return n.v4 == o.v4 && slices.Equal(n.v6, o.v6) }

// Addresses of the internet, to which nothing is sent: the way there is asked for.
var (
	far4 = netip.MustParseAddr("192.0.2.1")
	far6 = netip.MustParseAddr("2001:db8::1")
)

// lookUp asks the system for its default routes. only is the one address that the
// server listens at; zero: at all.
func lookUp(only netip.Addr) network {
	var n network
	table, err := netroute.New()
	if err != nil {
		return n
	}
	if router, inside, _ := route(table, far4); usable(router, inside) && mayUse(only, inside) {
		n.v4 = target{router, inside}
	}
	if only.Is4() {
		return n
	}
	router, inside, dev := route(table, far6)
	if !usable(router, inside) {
		return n
	}
	for _, a := range append([]netip.Addr{inside}, addressesOf(dev)...) {
		t := target{router, a}
		if len(n.v6) < maxPinholes && usable(router, a) && mayUse(only, a) && !slices.Contains(n.v6, t) {
			n.v6 = append(n.v6, t)
		}
	}
	return n
}

func mayUse(only, inside netip.Addr) bool {
	return !only.IsValid() || only.IsUnspecified() || only == inside
}

// usable leaves out what no router between this network and the internet has: with a
// public IPv4 address nothing has to be mapped, and other IPv6 addresses than public
// ones nobody reaches.
func usable(router, inside netip.Addr) bool {
	if !router.IsValid() || router.IsUnspecified() || router.IsMulticast() || !inside.IsValid() || router == inside {
		return false
	}
	if inside.Is4() {
		return router.Is4() && (inside.IsPrivate() || inside.IsLinkLocalUnicast() || shared.Contains(inside))
	}
	return router.Is6() && inside.IsGlobalUnicast() && !inside.IsPrivate()
}

// shared is what providers give to several customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// route is the next hop to an address, and ours on the way.
func route(table netroute.Router, to netip.Addr) (router, inside netip.Addr, dev *net.Interface) {
	dev, hop, _, err := table.Route(to.AsSlice())
	if err != nil || hop == nil {
		return router, inside, nil
	}
	router, _ = netip.AddrFromSlice(hop)
	router = router.Unmap()
	if router.Is6() && router.IsLinkLocalUnicast() {
		if dev == nil {
			return netip.Addr{}, inside, nil
		}
		router = router.WithZone(dev.Name)
	}
	return router, sourceTo(to), dev
}

// sourceTo is the address from which this computer sends to another one. Nothing is
// sent.
func sourceTo(to netip.Addr) netip.Addr {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9)))
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	if a, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// addressesOf are those of an interface.
func addressesOf(dev *net.Interface) []netip.Addr {
	if dev == nil {
		return nil
	}
	all, err := dev.Addrs()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, p.Addr().Unmap())
		}
	}
	return list
}
