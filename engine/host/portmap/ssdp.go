package portmap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	ssdpPort    = 1900
	ssdpResend  = time.Second
	maxSSDP     = 2 << 10 // bytes of an answer
	maxAnswers  = 64
	gatewayType = "urn:schemas-upnp-org:device:InternetGatewayDevice:"
)

// ssdpMany is where every device listens.
func ssdpMany() netip.AddrPort { return netip.MustParseAddrPort("239.255.255.250:1900") }

// discover finds the router's description (UPnP Device Architecture 1.1, 1.3). Answers of
// other devices are passed over: they would be asked for an address that is not theirs to
// tell.
func (u *upnp) discover(ctx context.Context) (*url.URL, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(u.inside, 0)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSilent, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	buffer := make([]byte, maxSSDP)
	for answers := 0; ; {
		if err := u.lookFor(conn); err != nil {
			return nil, fmt.Errorf("%w: %w", errSilent, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(ssdpResend))
		for {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("%w: %w", errSilent, context.Cause(ctx))
			}
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				break
			}
			if answers++; answers > maxAnswers {
				return nil, fmt.Errorf("%w: it is none of %d answers", errSilent, answers)
			}
			if err != nil { // such as one that is too long, or that nobody listens at its port alone
				continue
			}
			if at := u.location(buffer[:n], from.Addr().Unmap()); at != nil {
				return at, nil
			}
		}
	}
}

// lookFor asks everybody, and the router itself, which answers sooner.
func (u *upnp) lookFor(conn *net.UDPConn) error {
	var failed error
	for _, kind := range []string{gatewayType + "1", gatewayType + "2"} {
		request := "M-SEARCH * HTTP/1.1\r\nHOST: " + u.many.String() +
			"\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + kind + "\r\n\r\n"
		_, one := conn.WriteToUDPAddrPort([]byte(request), u.search)
		_, all := conn.WriteToUDPAddrPort([]byte(request), u.many)
		if one != nil && all != nil {
			failed = errors.Join(one, all)
		}
	}
	return failed
}

// location is where the description is, or nil if this is no answer of the router's.
func (u *upnp) location(raw []byte, from netip.Addr) *url.URL {
	if from != u.router {
		return nil
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return nil
	}
	_ = answer.Body.Close()
	at, err := answer.Location()
	if err != nil || answer.StatusCode != http.StatusOK || !u.own(at) {
		return nil
	}
	return at
}
