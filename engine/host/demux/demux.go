package demux

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a connection that has not yet proved to be anybody's.
const (
	// headTimeout is for its first bytes, as the door's own for a handshake.
	headTimeout = 5 * time.Second
	// proofTimeout is from the first check of ICE until the media server answers
	// one. It answers those alone who know a participant's password.
	proofTimeout = 5 * time.Second
	// maxUnproved is how many bytes are passed on before: a client sends a check
	// of 100 bytes five times a second.
	maxUnproved = 8 << 10
)

const (
	// idleTimeout is far beyond the pause between two checks, which ICE goes on
	// sending for as long as a connection is used (RFC 7675: 5 s).
	idleTimeout = 30 * time.Second
	// stuckTimeout is how long one side may take nothing at all.
	stuckTimeout = 10 * time.Second
	bufferSize   = 16 << 10
)

// What a media connection begins with: a length (RFC 4571), then a Binding request
// of STUN (RFC 8489).
const (
	headSize      = 2 + 20
	maxFirstFrame = 512 // bytes, as the media server reads (pion/ice, TCPMuxDefault.handleConn)
	bindingType   = 0x0001
	magicCookie   = 0x2112a442
)

// Config is what a [Listener] needs.
type Config struct {
	// Media connects to the media server's TCP port.
	Media func(context.Context) (net.Conn, error)
	// Watch is told what a connection does, as an http.Server tells it
	// (limits.Listener.Watch): a media connection that has proved to be somebody's
	// works, and gives way to nobody any more.
	Watch func(net.Conn, http.ConnState)
}

// Listener is a listener of which Accept returns everything but media. Its
// goroutines end with Close, which waits for them.
type Listener struct {
	net.Listener
	conf  Config
	ready chan net.Conn
	ended chan struct{} // the inner listener has ended with err
	err   error

	ctx    context.Context //nolint:containedctx // ends with Close, and every media connection with it
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// New begins to accept from inner.
func New(inner net.Listener, c Config) *Listener {
	l := &Listener{Listener: inner, conf: c, ready: make(chan net.Conn), ended: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.group.Go(l.accept)
	return l
}

// Close implements net.Listener. It ends the media connections, too.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	l.cancel()
	l.group.Wait()
	return err
}

// Accept waits for the next connection that is not media.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.ended:
		return nil, l.err
	}
}

func (l *Listener) accept() {
	defer close(l.ended)
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.err = err
			return
		}
		l.group.Go(func() { l.sort(conn) })
	}
}

// sort reads what a connection begins with.
func (l *Listener) sort(conn net.Conn) {
	stop := context.AfterFunc(l.ctx, func() { _ = conn.Close() })
	defer stop()
	head := make([]byte, headSize)
	_ = conn.SetReadDeadline(time.Now().Add(headTimeout)) // a closed one fails below
	n, err := io.ReadAtLeast(conn, head, 1)
	if err != nil {
		_ = conn.Close()
		return
	}
	if !mayBeMedia(head[0]) {
		_ = conn.SetReadDeadline(time.Time{})
		l.handOver(&begun{Conn: conn, head: head[:n]}, stop)
		return
	}
	defer conn.Close()
	if _, err := io.ReadFull(conn, head[n:]); err == nil && beginsMedia(head) {
		l.relay(conn, head)
	}
}

// handOver gives a connection to whoever accepts next.
func (l *Listener) handOver(conn net.Conn, stop func() bool) {
	select {
	case l.ready <- conn:
		stop()
	case <-l.ctx.Done():
		_ = conn.Close()
	}
}

// mayBeMedia reports whether a first byte is the upper half of a frame's length.
// TLS begins with 0x16, and every word of HTTP with a letter.
func mayBeMedia(first byte) bool { return first <= maxFirstFrame>>8 }

func beginsMedia(head []byte) bool {
	size := binary.BigEndian.Uint16(head)
	return size >= headSize-2 && size <= maxFirstFrame &&
		binary.BigEndian.Uint16(head[2:]) == bindingType && binary.BigEndian.Uint32(head[6:]) == magicCookie
}

// relay carries a connection's bytes to the media server and back, until one side
// ends.
func (l *Listener) relay(conn net.Conn, head []byte) {
	ctx, cancel := context.WithTimeout(l.ctx, proofTimeout)
	defer cancel()
	inner, err := l.conf.Media(ctx)
	if err != nil {
		return
	}
	defer inner.Close()
	stop := context.AfterFunc(l.ctx, func() { _ = inner.Close() })
	defer stop()
	r := &relayed{outer: conn, inner: inner}
	_ = conn.SetReadDeadline(time.Now().Add(proofTimeout))
	_ = inner.SetWriteDeadline(time.Now().Add(stuckTimeout))
	if _, err := inner.Write(head); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		r.back(func() { l.conf.Watch(conn, http.StateActive) })
		_ = conn.Close() // ends the other direction
	})
	r.forth()
	_ = inner.Close()
	back.Wait()
}

// relayed is one media connection.
type relayed struct {
	outer, inner net.Conn
	proved       atomic.Bool // the media server has answered
}

// forth copies from the guest.
func (r *relayed) forth() {
	buffer := make([]byte, bufferSize)
	unproved := headSize
	for {
		n, err := r.outer.Read(buffer)
		if proved := r.proved.Load(); !proved {
			if unproved += n; unproved > maxUnproved {
				return
			}
		} else if r.outer.SetReadDeadline(time.Now().Add(idleTimeout)) != nil {
			return
		}
		if n > 0 {
			if r.inner.SetWriteDeadline(time.Now().Add(stuckTimeout)) != nil {
				return
			}
			if _, err := r.inner.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// back copies to the guest, and calls proved before the first answer.
func (r *relayed) back(proved func()) {
	buffer := make([]byte, bufferSize)
	for {
		n, err := r.inner.Read(buffer)
		if n > 0 {
			if !r.proved.Load() {
				proved()
				r.proved.Store(true)
				_ = r.outer.SetReadDeadline(time.Now().Add(idleTimeout))
			}
			if r.outer.SetWriteDeadline(time.Now().Add(stuckTimeout)) != nil {
				return
			}
			if _, err := r.outer.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// begun is a connection of which something has been read.
type begun struct {
	net.Conn
	head []byte
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.head) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.head)
	b.head = b.head[n:]
	return n, nil
}

// NetConn is the connection below, as a tls.Conn has one.
func (b *begun) NetConn() net.Conn { return b.Conn }
