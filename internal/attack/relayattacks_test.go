//go:build linux

package attack_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/call"
	"foyer/engine/relay/relaywire"
)

// relayAttacks are on foyer relay, through which everybody in the room has come.
func relayAttacks() []attempt {
	return []attempt{
		{"a relay without its key", outsider, "get a port, by 9 beginnings", withoutRelayKey},
		{"flood of connects at a relay", outsider, "keep servers and guests out", relayFlood},
		{"forged datagrams at a relay", outsider, "be a server or a guest, or turn their way", forgedDatagrams},
		{"a relay as a proxy", relayKey, "reach somebody who has not come", openProxy},
		{"lengths at a relay", relayKey, "find a length that stops or fills it", relayLengths},
		{"streams and pings at a relay", relayKey, "let it keep streams and answers without end", streamsAndPings},
		{"nobody reads at a relay", relayKey, "let it keep what nobody takes", nobodyReads},
		{"posing as a host", relayKey, "have guests of another server", posing},
		{"sealed bytes changed", outsider, "be believed on the wire between server and relay", tampering},
		{"a hostile relay", hostile, "fill the server that uses it, or keep its guests out", hostileRelay},
		{"a relay killed in a call", relayOwner, "end the call", relayKilled},
	}
}

// withoutRelayKey begins as those do who have no relay link.
func withoutRelayKey(s *stage) (string, error) {
	key := s.between.link.Key
	hellos := []string{
		"\n", "GET / HTTP/1.1\r\nHost: relay\r\n\r\n", strings.Repeat("x", 1<<20), strings.Repeat("\n", 1<<16),
		`{"id":"x"}` + "\n", `{"key":"","id":"x"}` + "\n", `{"key":"` + key[:len(key)-1] + `","id":"x"}` + "\n",
		`{"key":["` + key + `"],"id":"x"}` + "\n", `{"key":"` + key + `x","id":"x","port":1}` + "\n",
	}
	for _, hello := range hellos {
		conn, err := s.toRelay(s.another())
		if err != nil {
			return "", err
		}
		_, _ = io.WriteString(conn, hello) // it may be cut meanwhile
		answer, err := io.ReadAll(io.LimitReader(conn, 1<<10))
		_ = conn.Close()
		if errors.Is(err, context.DeadlineExceeded) || strings.Contains(string(answer), "port") {
			return "", reached("%.40q is answered %q, %v", hello, answer, err)
		}
	}
	guesses, refused := many(40, 2000), 0
	for range guesses {
		conn, err := s.toRelay(s.door.From)
		if err != nil {
			refused++
			continue
		}
		guess := make([]byte, 16)
		_, _ = rand.Read(guess) // never fails
		_ = relaywire.WriteLine(conn, relaywire.Hello{Key: fmt.Sprintf("%x", guess), ID: "x"})
		if answer, _ := io.ReadAll(io.LimitReader(conn, 1<<10)); strings.Contains(string(answer), "port") {
			return "", reached("%q", answer)
		}
		_ = conn.Close()
	}
	if guesses-refused > 20 {
		return "", reached("one address may guess %d times at once", guesses-refused)
	}
	return fmt.Sprintf("%d beginnings refused; of %d guesses from one address %d were heard", len(hellos), guesses, guesses-refused), nil
}

// relayFlood holds silent connections from many addresses, and looks whether servers and
// guests come in all the same.
func relayFlood(s *stage) (string, error) {
	n := many(200, 2000)
	from := func(k int) net.IP { return net.IPv4(127, 2, byte(k>>8), byte(k)) }
	dial := func(at string, per int) func() (net.Conn, error) {
		var k atomic.Int32
		return func() (net.Conn, error) {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from(int(k.Add(1)) / per)}}
			return dialer.DialContext(s.ctx, "tcp", at)
		}
	}
	servers := s.hold(n, dial(s.relayHost(), 1))
	guests := s.hold(3*n, dial(s.guestsPort(), 30))
	began := time.Now()
	if _, err := s.relayedHost(); err != nil {
		return "", reached("no server finds a place: %v", err)
	}
	took := time.Since(began)
	began = time.Now()
	if _, _, err := s.guest(call.RoleParticipant); err != nil {
		return "", reached("no guest comes in: %v", err)
	}
	return fmt.Sprintf("beside %d and %d silent connections, a server has a port after %d ms and a guest is in after %d ms",
		len(servers), len(guests), took.Milliseconds(), time.Since(began).Milliseconds()), nil
}

