package relayed

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/relay/relaywire"
)

const (
	// UDP is asked for often until it comes through, and then as often as routers need
	// to keep a way open.
	askFast   = 200 * time.Millisecond
	askSlow   = 10 * time.Second
	fastFor   = 5 * time.Second
	aliveFor  = 3*askSlow - time.Second
	maxFlows  = 256 // guests' addresses, as the relay allows them
	flowIdle  = 60 * time.Second
	flowProof = 5 * time.Second // until the media server answers, who knows those who are guests
	buffers   = 2 << 20         // bytes that the system keeps of datagrams
	sweepEach = flowProof
)

// datagrams passes those of guests on to the media server, and its answers back.
type datagrams struct {
	relay                 *net.UDPConn
	media                 func() netip.AddrPort
	fromServer, fromRelay *relaywire.Box
	heard                 atomic.Int64 // when the relay has last answered
	group                 sync.WaitGroup

	mu    sync.Mutex
	flows map[uint32]*flow
	over  bool // no flow begins any more
}

// flow is one guest's address, as the media server knows it: a socket of this computer.
type flow struct {
	*net.UDPConn
	began  time.Time
	used   atomic.Int64 // when something last came from the guest
	proved atomic.Bool  // the media server has answered
}

// dialMedia opens the way for datagrams beside a connection to the relay.
func dialMedia(conn *tls.Conn, session uint64, media func() netip.AddrPort) (*datagrams, error) {
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil, errors.New("the relay is not reached by TCP")
	}
	d := &datagrams{media: media, flows: map[uint32]*flow{}}
	var err error
	if d.fromServer, d.fromRelay, err = relaywire.Boxes(conn.ConnectionState(), session); err != nil {
		return nil, err
	}
	d.relay, err = net.DialUDP("udp", nil, &net.UDPAddr{IP: remote.IP, Port: remote.Port, Zone: remote.Zone})
	if err != nil {
		return nil, err
	}
	_, _ = d.relay.SetReadBuffer(buffers), d.relay.SetWriteBuffer(buffers) // as much as the system allows
	return d, nil
}

// Close ends it before run.
func (d *datagrams) Close() error { return d.relay.Close() }

// alive reports whether UDP comes through between the relay and us.
func (d *datagrams) alive() bool {
	at := d.heard.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < aliveFor
}

// run passes on until ctx ends.
func (d *datagrams) run(ctx context.Context) {
	d.group.Go(func() { d.read(ctx) })
	d.ask(ctx)
	_ = d.relay.Close()
	d.mu.Lock()
	d.over = true
	for _, f := range d.flows {
		_ = f.Close()
	}
	d.mu.Unlock()
	d.group.Wait()
}

// ask keeps asking whether UDP comes through.
func (d *datagrams) ask(ctx context.Context) {
	began, swept := time.Now(), time.Now()
	var buffer [relaywire.Room + relaywire.End]byte
	for {
		_, _ = d.relay.Write(d.fromServer.Seal(buffer[:], 0, 0)) // may be lost as any other
		wait := askSlow
		if !d.alive() && time.Since(began) < fastFor {
			wait = askFast
		}
		if !sleep(ctx, wait) {
			return
		}
		if now := time.Now(); now.Sub(swept) > sweepEach {
			swept = now
			d.mu.Lock()
			d.sweep(now)
			d.mu.Unlock()
		}
	}
}

// sweep ends the flows of guests who have gone, and of those who are none. d.mu is held.
func (d *datagrams) sweep(now time.Time) {
	for id, f := range d.flows {
		if now.Sub(time.Unix(0, f.used.Load())) > flowIdle || !f.proved.Load() && now.Sub(f.began) > flowProof {
			_ = f.Close()
			delete(d.flows, id)
		}
	}
}

// giveWay ends the flow that has waited for an answer for longest, and reports whether
// there was one. d.mu is held.
func (d *datagrams) giveWay() bool {
	var first uint32
	for id, f := range d.flows {
		if !f.proved.Load() && (first == 0 || f.began.Before(d.flows[first].began)) {
			first = id
		}
	}
	if first == 0 {
		return false
	}
	_ = d.flows[first].Close()
	delete(d.flows, first)
	return true
}

// read takes what the relay sends.
func (d *datagrams) read(ctx context.Context) {
	buffer := make([]byte, relaywire.Room+relaywire.MaxPayload+relaywire.End+1)
	for {
		n, err := d.relay.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // the relay has no such port now
			if !sleep(ctx, askFast) {
				return
			}
			continue
		}
		_, id, payload, err := d.fromRelay.Open(buffer[:n])
		if err != nil {
			continue
		}
		d.heard.Store(time.Now().UnixNano())
		if id == 0 {
			continue
		}
		if f := d.flow(id); f != nil {
			f.used.Store(time.Now().UnixNano())
			_, _ = f.Write(payload) // may be lost as any other
		}
	}
}

// flow is a guest's socket, made if there is none and there is room.
func (d *datagrams) flow(id uint32) *flow {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.flows[id]; f != nil {
		return f
	}
	if len(d.flows) >= maxFlows {
		d.sweep(time.Now())
	}
	if d.over || len(d.flows) >= maxFlows && !d.giveWay() {
		return nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(d.media()))
	if err != nil {
		return nil
	}
	f := &flow{UDPConn: conn, began: time.Now()}
	f.used.Store(f.began.UnixNano())
	d.flows[id] = f
	d.group.Go(func() { d.answer(id, f) })
	return f
}

// answer takes what the media server says to a guest.
func (d *datagrams) answer(id uint32, f *flow) {
	buffer := make([]byte, relaywire.Room+relaywire.MaxPayload+relaywire.End)
	for {
		n, err := f.Read(buffer[relaywire.Room : relaywire.Room+relaywire.MaxPayload])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // the media server starts anew, and its port is closed for that time
			if f.SetReadDeadline(time.Time{}) != nil {
				return
			}
			continue
		}
		f.proved.Store(true)
		_, _ = d.relay.Write(d.fromServer.Seal(buffer, id, n))
	}
}
