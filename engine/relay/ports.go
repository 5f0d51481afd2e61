package relay

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"foyer/engine/host/limits"
	"foyer/engine/relay/relaywire"
)

var errFull = errors.New("there are as many servers as there are ports")

// admit gives a server its port. One that has dialled before, and whose connection has
// not ended yet, takes the place of that.
func (s *Server) admit(conn *tls.Conn, hello relaywire.Hello) (*session, error) {
	if before := s.sessionOf(hello.ID); before != nil {
		before.stop()
		<-before.done
	}
	port, l, err := s.open(hello)
	if err != nil {
		return nil, err
	}
	x, err := s.begin(conn, hello, port, l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return x, nil
}

func (s *Server) sessionOf(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.ports {
		if l.id == id {
			return l.session
		}
	}
	return nil
}

// open listens at the port of a server: that which it had, that which it asks for, or
// another. A port that something else on this computer has is none.
func (s *Server) open(hello relaywire.Hello) (int, *ports, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var last error
	for _, port := range s.choice(hello) {
		l, err := openPorts(s.bind(port), s.conf.Limits)
		if err != nil {
			last = err
			continue
		}
		s.ports[port] = &lease{id: hello.ID, since: time.Now()}
		return port, l, nil
	}
	if last == nil {
		last = errFull
	}
	return 0, nil, last
}

// choice are the ports that a server may have, the best first. Those of servers that are
// away come last, the longest away first. s.mu is held.
func (s *Server) choice(hello relaywire.Hello) []int {
	var own, free, away []int
	for port := s.conf.First; port <= s.conf.Last; port++ {
		l := s.ports[port]
		switch {
		case l == nil && port == hello.Port:
			own = append(own, port)
		case l == nil:
			free = append(free, port)
		case l.id == hello.ID:
			own = append([]int{port}, own...)
		case l.session == nil:
			i := len(away)
			for i > 0 && s.ports[away[i-1]].since.After(l.since) {
				i--
			}
			away = append(away[:i], append([]int{port}, away[i:]...)...)
		}
	}
	return append(append(own, free...), away...)
}

// begin makes the session and tells the server.
func (s *Server) begin(conn *tls.Conn, hello relaywire.Hello, port int, l *ports) (*session, error) {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
	id := binary.BigEndian.Uint64(raw[:]) | 1
	x, err := newSession(s, conn, id, port, l)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	lease := s.ports[port]
	if lease == nil || lease.id != hello.ID || lease.session != nil { // it has dialled twice at the same time
		s.mu.Unlock()
		return nil, errors.New("the port is another's by now")
	}
	lease.session = x
	s.sessions[id] = x
	s.mu.Unlock()
	if err := relaywire.WriteLine(conn, relaywire.Welcome{Port: port, Session: id}); err != nil {
		s.forget(x)
		return nil, err
	}
	return x, nil
}

// forget ends what s knows of a session; its port stays its server's for now.
func (s *Server) forget(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x.id)
	if l := s.ports[x.port]; l != nil && l.session == x {
		l.session, l.since = nil, time.Now()
	}
	x.over()
}

// ports are what guests come to: one number for TCP and UDP.
type ports struct {
	tcp *limits.Listener
	udp *net.UDPConn
}

func openPorts(at string, l Limits) (*ports, error) {
	tcp, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listen for guests: %w", err)
	}
	udp, err := listenUDP(at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for guests: %w", err), tcp.Close())
	}
	return &ports{places(tcp, l), udp}, nil
}

// Close ends both.
func (p *ports) Close() error { return errors.Join(p.tcp.Close(), p.udp.Close()) }
