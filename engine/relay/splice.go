package relay

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/host/limits"
	"foyer/engine/relay/relaywire"
)

// Limits of a guest's TCP connection.
const (
	headTimeout   = 5 * time.Second  // for its first byte: guests speak first
	answerTimeout = 10 * time.Second // for the server's
	idleTimeout   = 90 * time.Second // for either; signalling and media both have heartbeats
	stuckTimeout  = 20 * time.Second // how long one end may take nothing
	headSize      = 2 << 10
	copySize      = 32 << 10
	// guestBuffers are bytes that the system keeps of a connection, each way, where it
	// would keep megabytes. A stream has no more on its way.
	guestBuffers = 256 << 10
)

// places are those of a server's guests. Who has not been answered yet gives way to
// others.
func places(inner net.Listener, l Limits) *limits.Listener {
	most := limits.Limits{Total: l.Connections, Connections: l.OfOrigin, Waiting: l.OfOrigin}
	return limits.NewListener(narrow{inner}, most)
}

// narrow gives connections small buffers.
type narrow struct{ net.Listener }

// Accept implements net.Listener.
func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_, _ = tcp.SetReadBuffer(guestBuffers), tcp.SetWriteBuffer(guestBuffers) // as small as the system allows
	}
	return conn, err
}

// acceptGuests passes guests' connections on until the port is closed.
func (x *session) acceptGuests(ctx context.Context) {
	for {
		conn, err := x.ports.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if !rest(ctx) {
				return
			}
			continue
		}
		x.group.Go(func() { x.splice(ctx, conn) })
	}
}

// splice passes on a guest's connection until it ends.
func (x *session) splice(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	guest, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return
	}
	head := make([]byte, headSize)
	_ = conn.SetReadDeadline(time.Now().Add(headTimeout)) // a closed one fails below
	n, err := conn.Read(head)
	if err != nil {
		return
	}
	opened, err := x.mux.OpenStream()
	if err != nil {
		return
	}
	stream := &relaywire.Stream{Stream: opened}
	defer stream.Close()
	_ = stream.SetWriteDeadline(time.Now().Add(stuckTimeout))
	if relaywire.WriteGuest(stream, netip.AddrPortFrom(guest.Addr().Unmap(), guest.Port())) != nil {
		return
	}
	if _, err := stream.Write(head[:n]); err != nil {
		return
	}
	p := &pair{session: x}
	p.used.Store(time.Now().UnixNano())
	var up sync.WaitGroup
	up.Go(func() {
		p.copy(ctx, stream, conn, idleTimeout, func() {})
		_, _ = stream.Close(), conn.Close() // and so ends the other direction: what it has read, it has passed on
	})
	p.copy(ctx, conn, stream, answerTimeout, func() { x.ports.tcp.Watch(conn, http.StateActive) })
	_, _ = conn.Close(), stream.Close()
	up.Wait()
}

// pair is both directions of a connection.
type pair struct {
	session *session
	used    atomic.Int64 // when something last came
}

// copy passes on one direction until it ends, or nothing comes in either. The first bytes
// have to come within first, and are told to begun.
func (p *pair) copy(ctx context.Context, to, from net.Conn, first time.Duration, begun func()) {
	buffer, wait, begun := make([]byte, copySize), first, sync.OnceFunc(begun)
	for {
		if from.SetReadDeadline(time.Now().Add(wait)) != nil {
			return
		}
		n, err := from.Read(buffer)
		if n > 0 {
			begun()
			wait = idleTimeout
			p.used.Store(time.Now().UnixNano())
			if p.session.rate.WaitN(ctx, n) != nil || to.SetWriteDeadline(time.Now().Add(stuckTimeout)) != nil {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && wait == idleTimeout &&
			time.Since(time.Unix(0, p.used.Load())) < idleTimeout:
		default:
			return
		}
	}
}
