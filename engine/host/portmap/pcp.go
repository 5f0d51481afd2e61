package portmap

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// pcp is PCP (RFC 6887): for IPv4 it maps ports, for IPv6 it opens pinholes.
type pcp struct {
	station
	key   []byte
	first Port // mapped in order to ask: nothing else tells the address
	epoch *epoch

	asked atomic.Pointer[mapping] // what asking has opened, until it is taken over
}

// Parts of its messages.
const (
	pcpVersion = 2
	pcpMap     = 1
	pcpAnswer  = 128 // added to the operation
	pcpHeader  = 24
	pcpNamed   = pcpHeader + 12 + 4 + 2 // nonce, protocol and inside port: one mapping's
	pcpMapLen  = pcpHeader + 36
)

func (*pcp) name() string { return "pcp" }

func (c *pcp) ask(ctx context.Context) (netip.Addr, error) {
	m, _, err := c.mapPort(ctx, c.first, c.first.Number, wantedLease)
	if err == nil {
		c.asked.Store(&m)
	}
	return m.outside.Addr(), err // some say the address with a refusal, too
}

// request asks for a mapping.
func (c *pcp) request(p Port, outside netip.AddrPort, seconds uint32) []byte {
	b := []byte{pcpVersion, pcpMap, 0, 0}
	b = binary.BigEndian.AppendUint32(b, seconds)
	inside, address, name := c.inside.As16(), outside.Addr().As16(), nonce(c.key, p)
	b = append(append(b, inside[:]...), name[:]...)
	b = append(b, byte(p.Protocol), 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, p.Number)
	b = binary.BigEndian.AppendUint16(b, outside.Port())
	return append(b, address[:]...)
}

// anyAddress stands for one of the router's choice.
func (c *pcp) anyAddress() netip.Addr {
	if c.inside.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// call returns an answer of success.
func (c *pcp) call(ctx context.Context, request []byte) ([]byte, error) {
	raw, err := c.exchange(ctx, request, func(b []byte) bool {
		switch {
		case len(b) >= 4 && b[0] == 0: // of NAT-PMP alone (RFC 6887, 9)
			return true
		case len(b) < pcpHeader || b[0] != pcpVersion || b[1] != pcpMap+pcpAnswer:
			return false
		case b[3] != 0 && len(b) < pcpNamed: // of the whole message
			return true
		}
		return (b[3] != 0 || len(b) >= pcpMapLen) && bytes.Equal(b[pcpHeader:pcpNamed], request[pcpHeader:pcpNamed])
	})
	if err != nil {
		return nil, err
	}
	if raw[0] == 0 {
		return nil, fmt.Errorf("%w: PCP", errUnsupported)
	}
	return raw, pcpError(raw[3])
}

func pcpError(code byte) error {
	const unsupportedVersion, unsupportedOpcode, networkFailure = 1, 4, 7
	err := errRefused
	switch code {
	case 0:
		return nil
	case unsupportedVersion, unsupportedOpcode:
		err = errUnsupported
	case networkFailure:
		err = errNoAddress
	}
	return fmt.Errorf("%w: PCP code %d", err, code)
}

func (c *pcp) open(ctx context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error) {
	if p == c.first {
		if m := c.asked.Swap(nil); m != nil {
			return *m, nil
		}
	}
	m, _, err := c.mapPort(ctx, p, wanted, lease)
	return m, err
}

// mapPort also says whether the router has restarted before: this mapping is known to
// it, and the others are not.
func (c *pcp) mapPort(ctx context.Context, p Port, wanted uint16, lease time.Duration) (_ mapping, restarted, _ error) {
	raw, err := c.call(ctx, c.request(p, netip.AddrPortFrom(c.anyAddress(), wanted), uint32(lease.Seconds())))
	if err != nil && len(raw) >= pcpMapLen {
		address := netip.AddrFrom16([16]byte(raw[pcpHeader+20 : pcpMapLen]))
		return mapping{outside: netip.AddrPortFrom(address.Unmap(), 0)}, nil, err
	}
	if err != nil {
		return mapping{}, nil, err
	}
	restarted = c.epoch.see(binary.BigEndian.Uint32(raw[8:]))
	address := netip.AddrFrom16([16]byte(raw[pcpHeader+20 : pcpMapLen]))
	m, err := sensible(
		mapping{port: p, outside: netip.AddrPortFrom(address, binary.BigEndian.Uint16(raw[pcpHeader+18:]))},
		binary.BigEndian.Uint32(raw[4:]),
	)
	return m, restarted, err
}

func (c *pcp) shut(ctx context.Context, m mapping) error {
	_, err := c.call(ctx, c.request(m.port, netip.AddrPortFrom(c.anyAddress(), 0), 0))
	return err
}

// stands renews the mapping: nothing else tells the address.
func (c *pcp) stands(ctx context.Context, m mapping) error {
	now, restarted, err := c.mapPort(ctx, m.port, m.outside.Port(), wantedLease)
	switch {
	case err != nil:
		return err
	case restarted != nil:
		return restarted
	case now.outside.Port() != m.outside.Port():
		return fmt.Errorf("the router's port was %d, and is %d", m.outside.Port(), now.outside.Port())
	}
	return sameAddress(m, now.outside.Addr())
}
