package sfu

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/logger/pionlogger"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

const (
	// maxOfOne is how many TCP connections one media connection may have: a client
	// has one for each pair of its addresses and ours that reach each other.
	maxOfOne = 8
	// keptOfOne of them give way to nobody.
	keptOfOne = 2
	// nameTimeout is how long somebody may be early: the media connection that they
	// name comes to be while they are told of it.
	nameTimeout = 2 * time.Second
	// unread and unwritten are LiveKit's own bounds (rtcconfig, webrtc_config.go): in
	// packets, and in bytes.
	unread    = 50
	unwritten = 4 << 20
)

var (
	errNobody  = errors.New("nobody has this name")
	errTooMany = errors.New("too many connections for media")
)

// TCP reports whether a media server at an address takes media over TCP, too.
func TCP(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() }

// tcpMux gives TCP connections to the guests' media connections. LiveKit's own listens
// by itself, on every address, for anybody who comes, and stops for good at the first
// error. This one is given connections by the door, and lets pion have those alone whose
// names it knows: pion would keep a buffer and goroutines for any name.
type tcpMux struct {
	*ice.TCPMuxDefault
	at     *net.TCPAddr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	names   map[string]*seats
	changed chan struct{} // closed and replaced with every new name
}

var _ ice.TCPMux = (*tcpMux)(nil)

// seats are the TCP connections of one media connection.
type seats struct {
	open  int
	users int      // of the name
	at    []net.IP // ours, at which it may be reached
}

// useTCP lets LiveKit's media connections have TCP connections of a port.
func useTCP(manager *service.RoomManager, port int) (*tcpMux, error) {
	settings, err := mediaSettings(manager)
	if err != nil {
		return nil, err
	}
	m := &tcpMux{
		at: &net.TCPAddr{Port: port}, conns: make(chan net.Conn), closed: make(chan struct{}),
		names: map[string]*seats{}, changed: make(chan struct{}),
	}
	m.TCPMuxDefault = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Logger:         pionlogger.NewLoggerFactory(logger.GetLogger()).NewLogger("tcp_mux"),
		Listener:       muxListener{m},
		ReadBufferSize: unread, WriteBufferSize: unwritten,
		FirstStunBindTimeout: nameTimeout, AliveDurationForConnFromStun: nameTimeout,
	})
	settings.SettingEngine.SetICETCPMux(m)
	settings.SettingEngine.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	return m, nil
}

// mediaSettings are those that LiveKit copies for each guest who joins. There is no other
// way to them than through its room manager.
func mediaSettings(manager *service.RoomManager) (*rtc.WebRTCConfig, error) {
	field := reflect.ValueOf(manager).Elem().FieldByName("rtcConfig")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*rtc.WebRTCConfig]() || field.IsNil() {
		return nil, errors.New("this LiveKit keeps its media settings elsewhere")
	}
	return (*rtc.WebRTCConfig)(field.UnsafePointer()), nil
}

// GetConnByUfrag implements ice.TCPMux: a media connection begins.
func (m *tcpMux) GetConnByUfrag(name string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	conn, err := m.TCPMuxDefault.GetConnByUfrag(name, isIPv6, local)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.names[name]
	if s == nil {
		s = &seats{}
		m.names[name] = s
	}
	s.at = append(s.at, local)
	s.users++
	close(m.changed)
	m.changed = make(chan struct{})
	return &used{PacketConn: conn, release: sync.OnceFunc(func() { m.leave(name, s, local) })}, nil
}

// leave ends one use of a name. Of two addresses that are told to clients as one and the
// same, pion closes the second: nobody would read what comes to that.
func (m *tcpMux) leave(name string, s *seats, local net.IP) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(s.at, local.Equal); i >= 0 {
		s.at = slices.Delete(s.at, i, i+1)
	}
	if s.users--; s.users == 0 && m.names[name] == s {
		delete(m.names, name)
	}
}

// used is what pion reads from and writes to for one of our addresses.
type used struct {
	net.PacketConn
	release func()
}

// ReadFrom implements net.PacketConn. It goes on when one of several connections has ended:
// pion would read nothing more from the others, nor from those to come.
func (u *used) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := u.PacketConn.ReadFrom(p)
		if err == nil || errors.Is(err, io.ErrClosedPipe) {
			return n, from, err
		}
	}
}

// Close implements net.PacketConn.
func (u *used) Close() error {
	u.release()
	return u.PacketConn.Close()
}

// RemoveConnByUfrag implements ice.TCPMux: a media connection has ended.
func (m *tcpMux) RemoveConnByUfrag(name string) {
	m.mu.Lock()
	delete(m.names, name)
	m.mu.Unlock()
	m.TCPMuxDefault.RemoveConnByUfrag(name)
}

// take takes a connection whose first check names somebody, see demux.Config.
func (m *tcpMux) take(ctx context.Context, name string, conn net.Conn, keep func()) error {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	seated, err := m.seat(ctx, name, conn, keep)
	if err != nil {
		return err
	}
	select {
	case m.conns <- seated:
		return nil
	case <-m.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	seated.release()
	return err
}

// seat waits until there is somebody of that name.
func (m *tcpMux) seat(ctx context.Context, name string, conn net.Conn, keep func()) (*seated, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.names[name] == nil {
		changed := m.changed
		m.mu.Unlock()
		err := errNobody
		select {
		case <-changed:
			err = nil
		case <-ctx.Done():
		case <-m.closed:
		}
		m.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
	s := m.names[name]
	if s.open >= maxOfOne {
		return nil, errTooMany
	}
	if s.open++; s.open <= keptOfOne {
		keep()
	}
	return &seated{Conn: conn, local: s.local(conn), release: sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.open--
	})}, nil
}

// local is where pion looks for the media connection: the address that was dialled, or,
// if this computer did not have it when the media connection began, another of the kind.
func (s *seats) local(conn net.Conn) net.Addr {
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok { // it has come by a relay
		local = &net.TCPAddr{}
	}
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return conn.LocalAddr()
	}
	is4 := remote.IP.To4() != nil
	found := local.IP
	for _, ip := range s.at {
		if ip.Equal(local.IP) {
			return local
		}
		if (ip.To4() != nil) == is4 {
			found = ip
		}
	}
	return &net.TCPAddr{IP: found, Port: local.Port}
}

// Close ends every connection.
func (m *tcpMux) Close() error {
	m.once.Do(func() { close(m.closed) })
	return m.TCPMuxDefault.Close()
}

// seated is a connection of somebody's.
type seated struct {
	net.Conn
	local   net.Addr
	release func()
}

// LocalAddr implements net.Conn.
func (s *seated) LocalAddr() net.Addr { return s.local }

// Close implements net.Conn.
func (s *seated) Close() error {
	s.release()
	return s.Conn.Close()
}

// muxListener is what pion accepts from.
type muxListener struct{ mux *tcpMux }

func (l muxListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.mux.conns:
		return conn, nil
	case <-l.mux.closed:
		return nil, io.EOF
	}
}

func (l muxListener) Close() error {
	l.mux.once.Do(func() { close(l.mux.closed) })
	return nil
}

func (l muxListener) Addr() net.Addr { return l.mux.at }
