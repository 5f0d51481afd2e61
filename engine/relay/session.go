package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
	"golang.org/x/time/rate"

	"foyer/engine/relay/relaywire"
)

// window is how far a datagram may be behind the newest. What is older is somebody's who
// has kept it.
const window = 4096

// session is a server that uses the relay.
type session struct {
	relay *Server
	conn  *tls.Conn
	id    uint64
	port  int
	ports *ports
	rate  *rate.Limiter
	group sync.WaitGroup

	stopping chan struct{}
	done     chan struct{}
	stopOnce sync.Once
	doneOnce sync.Once

	mux *yamux.Session

	fromServer, fromRelay *relaywire.Box
	flows                 *flows
	newest                uint64                         // datagram of the server; of Server.readServers alone
	at                    atomic.Pointer[netip.AddrPort] // from where it has come; nil: none has
}

func newSession(s *Server, conn *tls.Conn, id uint64, port int, l *ports) (*session, error) {
	x := &session{
		relay: s, conn: conn, id: id, port: port, ports: l, stopping: make(chan struct{}), done: make(chan struct{}),
		rate: newRate(s.conf.Limits.Bytes), flows: newFlows(s.conf.Limits),
	}
	var err error
	x.fromServer, x.fromRelay, err = relaywire.Boxes(conn.ConnectionState(), id)
	return x, err
}

// newRate lets so many bytes a second pass, and a quarter of that at once.
func newRate(bytes int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(bytes), max(bytes/4, 2*copySize))
}

// stop ends it soon; done is closed afterwards.
func (x *session) stop() { x.stopOnce.Do(func() { close(x.stopping) }) }

func (x *session) over() { x.doneOnce.Do(func() { close(x.done) }) }

// run serves until the server goes, another takes its place, or ctx ends.
func (x *session) run(ctx context.Context) error {
	defer x.ports.Close()
	var err error
	if x.mux, err = yamux.Client(relaywire.NewGuard(x.conn, false), relaywire.Streams()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	x.group.Go(func() { x.acceptGuests(ctx) })
	x.group.Go(func() { x.readGuests(ctx) })
	select {
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-x.stopping:
		err = errors.New("it has dialled again")
	case <-x.mux.CloseChan():
		err = errors.New("its connection has ended")
	}
	cancel()
	_, _ = x.mux.Close(), x.ports.Close()
	x.group.Wait()
	return err
}

// readServers takes the datagrams of all servers.
func (s *Server) readServers() {
	buffer := make([]byte, relaywire.Room+relaywire.MaxPayload+relaywire.End+1)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n == len(buffer) {
			continue
		}
		s.mu.Lock()
		x := s.sessions[relaywire.SessionOf(buffer[:n])]
		s.mu.Unlock()
		if x != nil {
			x.take(buffer[:n], from)
		}
	}
}

// take passes on what a server has sealed for a guest, or answers if it only asks.
func (x *session) take(datagram []byte, from netip.AddrPort) {
	count, id, payload, err := x.fromServer.Open(datagram)
	if err != nil || count+window <= x.newest {
		return
	}
	if count > x.newest {
		x.newest = count
		if at := x.at.Load(); at == nil || *at != from {
			x.at.Store(&from)
		}
	}
	now := time.Now()
	if id == 0 {
		if count == x.newest { // and not one that somebody has kept
			var answer [relaywire.Room + relaywire.End]byte
			_, _ = x.relay.udp.WriteToUDPAddrPort(x.fromRelay.Seal(answer[:], 0, 0), from) // may be lost as any other
		}
		return
	}
	guest, ok := x.flows.to(id, len(payload), now)
	if ok && x.rate.AllowN(now, len(payload)) {
		_, _ = x.ports.udp.WriteToUDPAddrPort(payload, guest)
	}
}

// readGuests takes the datagrams of guests.
func (x *session) readGuests(ctx context.Context) {
	buffer := make([]byte, relaywire.Room+relaywire.MaxPayload+relaywire.End)
	for {
		n, guest, err := x.ports.udp.ReadFromUDPAddrPort(buffer[relaywire.Room:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if !rest(ctx) {
				return
			}
			continue
		}
		at := x.at.Load()
		if at == nil || n > relaywire.MaxPayload { // the server cannot be reached by UDP, or it was cut
			continue
		}
		now := time.Now()
		id, ok := x.flows.from(guest, buffer[relaywire.Room:relaywire.Room+n], now)
		if ok && x.rate.AllowN(now, n) {
			_, _ = x.relay.udp.WriteToUDPAddrPort(x.fromRelay.Seal(buffer, id, n), *at)
		}
	}
}
