package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// natpmp is NAT-PMP (RFC 6886).
type natpmp struct {
	station
	epoch *epoch

	asked atomic.Pointer[netip.Addr] // its address, until the first port is opened
}

// Parts of its messages.
const (
	natpmpAnswer     = 128 // added to the operation
	natpmpAddressLen = 12
	natpmpMapLen     = 16
)

func (*natpmp) name() string { return "nat-pmp" }

func (n *natpmp) ask(ctx context.Context) (netip.Addr, error) {
	address, err := n.outside(ctx)
	if err == nil {
		n.asked.Store(&address)
	}
	return address, err
}

func (n *natpmp) outside(ctx context.Context) (netip.Addr, error) {
	raw, err := n.call(ctx, []byte{0, 0}, natpmpAddressLen, func([]byte) bool { return true })
	if err != nil {
		return netip.Addr{}, err
	}
	_ = n.epoch.see(binary.BigEndian.Uint32(raw[4:])) // it begins here, or stands is told
	return netip.AddrFrom4([4]byte(raw[8:12])), nil
}

// call returns an answer of success, of at least size bytes.
func (n *natpmp) call(ctx context.Context, request []byte, size int, fits func([]byte) bool) ([]byte, error) {
	raw, err := n.exchange(ctx, request, func(b []byte) bool {
		if len(b) < 4 || b[0] != 0 || b[1] != request[1]+natpmpAnswer {
			return false
		}
		return binary.BigEndian.Uint16(b[2:]) != 0 || len(b) >= size && fits(b)
	})
	if err != nil {
		return nil, err
	}
	if code := binary.BigEndian.Uint16(raw[2:]); code != 0 {
		return nil, natpmpError(code)
	}
	return raw, nil
}

func natpmpError(code uint16) error {
	const unsupportedVersion, networkFailure, unsupportedOpcode = 1, 3, 5
	err := errRefused
	switch code {
	case unsupportedVersion, unsupportedOpcode:
		err = errUnsupported
	case networkFailure:
		err = errNoAddress
	}
	return fmt.Errorf("%w: NAT-PMP code %d", err, code)
}

func (n *natpmp) request(p Port, outside uint16, seconds uint32) []byte {
	operation := byte(2)
	if p.Protocol == UDP {
		operation = 1
	}
	b := []byte{0, operation, 0, 0}
	b = binary.BigEndian.AppendUint16(b, p.Number)
	b = binary.BigEndian.AppendUint16(b, outside)
	return binary.BigEndian.AppendUint32(b, seconds)
}

func (n *natpmp) open(ctx context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error) {
	address := n.asked.Swap(nil)
	if address == nil {
		now, err := n.outside(ctx)
		if err != nil {
			return mapping{}, err
		}
		address = &now
	}
	raw, err := n.call(ctx, n.request(p, wanted, uint32(lease.Seconds())), natpmpMapLen, func(b []byte) bool {
		return binary.BigEndian.Uint16(b[8:]) == p.Number
	})
	if err != nil {
		return mapping{}, err
	}
	return sensible(mapping{port: p, outside: netip.AddrPortFrom(*address, binary.BigEndian.Uint16(raw[10:]))},
		binary.BigEndian.Uint32(raw[12:]))
}

func (n *natpmp) shut(ctx context.Context, m mapping) error {
	_, err := n.call(ctx, n.request(m.port, 0, 0), natpmpMapLen, func(b []byte) bool {
		return binary.BigEndian.Uint16(b[8:]) == m.port.Number && binary.BigEndian.Uint32(b[12:]) == 0
	})
	return err
}

func (n *natpmp) stands(ctx context.Context, m mapping) error {
	raw, err := n.call(ctx, []byte{0, 0}, natpmpAddressLen, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	if err := n.epoch.see(binary.BigEndian.Uint32(raw[4:])); err != nil {
		return err
	}
	return sameAddress(m, netip.AddrFrom4([4]byte(raw[8:12])))
}

// sameAddress is an error if the router's address is not that of the mapping any more.
func sameAddress(m mapping, now netip.Addr) error {
	if was := m.outside.Addr(); was != now.Unmap() {
		return fmt.Errorf("the router's address was %v, and is %v", was, now)
	}
	return nil
}
