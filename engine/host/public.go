package host

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"foyer/engine/call"
)

const maxHostname = 253 // bytes (RFC 1035)

// publicHost is an address at which a router, a cloud or a name server leads to this
// server.
type publicHost struct {
	name string
	port uint16 // 0: the door's
}

func (h publicHost) at(port uint16) string {
	if h.port != 0 {
		port = h.port
	}
	return net.JoinHostPort(h.name, strconv.Itoa(int(port)))
}

// checkPublic reads the addresses that the server was told.
func (s *settings) checkPublic() error {
	for _, text := range s.Public {
		h, err := parsePublic(text)
		if err != nil {
			return err
		}
		if !slices.Contains(s.public, h) {
			s.public = append(s.public, h)
		}
	}
	if len(s.public) > maxLinkHosts {
		return fmt.Errorf(
			"%w: %d public addresses; a link has room for %d", call.ErrServerConfig, len(s.public), maxLinkHosts,
		)
	}
	return nil
}

// parsePublic reads HOST or HOST:PORT.
func parsePublic(text string) (publicHost, error) {
	wrong := func(why string) (publicHost, error) {
		return publicHost{}, fmt.Errorf("%w: public address %.80q %s", call.ErrServerConfig, text, why)
	}
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
		return publicHost{a.Unmap().String(), uint16(port)}, nil
	case !isHostname(name):
		return wrong("is no host name; write it with ASCII letters, digits, hyphens and dots, without https://")
	case strings.EqualFold(strings.TrimSuffix(name, "."), "localhost"):
		return wrong("leads nowhere from another computer")
	}
	return publicHost{strings.ToLower(strings.TrimSuffix(name, ".")), uint16(port)}, nil
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
