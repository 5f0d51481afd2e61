package attack

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
)

// Wire is the network between a machine and another one that it dials, TCP and UDP, and
// belongs to the attacker.
type Wire struct {
	tcp    net.Listener
	udp    *net.UDPConn // where the machine sends
	beyond *net.UDPConn // to the other one
	to     string
	group  sync.WaitGroup

	mu      sync.Mutex
	machine *net.UDPAddr
	conns   map[net.Conn]struct{}
	// each is called with each datagram, before it is passed on; nil: nobody looks.
	each func(Datagram)
}

// Datagram is one on a wire.
type Datagram struct {
	Raw  []byte
	Back bool // from the other one to the machine
	// Send sends another in its place, besides.
	Send func(raw []byte)
}

// NewWire passes on what comes to an address to another, until Close.
func NewWire(at, to string) (*Wire, error) {
	w := &Wire{to: to, conns: map[net.Conn]struct{}{}}
	var err error
	if w.tcp, err = net.Listen("tcp", at); err != nil {
		return nil, err
	}
	if w.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(w.tcp.Addr().(*net.TCPAddr).AddrPort())); err != nil {
		_ = w.tcp.Close()
		return nil, err
	}
	far, err := net.ResolveUDPAddr("udp", to)
	if err == nil {
		w.beyond, err = net.DialUDP("udp", nil, far)
	}
	if err != nil {
		_, _ = w.tcp.Close(), w.udp.Close()
		return nil, err
	}
	w.group.Go(w.accept)
	w.group.Go(w.there)
	w.group.Go(w.back)
	return w, nil
}

// Addr is where the machine dials.
func (w *Wire) Addr() string { return w.tcp.Addr().String() }

// Close cuts everything.
func (w *Wire) Close() {
	_, _, _ = w.tcp.Close(), w.udp.Close(), w.beyond.Close()
	w.mu.Lock()
	for conn := range w.conns {
		_ = conn.Close()
	}
	w.mu.Unlock()
	w.group.Wait()
}

// Tap lets f see each datagram from now on; nil: nobody.
func (w *Wire) Tap(f func(Datagram)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.each = f
}

func (w *Wire) accept() {
	for {
		near, err := w.tcp.Accept()
		if err != nil {
			return
		}
		w.group.Go(func() { w.join(near) })
	}
}

func (w *Wire) join(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	w.conns[near], w.conns[far] = struct{}{}, struct{}{}
	w.mu.Unlock()
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(far, near)
		_, _ = far.Close(), near.Close()
	})
	_, _ = io.Copy(near, far)
	_, _ = far.Close(), near.Close()
	up.Wait()
	w.mu.Lock()
	delete(w.conns, near)
	delete(w.conns, far)
	w.mu.Unlock()
}

// maxDatagram is the longest that there is.
const maxDatagram = 1 << 16

func (w *Wire) there() {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := w.udp.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.machine = from
		w.mu.Unlock()
		w.pass(buffer[:n], false, func(raw []byte) { _, _ = w.beyond.Write(raw) })
	}
}

func (w *Wire) back() {
	buffer := make([]byte, maxDatagram)
	for {
		n, err := w.beyond.Read(buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // nobody is there now
		}
		w.mu.Lock()
		to := w.machine
		w.mu.Unlock()
		w.pass(buffer[:n], true, func(raw []byte) { _, _ = w.udp.WriteToUDP(raw, to) })
	}
}

func (w *Wire) pass(raw []byte, back bool, send func([]byte)) {
	w.mu.Lock()
	each := w.each
	w.mu.Unlock()
	if each != nil {
		each(Datagram{bytes.Clone(raw), back, send})
	}
	send(raw)
}
