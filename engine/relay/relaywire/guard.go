package relaywire

import (
	"encoding/binary"
	"errors"
	"net"
	"time"

	"golang.org/x/time/rate"
)

// A frame of yamux: version (1), kind (1), flags (2), stream (4), length (4).
const (
	frameHead  = 12
	kindData   = 0
	kindPing   = 2
	flagBegins = 1
	// streamWindow is what a stream may have on its way, which no frame exceeds.
	streamWindow = 256 << 10
)

// Pings that the other end may send; it needs one in [aliveEvery].
const (
	pingEvery = time.Second
	pingBurst = 16
)

// Why a connection ends that has a [Guard].
var (
	ErrBegins = errors.New("it began a stream")
	ErrPings  = errors.New("it asks too often whether we are there")
	ErrLength = errors.New("a frame that no stream has room for")
)

// Guard is a connection that carries streams. It ends when the other end sends what it
// never has to, and what yamux has no limit for: yamux makes a goroutine for each ping,
// keeps a stream that was refused until the other end agrees, and reads on in a frame for
// a stream that is over, however long it is.
type Guard struct {
	net.Conn
	begins bool
	pings  *rate.Limiter
	failed error

	head [frameHead]byte
	have int // bytes of head
	rest int // bytes of the frame that are still to come
}

// NewGuard guards a connection from here on. begins reports whether the other end may
// begin streams.
func NewGuard(conn net.Conn, begins bool) *Guard {
	return &Guard{Conn: conn, begins: begins, pings: rate.NewLimiter(rate.Every(pingEvery), pingBurst)}
}

// Read implements net.Conn.
func (g *Guard) Read(p []byte) (int, error) {
	if g.failed != nil {
		return 0, g.failed
	}
	n, err := g.Conn.Read(p)
	if g.failed = g.follow(p[:n]); g.failed != nil {
		return 0, g.failed
	}
	return n, err
}

// follow reads the heads of frames.
func (g *Guard) follow(p []byte) error {
	for len(p) > 0 {
		if g.rest > 0 {
			n := min(g.rest, len(p))
			g.rest, p = g.rest-n, p[n:]
			continue
		}
		n := copy(g.head[g.have:], p)
		g.have, p = g.have+n, p[n:]
		if g.have < frameHead {
			return nil
		}
		g.have = 0
		if err := g.check(); err != nil {
			return err
		}
	}
	return nil
}

// check decides about a frame by its head. yamux itself refuses versions and kinds that
// there are not.
func (g *Guard) check() error {
	begins := binary.BigEndian.Uint16(g.head[2:])&flagBegins != 0
	switch kind := g.head[1]; {
	case kind == kindPing:
		if begins && !g.pings.Allow() {
			return ErrPings
		}
		return nil
	case begins && !g.begins:
		return ErrBegins
	case kind == kindData:
		length := binary.BigEndian.Uint32(g.head[8:])
		if length > streamWindow {
			return ErrLength
		}
		g.rest = int(length)
	}
	return nil
}
