package host

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
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

// fit makes the bounds of connections fit so many open files. One address gets a
// part of them, so that none keeps the others out.
func (l limits) fit(files uint64) limits {
	const parts = 4
	if files == 0 { // nobody knows
		return l
	}
	rest := files - min(files, max(minFiles, files/parts))
	l.total = max(1, int(min(uint64(l.total), rest/filesOfOne)))
	l.connections = max(1, min(l.connections, l.total/parts))
	l.waiting = max(1, min(l.waiting, l.connections/2))
	return l
}

// listener bounds the open connections of each origin and of all together. Who
// has asked for nothing yet, or for nothing more, gives way: to others of the
// same origin, and when there are too many at all, to those of lighter origins.
// Who cannot have a place is closed at once: they see it instead of waiting.
type listener struct {
	net.Listener
	limits limits
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	total int
	of    map[netip.Prefix]*party
}

// party is the connections of one origin.
type party struct {
	open    int
	waiting *list.List // of *countedConn, the longest first
}

func newListener(inner net.Listener, l limits) *listener {
	return &listener{Listener: inner, limits: l, closed: make(chan struct{}), of: map[netip.Prefix]*party{}}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Accept waits for the next connection within the bounds.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if filesRanOut(err) {
			// Something else has them. One of ours may be enough; if not, it is
			// tried again, and not at once.
			if out := l.heaviest(nil); out != nil {
				_ = out.Close()
			}
			if !l.rest(acceptAgain) {
				return nil, net.ErrClosed
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		c := &countedConn{Conn: conn, l: l, origin: origin(conn.RemoteAddr().String())}
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

// rest waits, unless the listener is closed.
func (l *listener) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

// add takes a newcomer in, and returns who gives way to them.
func (l *listener) add(c *countedConn) (out *countedConn, ok bool) {
	l.mu.Lock()
	p := l.of[c.origin]
	if p == nil {
		p = &party{waiting: list.New()}
		l.of[c.origin] = p
	}
	full := l.total >= l.limits.total
	if p.open >= l.limits.connections || p.waiting.Len() >= l.limits.waiting {
		out = p.first()
	} else if full {
		out = l.heaviestLocked(p)
	}
	if out == nil && (full || p.open >= l.limits.connections) {
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
func (l *listener) heaviest(newcomer *party) *countedConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heaviestLocked(newcomer)
}

func (l *listener) heaviestLocked(newcomer *party) *countedConn {
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
func (l *listener) forget(o netip.Prefix, p *party) {
	if p.open <= 0 {
		delete(l.of, o)
	}
}

// watch follows a connection's state, for http.Server.ConnState.
func (l *listener) watch(conn net.Conn, state http.ConnState) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
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

// countedConn is a connection with a place in its listener.
type countedConn struct {
	net.Conn
	l      *listener
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

func (l *listener) release(c *countedConn) {
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

// filesRanOut tells whether the process or the system has no more open files.
func filesRanOut(err error) bool {
	for _, e := range outOfFiles {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
