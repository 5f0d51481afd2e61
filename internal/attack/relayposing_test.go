//go:build linux

package attack_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/yamux"

	"foyer/engine/call"
	"foyer/engine/relay/relaywire"
	"foyer/internal/attack"
	"foyer/internal/drive"
)

// posing wants the port of another server: with its number, and with its name, which is a
// secret. Guests notice that.
func posing(s *stage) (string, error) {
	_, port, _ := net.SplitHostPort(s.between.guests)
	hello := s.ownHello()
	_, _ = fmt.Sscan(port, &hello.Port)
	thief, welcome, err := s.dialRelay(hello)
	if err != nil {
		return "", err
	}
	s.later(func() { _ = thief.Close() })
	if welcome.Port == hello.Port || welcome.Port == 0 {
		return "", reached("whoever asks for it has another's port: %+v", welcome)
	}
	own, err := s.relayedHost()
	if err != nil {
		return "", err
	}
	stolen := s.ownHello()
	first, before, err := s.dialRelay(stolen)
	if err != nil {
		return "", err
	}
	defer first.Close()
	second, after, err := s.dialRelay(stolen) // by the same name, and the same key
	if err != nil {
		return "", err
	}
	s.later(func() { _ = second.Close() })
	if after.Port != before.Port {
		return "", fmt.Errorf("port %d, then %d", before.Port, after.Port)
	}
	if _, err := cutWithin(s.ctx, first, cutLimit); err != nil {
		return "", err
	}
	said, err := s.servesAs(second)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("another port (%d, %d); with a stolen name the port, and guests say: %s",
		welcome.Port, own.welcome.Port, said), nil
}

// servesAs answers guests of a port with a certificate of the attacker's, and returns what
// a guest says whose link is of the real server.
func (s *stage) servesAs(x *relayServer) (string, error) {
	_ = x.SetDeadline(time.Time{})
	mux, err := yamux.Server(x.Conn, relaywire.Streams())
	if err != nil {
		return "", err
	}
	hostile := s.newRelay()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			stream, err := mux.AcceptStream()
			if err != nil {
				return
			}
			group.Go(func() { passTo(stream, hostile.http.Listener.Addr().String()) })
		}
	})
	defer group.Wait()
	defer mux.Close()
	link := s.links[call.RoleParticipant]
	link.Hosts = []string{x.at()}
	out, errs, status, err := s.foyer.Run(s.ctx, nil, "check", link.String())
	if err != nil || status == 0 || !strings.Contains(out, "This is not the computer") {
		return "", reached("status %d, %v, %s%s", status, err, out, errs)
	}
	return strings.Join(strings.Fields(out), " "), nil
}

// passTo takes a guest from a stream to a server.
func passTo(stream net.Conn, at string) {
	defer stream.Close()
	if _, err := relaywire.ReadGuest(stream); err != nil {
		return
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	defer conn.Close()
	var up sync.WaitGroup
	up.Go(func() { _, _ = io.Copy(conn, stream); _ = conn.Close() })
	_, _ = io.Copy(stream, conn)
	_ = stream.Close()
	up.Wait()
}

// tampering has the wire between server and relay: it sends each datagram again with a bit
// turned, again as it was, and from another address.
func tampering(s *stage) (string, error) {
	elsewhere, err := net.Dial("udp", s.relayHost())
	if err != nil {
		return "", err
	}
	defer elsewhere.Close()
	var changed, again atomic.Int64
	var old []attack.Datagram // of one goroutine for each direction
	var mu sync.Mutex
	s.between.wire.Tap(func(d attack.Datagram) {
		bad := bytes.Clone(d.Raw)
		n := changed.Add(1)
		bad[int(n)%len(bad)] ^= 1 << (n % 8)
		d.Send(bad)
		d.Send(d.Raw[:len(d.Raw)-1])
		mu.Lock()
		defer mu.Unlock()
		if old = append(old, d); len(old) > 64 {
			if kept := old[0]; kept.Back {
				kept.Send(kept.Raw)
			} else {
				_, _ = elsewhere.Write(kept.Raw)
			}
			again.Add(1)
			old = old[1:]
		}
	})
	s.later(func() { s.between.wire.Tap(nil) })
	enough := int64(many(300, 5000))
	if err := drive.Until(s.ctx, func() bool { return again.Load() > enough }); err != nil {
		return "", fmt.Errorf("only %d datagrams came by, %d again: %w", changed.Load(), again.Load(), err)
	}
	_ = elsewhere.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := elsewhere.Read(make([]byte, 1600)); err == nil {
		return "", reached("%d bytes for the server go to where a kept datagram came from", n)
	}
	x, err := s.relayedHost()
	if err != nil {
		return "", err
	}
	_, _ = x.NetConn().Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32))) // a record that nobody sealed
	if _, err := cutWithin(s.ctx, x, cutLimit); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d datagrams with a turned bit, %d that were kept, nobody noticed; a changed record ends the connection",
		changed.Load(), again.Load()), nil
}

// relayKilled kills the relay in the call. The server and the guests say so, and are back
// when the relay is.
func relayKilled(s *stage) (string, error) {
	marks := map[*bystander]int{s.ada: s.ada.Mark(), s.grace: s.grace.Mark()}
	server := s.server.Mark()
	if err := s.between.process.Signal(syscall.SIGKILL); err != nil {
		return "", err
	}
	s.between.process.Ended()
	lost, err := s.server.Wait(s.ctx, "reach", server, func(e drive.Event) bool { return relayOf(e).State == "lost" })
	if err != nil {
		return "", err
	}
	if !strings.Contains(lost.Text("who"), "the relay cannot be reached") {
		return "", fmt.Errorf("the server does not say it: %s", lost.Raw)
	}
	for b, mark := range marks {
		if _, err := b.Wait(s.ctx, "state", mark, func(e drive.Event) bool { return e.Text("state") == "reconnecting" }); err != nil {
			return "", err
		}
	}
	if err := every(s.ctx, time.Second, many(2, 10), func(int) error { return nil }); err != nil { // servers ask less and less often
		return "", err
	}
	began := time.Now()
	s.startRelay()
	if at := s.relayed(server); at != s.between.guests {
		return "", reached("guests came to %s, and now to %s", s.between.guests, at)
	}
	port := time.Since(began)
	var back time.Duration
	for b, mark := range marks {
		if _, err := b.Wait(s.ctx, "state", mark, func(e drive.Event) bool { return e.Text("state") == "joined" }); err != nil {
			return "", err
		}
		back = max(back, time.Since(began))
	}
	for _, pair := range [][2]*bystander{{s.ada, s.grace}, {s.grace, s.ada}} {
		mark := pair[0].Mark()
		if _, err := pair[0].Wait(s.ctx, "stats", mark, func(e drive.Event) bool { return trackOf(e, pair[1].id).Level > audible }); err != nil {
			return "", err
		}
	}
	heard := time.Since(began)
	return fmt.Sprintf("the server says %q, the guests are reconnecting; the relay is back -> its port %.1f s, guests %.1f s, heard %.1f s",
		lost.Text("who"), port.Seconds(), back.Seconds(), heard.Seconds()), nil
}