// forgedDatagrams sends what a server or a guest could have sent.
func forgedDatagrams(s *stage) (string, error) {
	dial := func(from net.IP, at string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}).DialContext(s.ctx, "udp", at)
	}
	server, err := dial(s.door.From, s.relayHost())
	if err != nil {
		return "", err
	}
	defer server.Close()
	times, sources, answers := many(4_000, 100_000), many(400, 4_000), 0
	for n := range times {
		raw := make([]byte, n%1600)
		_, _ = rand.Read(raw) // never fails
		_, _ = server.Write(raw)
	}
	for n := range sources {
		guest, err := dial(net.IPv4(127, 4, byte(n>>8), byte(n)), s.guestsPort())
		if err != nil {
			return "", err
		}
		_, _ = guest.Write(stunDatagram(n))
		_, _ = guest.Write(dtlsDatagram(n))
		_, _ = guest.Write(noiseDatagram(n))
		_ = guest.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := guest.Read(make([]byte, 1600)); err == nil {
			answers++
		}
		_ = guest.Close()
	}
	_ = server.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := server.Read(make([]byte, 1600)); err == nil {
		return "", reached("a datagram that nobody sealed is answered with %d bytes", n)
	}
	if answers > 0 {
		return "", reached("%d addresses without a password are answered", answers)
	}
	return fmt.Sprintf("%d datagrams of no server, and %d addresses of no guest", times, sources), s.stats(1)
}

