package limits

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimitsFitTheOpenFiles(t *testing.T) {
	for _, tt := range []struct {
		files                       uint64
		total, connections, waiting int
	}{
		{0, 8192, 512, 128}, {1 << 20, 8192, 512, 128}, {1 << 63, 8192, 512, 128},
		{1024, 192, 48, 24}, {256, 48, 12, 6}, {64, 1, 1, 1}, {3, 1, 1, 1},
	} {
		l := Default().Fit(tt.files)
		if l.Total != tt.total || l.Connections != tt.connections || l.Waiting != tt.waiting {
			t.Errorf("%d files: %d connections, %d of an address, %d of them waiting", tt.files, l.Total, l.Connections, l.Waiting)
		}
		if need := uint64(l.Total)*filesOfOne + minFiles; tt.files >= 256 && need > tt.files {
			t.Errorf("%d files: %d are needed", tt.files, need)
		}
	}
}

// standIn is a connection that says where it comes from and whether it is closed.
type standIn struct {
	net.Conn
	from   string
	closed atomic.Bool
}

func (s *standIn) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", s.from+":1")
	return a
}

func (s *standIn) Close() error {
	s.closed.Store(true)
	return nil
}

// script is a listener that hands out what it is given.
type script struct {
	next []any // *standIn or error
	done chan struct{}
}

func (s *script) Accept() (net.Conn, error) {
	if len(s.next) == 0 {
		<-s.done
		return nil, net.ErrClosed
	}
	first := s.next[0]
	s.next = s.next[1:]
	if err, ok := first.(error); ok {
		return nil, err
	}
	return first.(*standIn), nil
}

func (s *script) Close() error   { close(s.done); return nil }
func (s *script) Addr() net.Addr { return &net.TCPAddr{} }

func TestWaitingConnectionsGiveWay(t *testing.T) {
	inner := &script{done: make(chan struct{})}
	l := NewListener(inner, Limits{Connections: 4, Waiting: 3, Total: 6})
	accept := func(from string) (*standIn, net.Conn) {
		t.Helper()
		s := &standIn{from: from}
		inner.next = []any{s}
		got := make(chan net.Conn, 1)
		go func() {
			c, _ := l.Accept()
			got <- c
		}()
		select {
		case c := <-got:
			return s, c
		case <-time.After(50 * time.Millisecond): // refused: it waits for the next
			inner.done <- struct{}{}
			<-got
			return s, nil
		}
	}
	var heavy []*standIn
	var conns []net.Conn
	for range 3 {
		s, c := accept("10.0.0.1")
		heavy, conns = append(heavy, s), append(conns, c)
	}
	// The fourth that waits takes the place of the first.
	s, c := accept("10.0.0.1")
	heavy, conns = append(heavy, s), append(conns, c)
	if !heavy[0].closed.Load() || heavy[1].closed.Load() || c == nil {
		t.Errorf("closed: %v, %v; let in: %v", heavy[0].closed.Load(), heavy[1].closed.Load(), c != nil)
	}
	// Who works does not give way; who has finished does again.
	l.Watch(conns[1], http.StateActive)
	accept("10.0.0.1")
	if heavy[1].closed.Load() || heavy[2].closed.Load() {
		t.Error("closed while there was room")
	}
	accept("10.0.0.1") // the fifth of the address: the longest that waits goes
	if heavy[1].closed.Load() || !heavy[2].closed.Load() {
		t.Errorf("working closed: %v, waiting closed: %v", heavy[1].closed.Load(), heavy[2].closed.Load())
	}
	// The server is full: the heaviest address gives way to others.
	accept("10.0.0.2")
	accept("10.0.0.3")
	if heavy[3].closed.Load() {
		t.Error("closed while there was room")
	}
	if s, c := accept("10.0.0.4"); c == nil || s.closed.Load() || !heavy[3].closed.Load() {
		t.Errorf("the newcomer is in: %v, the heaviest gave way: %v", c != nil, heavy[3].closed.Load())
	}
	l.Watch(conns[1], http.StateIdle)
	total, parties := l.total, len(l.of)
	for range 2 {
		_ = conns[1].Close()
		_ = conns[1].Close()
	}
	l.Watch(conns[1], http.StateActive) // too late
	if total != 6 || l.total != 5 || parties != 4 {
		t.Errorf("%d and then %d connections of %d addresses", total, l.total, parties)
	}
}

func TestFullOfWorkersRefuses(t *testing.T) {
	l := NewListener(&script{done: make(chan struct{})}, Limits{Connections: 10, Waiting: 10, Total: 2})
	for i := range 2 {
		c := &countedConn{Conn: &standIn{}, l: l.places, origin: Origin(fmt.Sprintf("10.0.0.%d:1", i))}
		if _, ok := l.add(c); !ok {
			t.Fatal("refused")
		}
		l.Watch(c, http.StateHijacked)
	}
	if out, ok := l.add(&countedConn{Conn: &standIn{}, l: l.places, origin: Origin("10.0.0.9:1")}); ok || out != nil {
		t.Error("let in")
	}
	if len(l.of) != 2 {
		t.Errorf("%d addresses are remembered", len(l.of))
	}
}

// TestOutOfFiles: the listener goes on when there are files again, asks no more
// often than it said, and lets go of who waits.
func TestOutOfFiles(t *testing.T) {
	waits := &standIn{from: "10.0.0.1"}
	inner := &script{next: []any{waits}, done: make(chan struct{})}
	l := NewListener(inner, Limits{Connections: 10, Waiting: 10, Total: 10})
	if _, err := l.Accept(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		inner.next = append(inner.next, fmt.Errorf("accept: %w", outOfFiles[0]))
	}
	inner.next = append(inner.next, &standIn{from: "10.0.0.2"})
	began := time.Now()
	if _, err := l.Accept(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 3*acceptAgain {
		t.Errorf("three times without files take %v", took)
	}
	if !waits.closed.Load() {
		t.Error("who waits keeps their file")
	}
	inner.next = []any{outOfFiles[0], outOfFiles[0], outOfFiles[0]}
	go func() { _ = l.Close() }()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestListenersBeside: what an address has open at one listener counts at the other.
func TestListenersBeside(t *testing.T) {
	first := &script{done: make(chan struct{})}
	second := &script{done: make(chan struct{})}
	l := NewListener(first, Limits{Connections: 2, Waiting: 2, Total: 4})
	beside := l.Beside(second)
	all := []*standIn{{from: "10.0.0.1"}, {from: "10.0.0.1"}, {from: "10.0.0.1"}}
	first.next, second.next = []any{all[0]}, []any{all[1], all[2]}
	for _, from := range []*Listener{l, beside, beside} {
		if _, err := from.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	if !all[0].closed.Load() || all[1].closed.Load() || all[2].closed.Load() || l.total != 2 {
		t.Errorf("%d are open, and the first is not the one that gave way", l.total)
	}
	if err := beside.Close(); err != nil || l.total != 2 {
		t.Errorf("%v, %d are open", err, l.total)
	}
}
