package portmap

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Protocol is that of a port, by its number at IANA.
type Protocol byte

// Protocols of ports.
const (
	TCP Protocol = 6
	UDP Protocol = 17
)

func (p Protocol) String() string {
	if p == UDP {
		return "UDP"
	}
	return "TCP"
}

// Port is one that shall be reached from outside.
type Port struct {
	Protocol Protocol
	Number   uint16
}

func (p Port) String() string { return fmt.Sprintf("%v %d", p.Protocol, p.Number) }

// Reasons for which a router opens nothing. An answer that none of them describes is
// no answer.
var (
	errRefused     = errors.New("the router refuses")
	errUnsupported = errors.New("the router does not speak this protocol")
	errSilent      = errors.New("no answer")
	errNonsense    = errors.New("the answer makes no sense")
	errNoAddress   = errors.New("the router has no address on the internet")
	errTaken       = errors.New("somebody else has the number")
)

// mapping is what a router has granted.
type mapping struct {
	port    Port
	outside netip.AddrPort
	lease   time.Duration
}

// way is one protocol, with one router. Its methods may be called at the same time.
type way interface {
	name() string
	at() target
	// ask returns the router's address outside; with an error, too, if it is known.
	ask(ctx context.Context) (netip.Addr, error)
	// open opens a port for the time of a lease, or renews it: at the number that is
	// wanted, if the router has that free.
	open(ctx context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error)
	// shut takes a mapping back.
	shut(ctx context.Context, m mapping) error
	// stands reports whether the router has still what it was told.
	stands(ctx context.Context, m mapping) error
}

// target is a router, and our address in its network.
type target struct{ router, inside netip.Addr }

func (t target) at() target { return t }

// nonce is the name of a mapping with a router: the same after every start of the same
// server, and nothing that anybody else can make.
func nonce(key []byte, p Port) (n [12]byte) {
	copy(n[:], derive(key, "nonce "+p.String()))
	return n
}

// description is that name where it is for people to read.
func description(key []byte) string {
	return "Foyer " + hex.EncodeToString(derive(key, "description")[:4])
}

func derive(key []byte, what string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("foyer port mapping: " + what))
	return h.Sum(nil)
}

// Leases. RFC 6886 (3.3) recommends two hours; after a crash a shorter one is over
// sooner.
const (
	wantedLease = time.Hour
	leastLease  = 20 * time.Second // below, the router would be asked all the time
)

// sensible takes over what a router has granted, if it is of use.
func sensible(m mapping, seconds uint32) (mapping, error) {
	m.lease = min(time.Duration(seconds)*time.Second, wantedLease)
	m.outside = netip.AddrPortFrom(m.outside.Addr().Unmap(), m.outside.Port())
	switch {
	case m.lease < leastLease:
		return m, fmt.Errorf("%w: a lease of %d s", errNonsense, seconds)
	case m.outside.Port() == 0:
		return m, fmt.Errorf("%w: port 0", errNonsense)
	}
	return m, nil
}
