package host

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"foyer/engine/call/reach"
)

// maxLinkHosts keeps links short; a link may carry 16 (call.ParseLink).
const maxLinkHosts = 8

// linkHosts are the addresses that a link carries: the public ones that the server
// was told, then the one that its router leads to it, then the one that it was told to
// listen on, or those of every interface that a guest can reach. Loopback is only given
// if there is nothing else. The relay comes behind the IPv4 addresses: guests in the
// server's own network do not need it, and others try their way there last
// (doorclient, race.go), while a firewall may be in the way of those of IPv6.
func linkHosts(s settings, port uint16, router reach.Router) []string {
	var hosts []string
	add := func(host string) {
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, h := range s.public {
		add(h.At(port))
	}
	if router.Leads() {
		add(router.Outside)
	}
	own := []netip.Addr{s.listen.Addr()}
	if own[0].IsUnspecified() {
		own = reachable(interfaceAddresses(), s.dual)
	}
	if len(hosts) == 0 && len(own) == 0 {
		own = []netip.Addr{loopback4()}
	}
	relay := router.Relay.At
	if relay != "" {
		hosts = hosts[:min(len(hosts), maxLinkHosts-1)]
	}
	for _, a := range own {
		if relay != "" && (!a.Is4() || len(hosts) == maxLinkHosts-1) {
			add(relay)
			relay = ""
		}
		add(join(a, port))
	}
	if relay != "" {
		add(relay)
	}
	return hosts[:min(len(hosts), maxLinkHosts)]
}

func join(a netip.Addr, port uint16) string {
	return net.JoinHostPort(a.String(), strconv.Itoa(int(port)))
}

func loopback4() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// reachable sorts addresses by how likely a guest reaches them: private IPv4
// first, for that is the usual home and office, then public IPv4, then IPv6.
func reachable(all []netip.Addr, v6 bool) []netip.Addr {
	var list []netip.Addr
	for _, a := range all {
		a = a.Unmap()
		if a.IsGlobalUnicast() && (v6 || a.Is4()) && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	rank := func(a netip.Addr) int {
		switch {
		case a.Is4() && a.IsPrivate():
			return 0
		case a.Is4():
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(list, func(a, b netip.Addr) int { return rank(a) - rank(b) })
	return list
}

// interfaceAddresses are the addresses of every interface that is up and leads
// out of this computer.
func interfaceAddresses() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || internal(i.Name) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					list = append(list, ip)
				}
			}
		}
	}
	return list
}

// internal tells bridges to containers and virtual machines, by the names that
// Docker, libvirt, LXC and Podman give them.
func internal(name string) bool {
	for _, prefix := range []string{"docker", "br-", "veth", "virbr", "lxc", "lxdbr", "podman", "cni"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
