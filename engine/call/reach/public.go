package reach

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

const maxHostname = 253 // bytes (RFC 1035)

// PublicHost is an address at which a router, a cloud or a name server leads to a server.
type PublicHost struct {
	Name string
	Port uint16 // 0: the door's
}

// At is the address, HOST:PORT, of a door with that port.
func (h PublicHost) At(port uint16) string {
	if h.Port != 0 {
		port = h.Port
	}
	return net.JoinHostPort(h.Name, strconv.Itoa(int(port)))
}

// ParsePublic reads HOST or HOST:PORT. The error says what is wrong with it.
func ParsePublic(text string) (PublicHost, error) {
	wrong := func(why string) (PublicHost, error) { return PublicHost{}, errors.New(why) }
	name, rest, port := strings.TrimSpace(text), "", uint64(0)
	if strings.Contains(name, "/") {
		return wrong("is not HOST or HOST:PORT; leave https:// and what follows the host out")
	}
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		name = a.String()
	} else if name, rest, err = net.SplitHostPort(withPort(name)); err != nil {
		return wrong("is not HOST or HOST:PORT, such as meet.example.org or 203.0.113.5:7843")
	}
	if rest != "" {
		var err error
		if port, err = strconv.ParseUint(rest, 10, 16); err != nil || port == 0 {
			return wrong("has no port within 1..65535")
		}
	}
	a, err := netip.ParseAddr(name)
	switch {
	case err != nil && strings.ContainsAny(text, "[]"):
		return wrong("has brackets, which are for IPv6 addresses")
	case err == nil && (a.Unmap().IsLoopback() || !a.Unmap().IsGlobalUnicast() || a.Zone() != ""):
		return wrong("leads nowhere from another computer")
	case err == nil:
		return PublicHost{a.Unmap().String(), uint16(port)}, nil
	case !isHostname(name):
		return wrong("is no host name; write it with ASCII letters, digits, hyphens and dots, without https://")
	case strings.EqualFold(strings.TrimSuffix(name, "."), "localhost"):
		return wrong("leads nowhere from another computer")
	}
	return PublicHost{strings.ToLower(strings.TrimSuffix(name, ".")), uint16(port)}, nil
}

// withPort adds the separator of a port to a name without one.
func withPort(host string) string {
	if strings.Contains(host, ":") {
		return host
	}
	return host + ":"
}

// isHostname reports whether a name may be in DNS (RFC 1123, 2.1), and is not a
// number that somebody has mistyped.
func isHostname(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxHostname {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.IndexFunc(label, func(r rune) bool { return !isLetter(r) && !isDigit(r) && r != '-' }) >= 0 {
			return false
		}
	}
	return strings.IndexFunc(labels[len(labels)-1], func(r rune) bool { return !isDigit(r) }) >= 0
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