// openProxy asks for somebody else in every way that a proxy has, and as a server that
// wants to send them something.
func openProxy(s *stage) (string, error) {
	victim, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer victim.Close()
	target, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(victim.Addr().(*net.TCPAddr).AddrPort()))
	if err != nil {
		return "", err
	}
	defer target.Close()
	var came atomic.Int32
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := victim.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			_ = conn.Close()
		}
	})
	at := victim.Addr().String()
	socks := append([]byte{5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1}, binary.BigEndian.AppendUint16(nil, uint16(target.LocalAddr().(*net.UDPAddr).Port))...)
	asks := []string{"CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n", "GET http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n\r\n", string(socks)}
	for _, ask := range asks {
		plain, err := s.toGuests(s.another(), s.guestsPort())
		if err != nil {
			return "", err
		}
		_, _ = io.WriteString(plain, ask)
		inside := tls.Client(plain, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // as attackers do
		if other, err := s.toGuests(s.another(), s.guestsPort()); err == nil {
			inside = tls.Client(other, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // likewise
		}
		_ = inside.SetDeadline(time.Now().Add(500 * time.Millisecond))
		_, _ = io.WriteString(inside, ask)
		_, _ = inside.Read(make([]byte, 512)) // the door waits for more, or does not know that
	}
	x, err := s.relayedHost()
	if err != nil {
		return "", err
	}
	fromServer, _, err := relaywire.Boxes(x.ConnectionState(), x.welcome.Session)
	if err != nil {
		return "", err
	}
	udp, err := net.Dial("udp", s.relayHost())
	if err != nil {
		return "", err
	}
	defer udp.Close()
	buffer := make([]byte, 1600)
	for flow := range uint32(1000) { // those of others, and of nobody
		_, _ = udp.Write(fromServer.Seal(buffer, flow, 1200))
	}
	most, err := s.forgedGuest(x, udp, fromServer, target)
	if err != nil {
		return "", err
	}
	var open bytes.Buffer
	_ = relaywire.WriteGuest(&open, netip.MustParseAddrPort(at))
	_, _ = x.Write(slices.Concat(muxFrame(0, 1, 2, open.Len()), open.Bytes()))
	if _, err := cutWithin(s.ctx, x, cutLimit); err != nil {
		return "", err
	}
	_ = target.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, _, err := target.ReadFrom(buffer); err == nil {
		return "", reached("somebody who has not come is sent %d bytes", n)
	}
	_ = victim.Close()
	group.Wait()
	if came.Load() > 0 {
		return "", reached("somebody is called")
	}
	return fmt.Sprintf("nobody is called by %d ways, nor sent one of 1000 datagrams; a check in somebody's name brings them %d bytes; "+
		"a server that calls is cut", 2*len(asks), most), nil
}

// forgedGuest sends one check in a victim's name to a server's port at the relay, and then
// as that server as much as it can to the victim. It returns how many bytes they got.
func (s *stage) forgedGuest(x *relayServer, udp net.Conn, fromServer *relaywire.Box, victim *net.UDPConn) (got int, err error) {
	buffer := make([]byte, 1600)
	_ = udp.SetReadDeadline(time.Now().Add(cutLimit))
	if _, err := udp.Write(fromServer.Seal(buffer, 0, 0)); err != nil { // where this server is
		return 0, err
	}
	if _, err := udp.Read(buffer); err != nil {
		return 0, fmt.Errorf("the relay does not answer its server: %w", err)
	}
	port, err := netip.ParseAddrPort(x.at())
	if err != nil {
		return 0, err
	}
	check := stunDatagram(1)
	if _, err := victim.WriteToUDPAddrPort(check, port); err != nil {
		return 0, err
	}
	if _, err := udp.Read(buffer); err != nil {
		return 0, fmt.Errorf("the check does not come to the server: %w", err)
	}
	for k := range 1000 { // the first flow of this server
		_, _ = udp.Write(fromServer.Seal(buffer, 1, 20+k))
	}
	_ = victim.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		n, _, err := victim.ReadFromUDPAddrPort(buffer)
		if err != nil {
			break
		}
		got += n
	}
	if got > 3*len(check) {
		return got, reached("a check of %d bytes in somebody's name brings them %d", len(check), got)
	}
	return got, nil
}

// muxFrame is the head of a frame of yamux.
func muxFrame(kind byte, flags uint16, stream uint32, length int) []byte {
	raw := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
	raw = binary.BigEndian.AppendUint32(raw, stream)
	return binary.BigEndian.AppendUint32(raw, uint32(length))
}

// Kinds of frames, and flags.
const (
	frameData, frameWindow, framePing = 0, 1, 2
	flagSYN, flagACK                  = 1, 2
)

