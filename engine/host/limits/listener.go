package limits

import (
	"container/list"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"foyer/engine/internal/pause"
)

const (
	// filesOfOne is how many files a connection costs: the client's, both ends of the
	// one to LiveKit, which is in this process, and now and then two more to ask it
	// something.
	filesOfOne = 4
	// minFiles are kept for everything else: the database, keys, the listeners,
	// and the keepers of rooms, which are participants of their own.
	minFiles = 64
	// acceptAgain is how long to wait when there are no files left.
	acceptAgain = 50 * time.Millisecond
)

// Fit reduces the limits on connections to fit so many open files. One address gets a
// part of them, so that none keeps the others out.
func (l Limits) Fit(files uint64) Limits {
	const parts = 4
	if files == 0 { // nobody knows
		return l
	}
	rest := files - min(files, max(minFiles, files/parts))
	l.Total = max(1, int(min(uint64(l.Total), rest/filesOfOne)))
	l.Connections = max(1, min(l.Connections, l.Total/parts))
	l.Waiting = max(1, min(l.Waiting, l.Connections/2))
	return l
}

// Listener limits the open connections of each origin and of all together. Who
// has asked for nothing yet, or for nothing more, gives way: to others of the
// same origin, and when there are too many at all, to those of lighter origins.
// Who cannot have a place is closed at once: they see it instead of waiting.
type Listener struct {
	net.Listener
	*places
	closed chan struct{}
	once   sync.Once
}

// places are the connections of one listener, and of those beside it.
type places struct {
	limits Limits

	mu    sync.Mutex
	total int
	of    map[netip.Prefix]*party
}

// party is the connections of one origin.
type party struct {
	open    int
	waiting *list.List // of *countedConn, the longest first; each may go at any time
}

// NewListener limits the connections of inner.
func NewListener(inner net.Listener, l Limits) *Listener {
	p := &places{limits: l, of: map[netip.Prefix]*party{}}
	return &Listener{Listener: inner, places: p, closed: make(chan struct{})}
}

// Beside limits the connections of another listener together with those of l.
func (l *Listener) Beside(inner net.Listener) *Listener {
	return &Listener{Listener: inner, places: l.places, closed: make(chan struct{})}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Accept waits for the next connection within the limits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if filesRanOut(err) {
			// Something else has them. One of ours may be enough; if not, it is
			// tried again, and not at once.
			if out := l.heaviest(nil); out != nil {
				_ = out.Close()
			}
			if !pause.Unless(l.closed, acceptAgain) {
				return nil, net.ErrClosed
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		c := &countedConn{Conn: conn, l: l.places, origin: Origin(conn.RemoteAddr().String())}
		out, ok := l.add(c)
		if out != nil {
			_ = out.Close()
		}
		if ok {
			return c, nil
		}
		_ = conn.Close()
	}
}

// add takes a newcomer in, and returns who gives way to them.
func (l *places) add(c *countedConn) (out *countedConn, ok bool) {
	l.mu.Lock()
	p := l.of[c.origin]
	if p == nil {
		p = &party{waiting: list.New()}
		l.of[c.origin] = p
	}
	full := l.total >= l.limits.Total
	if p.open >= l.limits.Connections || p.waiting.Len() >= l.limits.Waiting {
		out = p.first()
	} else if full {
		out = l.heaviestLocked(p)
	}
	if out == nil && (full || p.open >= l.limits.Connections) {
		l.forget(c.origin, p)
		l.mu.Unlock()
		return nil, false
	}
	l.total++
	p.open++
	c.party = p
	c.place = p.waiting.PushBack(c)
	l.mu.Unlock()
	return out, true
}

// first is who has waited for longest.
func (p *party) first() *countedConn {
	if e := p.waiting.Front(); e != nil {
		return e.Value.(*countedConn)
	}
	return nil
}

// heaviest is who gives way to a newcomer of this party, or to anybody: who has
// waited for longest of the origin with most connections, if it has more than
// the newcomer's.
func (l *places) heaviest(newcomer *party) *countedConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heaviestLocked(newcomer)
}

func (l *places) heaviestLocked(newcomer *party) *countedConn {
	var most *party
	for _, p := range l.of {
		if p.waiting.Len() > 0 && (most == nil || p.open > most.open) {
			most = p
		}
	}
	if most == nil || newcomer != nil && most.open < newcomer.open {
		return nil
	}
	return most.first()
}

// forget drops an origin without connections. l.mu is held.
func (l *places) forget(o netip.Prefix, p *party) {
	if p.open <= 0 {
		delete(l.of, o)
	}
}

// Watch follows a connection's state, for http.Server.ConnState.
func (l *places) Watch(conn net.Conn, state http.ConnState) {
	for { // a tls.Conn, and what may be between
		outer, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = outer.NetConn()
	}
	c, ok := conn.(*countedConn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.party == nil: // it is over
	case state == http.StateActive || state == http.StateHijacked:
		c.stopWaiting()
	case state == http.StateIdle && c.place == nil:
		c.place = c.party.waiting.PushBack(c)
	}
}

// countedConn is a connection with a place.
type countedConn struct {
	net.Conn
	l      *places
	origin netip.Prefix
	party  *party        // nil when it is over; l.mu guards both
	place  *list.Element // nil while it is working
}

// stopWaiting takes it from those who give way. l.mu is held.
func (c *countedConn) stopWaiting() {
	if c.place != nil {
		c.party.waiting.Remove(c.place)
		c.place = nil
	}
}

// Close closes the connection and makes room for another.
func (c *countedConn) Close() error {
	c.l.release(c)
	return c.Conn.Close()
}

func (l *places) release(c *countedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.party == nil {
		return
	}
	c.stopWaiting()
	l.total--
	c.party.open--
	l.forget(c.origin, c.party)
	c.party = nil
}

// filesRanOut reports whether the process or the system has no more open files.
func filesRanOut(err error) bool {
	for _, e := range outOfFiles {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
