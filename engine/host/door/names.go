package door

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"foyer/engine/call/reach"
)

const (
	lookupTimeout = time.Second // guests wait for it
	lookupKept    = 30 * time.Second
	maxLookedUp   = 4 // addresses of one name
)

// names knows the addresses of the names by which guests in a browser come. Firefox takes no
// name for the address of a way to media, and a page cannot look one up.
type names struct {
	hosts  func() []string // of links: nothing else is looked up
	lookup func(ctx context.Context, network, name string) ([]netip.Addr, error)
	now    func() time.Time

	mu   sync.Mutex
	kept map[string]lookedUp
}

type lookedUp struct {
	all   []string
	until time.Time
}

func newNames(hosts func() []string, now func() time.Time) *names {
	return &names{hosts: hosts, lookup: net.DefaultResolver.LookupNetIP, now: now, kept: map[string]lookedUp{}}
}

// addresses are those on the internet of a host, NAME or NAME:PORT as a request names it. They
// are none if it is an address itself, or no name that links have: others ask no resolver
// anything.
func (n *names) addresses(ctx context.Context, host string) []string {
	host = hostname(host)
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	known := map[string]bool{}
	for _, h := range n.hosts() {
		known[hostname(h)] = true
	}
	if !known[host] {
		return nil
	}
	n.mu.Lock()
	found, ok := n.kept[host]
	n.mu.Unlock()
	if ok && n.now().Before(found.until) {
		return found.all
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	all, err := n.lookup(ctx, "ip", host)
	if err != nil {
		all = nil // and the page tries the name
	}
	found = lookedUp{until: n.now().Add(lookupKept)}
	for _, a := range all {
		if a = a.Unmap(); reach.Outside(a, nil) && len(found.all) < maxLookedUp {
			found.all = append(found.all, a.String())
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range n.kept { // links have others now
		if !known[name] {
			delete(n.kept, name)
		}
	}
	n.kept[host] = found
	return found.all
}

// hostname is a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
