package portmap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// pmpPort is where a router is asked by NAT-PMP and PCP.
const pmpPort = 5351

// Limits of an exchange of datagrams.
const (
	maxDatagram = 1100                   // bytes (RFC 6887, 7)
	maxStray    = 64                     // datagrams that are no answer
	firstResend = 250 * time.Millisecond // doubled each time (RFC 6886, 3.1)
)

// station is the port of a router that is asked by datagrams.
type station struct {
	target
	port uint16
}

// exchange sends a request until there is an answer, for as long as ctx lasts. isAnswer
// reports whether a datagram of the router's is one; others are dropped.
func (s station) exchange(ctx context.Context, request []byte, isAnswer func([]byte) bool) ([]byte, error) {
	// Connected: what does not come from there does not come in.
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.inside, 0)),
		net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.router, s.port)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSilent, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	buffer, strays := make([]byte, maxDatagram), 0
	for wait := firstResend; ; wait *= 2 {
		if _, err := conn.Write(request); err != nil {
			return nil, fmt.Errorf("%w: %w", errSilent, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(wait))
		if ctx.Err() != nil { // it may have set another deadline just before
			return nil, fmt.Errorf("%w: %w", errSilent, context.Cause(ctx))
		}
		for {
			n, err := conn.Read(buffer)
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				break
			}
			if err != nil { // the port is closed, or the datagram is too long (Windows)
				return nil, fmt.Errorf("%w: %w", closedPort(err), err)
			}
			if isAnswer(buffer[:n]) {
				return buffer[:n], nil
			}
			if strays++; strays > maxStray {
				return nil, fmt.Errorf("%w: nothing else in %d datagrams", errNonsense, strays)
			}
		}
	}
}

// closedPort tells a router that says that it does not listen from one that says
// nothing.
func closedPort(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return errUnsupported
	}
	return errSilent
}
