package demux

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v3"
)

// Limits of a connection that has not yet proved to be anybody's.
const (
	// headTimeout is for its first bytes, as the door's own for a handshake.
	headTimeout = 5 * time.Second
	// proofTimeout is from the first check of ICE until the media server answers
	// one. It answers only those who know a participant's password.
	proofTimeout = 5 * time.Second
	// maxUnproved is how many bytes are passed on before: a client sends a check
	// of 100 bytes five times a second.
	maxUnproved = 8 << 10
)

const (
	// idleTimeout is far beyond the pause between two checks, which ICE goes on
	// sending for as long as a connection is used (RFC 7675: 5 s).
	idleTimeout = 30 * time.Second
	// stuckTimeout is how long the other side may take nothing at all.
	stuckTimeout = 10 * time.Second
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
	// Media takes a connection that begins with a check of ICE for somebody, as the
	// media server has named them, and closes it in the end. If it is not theirs, it
	// returns an error. One that it calls keep for gives way to nobody any more, once
	// the media server has answered.
	Media func(ctx context.Context, name string, conn net.Conn, keep func()) error
	// Watch is told what a connection does, as an http.Server tells it
	// (limits.Listener.Watch).
	Watch func(net.Conn, http.ConnState)
	// Alone is for a port that has nothing but media: the rest is closed, and Accept
	// returns nothing.
	Alone bool
}

// Listener is a listener of which Accept returns everything but media. Its
// goroutines end with Close, which waits for them; connections that Config.Media has
// taken end with the media server.
type Listener struct {
	net.Listener
	conf  Config
	ready chan net.Conn
	ended chan struct{} // the inner listener has ended with err
	err   error

	ctx    context.Context //nolint:containedctx // ends with Close, and what is being sorted with it
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

// Close implements net.Listener.
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
	if !mayBeMedia(head[0]) && !l.conf.Alone {
		_ = conn.SetReadDeadline(time.Time{})
		l.handOver(&begun{Conn: conn, head: head[:n]}, stop)
		return
	}
	if !mayBeMedia(head[0]) || !l.give(conn, head, n) {
		_ = conn.Close()
	}
}

// give gives a connection to the media server, if it begins as one of media; n bytes of
// its head were read.
func (l *Listener) give(conn net.Conn, head []byte, n int) bool {
	if _, err := io.ReadFull(conn, head[n:]); err != nil || !beginsMedia(head) {
		return false
	}
	first := make([]byte, 2+binary.BigEndian.Uint16(head))
	if _, err := io.ReadFull(conn, first[copy(first, head):]); err != nil {
		return false
	}
	name, ok := nameIn(first[2:])
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(l.ctx, proofTimeout)
	defer cancel()
	m := &media{Conn: conn, head: first, watch: l.conf.Watch}
	return conn.SetReadDeadline(time.Now().Add(proofTimeout)) == nil && l.conf.Media(ctx, name, m, m.keep) == nil
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

// nameIn is how the media server calls whom a check is for: the first half of the
// username (RFC 8445, section 7.2.2).
func nameIn(check []byte) (string, bool) {
	m := stun.Message{Raw: check}
	if m.Decode() != nil {
		return "", false
	}
	username, err := m.Get(stun.AttrUsername)
	if err != nil {
		return "", false
	}
	name, _, ok := strings.Cut(string(username), ":")
	return name, ok && name != ""
}

// media is a connection as the media server has it. Its limits are only ours.
type media struct {
	net.Conn
	watch func(net.Conn, http.ConnState)

	mu       sync.Mutex
	keeps    bool
	head     []byte // what was read before
	unproved int    // bytes
	proved   bool   // the media server has answered
}

func (m *media) keep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keeps = true
}

var errUnproved = errors.New("too much before an answer")

// Read implements net.Conn.
func (m *media) Read(p []byte) (int, error) {
	m.mu.Lock()
	n := copy(p, m.head)
	m.head = m.head[n:]
	proved := m.proved
	m.mu.Unlock()
	if n == 0 {
		if proved {
			_ = m.Conn.SetReadDeadline(time.Now().Add(idleTimeout)) // a closed one fails below
		}
		var err error
		if n, err = m.Conn.Read(p); err != nil {
			return n, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unproved += n; !m.proved && m.unproved > maxUnproved {
		return 0, errUnproved
	}
	return n, nil
}

// Write implements net.Conn. A connection that fails is closed, so that reading ends.
func (m *media) Write(p []byte) (int, error) {
	m.mu.Lock()
	first, keeps := !m.proved, m.keeps
	m.proved = true
	m.mu.Unlock()
	if first {
		if keeps {
			m.watch(m.Conn, http.StateActive)
		}
		_ = m.Conn.SetReadDeadline(time.Now().Add(idleTimeout))
	}
	_ = m.Conn.SetWriteDeadline(time.Now().Add(stuckTimeout))
	n, err := m.Conn.Write(p)
	if err != nil {
		_ = m.Conn.Close()
	}
	return n, err
}

// SetDeadline implements net.Conn, and does nothing, like the other two.
func (m *media) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (m *media) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (m *media) SetWriteDeadline(time.Time) error { return nil }

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
