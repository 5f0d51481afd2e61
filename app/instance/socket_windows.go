package instance

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// Windows has Unix-domain sockets, too, but Wine has none, and the folder of a socket would
// protect it by lists of rights that Foyer does not read. So the links come over loopback,
// behind a secret that the lock's file has, which only the user can read.

// errStranger says that somebody has connected who does not know the secret.
var errStranger = errors.New("the secret is wrong")

// dial connects to what a window has noted: its address and its secret.
func dial(ctx context.Context, note string) (halfConn, error) {
	address, secret, _ := strings.Cut(note, " ")
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return nil, errNobody // no note of ours
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, secret); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn.(*net.TCPConn), nil
}

// listen listens and notes where. Nothing is left of it, so leave does nothing.
func (i *Instance) listen() (listener net.Listener, leave func(), err error) {
	tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return nil, nil, err
	}
	secret := rand.Text()
	if err := i.lock.Say(fmt.Sprintf("%s %s", tcp.Addr(), secret)); err != nil {
		return nil, nil, errors.Join(err, tcp.Close())
	}
	return guarded{tcp, secret}, func() {}, nil
}

// guarded is a listener whose connections begin with a secret.
type guarded struct {
	*net.TCPListener
	secret string
}

// Accept implements [net.Listener].
func (g guarded) Accept() (net.Conn, error) {
	conn, err := g.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &guardedConn{TCPConn: conn, secret: g.secret}, nil
}

// guardedConn says nothing before the secret is said to it.
type guardedConn struct {
	*net.TCPConn
	secret string // empty: it has been said
}

// Read implements [io.Reader].
func (c *guardedConn) Read(b []byte) (int, error) {
	if c.secret != "" {
		said := make([]byte, len(c.secret))
		if _, err := io.ReadFull(c.TCPConn, said); err != nil {
			return 0, errStranger
		}
		if subtle.ConstantTimeCompare(said, []byte(c.secret)) == 0 {
			return 0, errStranger
		}
		c.secret = ""
	}
	return c.TCPConn.Read(b)
}