// relayLengths has a guest of its own at the relay, and says something else about lengths
// each time.
func relayLengths(s *stage) (string, error) {
	const huge = 1<<32 - 1
	head := func(version, kind byte) []byte { return append([]byte{version}, muxFrame(kind, 0, 1, 0)[1:]...) }
	cut := 0
	for name, raw := range map[string][]byte{
		"4 GB for a guest":        muxFrame(frameData, 0, 1, huge),
		"4 GB for nobody":         append(muxFrame(frameData, 0, 77, huge), make([]byte, 1<<16)...),
		"more than the window":    muxFrame(frameData, 0, 1, 256<<10+1),
		"another version":         head(9, frameData),
		"another kind":            head(0, 9),
		"another reason to go":    muxFrame(3, 0, 0, 77),
		"the answer to no stream": append(muxFrame(frameWindow, flagACK, 99, huge), muxFrame(frameData, 0, 1, huge)...),
	} {
		x, err := s.relayedHost()
		if err != nil {
			return "", err
		}
		guest, err := s.toGuests(s.another(), x.at())
		if err != nil {
			return "", err
		}
		_, _ = io.WriteString(guest, "hello")
		if _, err := io.ReadFull(x, make([]byte, 12)); err != nil { // the stream has begun
			return "", fmt.Errorf("%s: %w", name, err)
		}
		_, _ = x.Write(raw)
		if _, err := cutWithin(s.ctx, x, cutLimit); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		cut++
	}
	x, err := s.relayedHost()
	if err != nil {
		return "", err
	}
	for range many(2_000, 100_000) { // a window without an end is nothing that fills
		if _, err := x.Write(muxFrame(frameWindow, 0, 1, huge)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("cut after each of %d; windows of 4 GB cost nothing", cut), nil
}

// streamsAndPings begins streams with data, and asks whether the relay is there, without
// end and without reading an answer.
func streamsAndPings(s *stage) (string, error) {
	body := make([]byte, 16<<10)
	streams, err := s.floodRelay(func(n uint32) []byte {
		return append(muxFrame(frameData, flagSYN, 2*n+2, len(body)), body...)
	})
	if err != nil {
		return "", fmt.Errorf("streams: %w", err)
	}
	bare, err := s.floodRelay(func(n uint32) []byte { return muxFrame(frameWindow, flagSYN, 2*n+2, 0) })
	if err != nil {
		return "", fmt.Errorf("streams without data: %w", err)
	}
	pings, err := s.floodRelay(func(n uint32) []byte { return muxFrame(framePing, flagSYN, 0, int(n)) })
	if err != nil {
		return "", fmt.Errorf("pings: %w", err)
	}
	return fmt.Sprintf("cut while sending stream %d with data, %d without, and ping %d", streams, bare, pings), nil
}

// floodRelay sends frames as a server, until it is cut, and returns how many went out.
func (s *stage) floodRelay(make func(n uint32) []byte) (uint32, error) {
	x, err := s.relayedHost()
	if err != nil {
		return 0, err
	}
	most := uint32(many(200_000, 5_000_000))
	for n := range most {
		_ = x.SetWriteDeadline(time.Now().Add(cutLimit))
		if _, err := x.Write(make(n)); err != nil {
			return n, nil // that is the cut
		}
	}
	return most, reached("%d are taken", most)
}

// nobodyReads is a server that reads nothing and sends its guests as much as it may, and
// guests who do the same.
func nobodyReads(s *stage) (string, error) {
	const each = 60
	x, err := s.relayedHost()
	if err != nil {
		return "", err
	}
	guests := make([]net.Conn, 0, 2*each)
	for range 2 {
		from := s.another()
		for range each {
			conn, err := s.toGuests(from, x.at())
			if err != nil {
				return "", err
			}
			guests = append(guests, conn)
		}
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Duration(many(1500, 30_000))*time.Millisecond)
	defer cancel()
	var sent, answered atomic.Int64
	var group sync.WaitGroup
	for _, conn := range guests {
		group.Go(func() {
			_ = conn.(*net.TCPConn).SetWriteBuffer(32 << 10) // what the relay takes is what counts
			for raw := make([]byte, 32<<10); ctx.Err() == nil; {
				_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				n, _ := conn.Write(raw)
				sent.Add(int64(n))
			}
		})
	}
	group.Go(func() {
		body := make([]byte, 64<<10)
		for k := 0; ctx.Err() == nil && k < 4*len(guests); k++ { // a window for each
			_ = x.SetWriteDeadline(time.Now().Add(cutLimit))
			if _, err := x.Write(append(muxFrame(frameData, 0, uint32(2*(k%len(guests))+1), len(body)), body...)); err != nil {
				return
			}
			answered.Add(int64(len(body)))
		}
	})
	group.Wait()
	return fmt.Sprintf("%d guests sent %d MB until nobody took more, and their server %d MB",
		len(guests), sent.Load()>>20, answered.Load()>>20), nil
}
