//go:build linux

package attack_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/yamux"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
	"foyer/engine/relay/relaywire"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// hostileRelay is the relay of a server of its own: it makes up guests and asks without
// end, lies about lengths, and gives ports that there are not.
func hostileRelay(s *stage) (string, error) {
	fake, err := s.newHostileRelay()
	if err != nil {
		return "", err
	}
	server, one, err := s.serverOf(fake.link)
	if err != nil {
		return "", err
	}
	text, err := server.InviteWith(s.ctx, hall)
	if err == nil {
		fake.room, err = call.ParseLink(text)
	}
	if err != nil {
		return "", err
	}
	before, err := one.look(s.ctx)
	if err == nil {
		err = drive.ResetPeak(one.pid)
	}
	if err != nil {
		return "", err
	}
	comeIn := func() error {
		p, err := s.somebody()
		if err == nil {
			_, err = (attack.Door{URL: server.URL, From: s.door.From}).Admit(s.ctx, p, fake.room)
		}
		return err
	}
	said := ""
	for _, evil := range hostileWays() {
		n, err := fake.does(s.ctx, evil.does)
		if err != nil {
			return said, fmt.Errorf("%s: %w", evil.name, err)
		}
		said += fmt.Sprintf("%s: cut after %d; ", evil.name, n)
		if err := comeIn(); err != nil {
			return said, reached("after %s nobody comes in: %v", evil.name, err)
		}
	}
	n, err := fake.does(s.ctx, func(conn net.Conn) (int, error) { return posesAsGuest(s.ctx, conn, s.door.From, comeIn) })
	if err != nil {
		return said, fmt.Errorf("a guest of the host's computer: %w", err)
	}
	said += fmt.Sprintf("%d connections in the name of a guest keep them out of nothing; ", n)
	// It is new, and keeps what every server keeps after its first guests. What it has for
	// connections goes.
	const most = 60
	after := before
	if err := drive.Until(s.ctx, func() bool {
		v, err := one.look(s.ctx)
		if err == nil {
			after = v
		}
		return err == nil && v.goroutines <= before.goroutines+most && v.files <= before.files+mostFiles
	}); err != nil {
		return said, reached("%v before, and %v", before, after)
	}
	peak, err := drive.Peak(one.pid)
	if err != nil || peak > one.most {
		return said, reached("the server held %d MB, %v", peak>>20, err)
	}
	return fmt.Sprintf("%sthe server held %d MB at most, and guests come in", said, peak>>20), nil
}

// hostileWay is what a relay does with a server that has called.
type hostileWay struct {
	name string
	does func(conn net.Conn) (int, error)
}

func hostileWays() []hostileWay {
	flood := func(make func(n int) []byte) func(net.Conn) (int, error) {
		return func(conn net.Conn) (int, error) {
			welcome := relaywire.Welcome{Port: 7850, Session: 1}
			if err := relaywire.WriteLine(conn, welcome); err != nil {
				return 0, err
			}
			most := many(100_000, 2_000_000)
			for n := range most {
				_ = conn.SetWriteDeadline(time.Now().Add(cutLimit))
				if _, err := conn.Write(make(n)); err != nil {
					return n, nil // that is the cut
				}
			}
			return most, reached("%d are taken", most)
		}
	}
	body := make([]byte, 16<<10)
	return []hostileWay{
		{"a port that there is not", func(conn net.Conn) (int, error) {
			err := relaywire.WriteLine(conn, relaywire.Welcome{Port: 99999, Session: 1})
			_, cut := cutWithin(context.Background(), conn, cutLimit)
			return 0, errors.Join(err, cut)
		}},
		{"guests without an end", flood(func(n int) []byte {
			var guest bytes.Buffer
			_ = relaywire.WriteGuest(&guest, netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)}), 1000))
			guest.Write(body)
			return append(muxFrame(frameData, flagSYN, uint32(2*n+1), guest.Len()), guest.Bytes()...)
		})},
		{"pings", flood(func(n int) []byte { return muxFrame(framePing, flagSYN, 0, n) })},
		{"4 GB for nobody", flood(func(n int) []byte { return append(muxFrame(frameData, 0, 77, 1<<32-1), body...) })},
	}
}

// posesAsGuest brings as many connections in the name of a guest as an address may have,
// each with a request that does not end, and then has the guest come.
func posesAsGuest(ctx context.Context, conn net.Conn, guest net.IP, comeIn func() error) (int, error) {
	if err := relaywire.WriteLine(conn, relaywire.Welcome{Port: 7850, Session: 1}); err != nil {
		return 0, err
	}
	mux, err := yamux.Client(conn, relaywire.Streams())
	if err != nil {
		return 0, err
	}
	defer mux.Close()
	address, _ := netip.AddrFromSlice(guest.To4())
	const most = 512 // docs/limits.md
	for n := range most {
		stream, err := mux.OpenStream()
		if err == nil {
			err = relaywire.WriteGuest(stream, netip.AddrPortFrom(address, uint16(1000+n)))
		}
		inside := tls.Client(stream, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // as attackers do
		if err == nil {
			err = inside.HandshakeContext(ctx)
		}
		if err == nil {
			_, err = fmt.Fprintf(inside, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n", doorapi.JoinPath)
		}
		if err != nil {
			return n, err
		}
	}
	if err := comeIn(); err != nil {
		return most, reached("nobody comes in: %v", err)
	}
	return most, nil
}

// badRelay is a relay that means no good.
type badRelay struct {
	link  reach.RelayLink
	room  call.Link // of the server that uses it
	calls chan net.Conn
}

func (s *stage) newHostileRelay() (*badRelay, error) {
	keys := httptest.NewTLSServer(nil)
	certificate := keys.TLS.Certificates[0]
	keys.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, NextProtos: []string{relaywire.ALPN},
	})
	if err != nil {
		return nil, err
	}
	r := &badRelay{calls: make(chan net.Conn)}
	r.link = reach.RelayLink{
		Host: l.Addr().String(), Key: s.between.link.Key, Fingerprint: sha256.Sum256(certificate.Certificate[0]),
	}
	var group sync.WaitGroup
	over := make(chan struct{})
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case r.calls <- conn:
			case <-over:
				_ = conn.Close()
			}
		}
	})
	s.later(func() {
		close(over)
		_ = l.Close()
		group.Wait()
	})
	return r, nil
}

// does waits for a call, and does something with it.
func (r *badRelay) does(ctx context.Context, what func(net.Conn) (int, error)) (int, error) {
	select {
	case conn := <-r.calls:
		defer conn.Close()
		var hello relaywire.Hello
		_ = conn.SetDeadline(time.Now().Add(testenv.Limit))
		if err := relaywire.ReadLine(conn, &hello); err != nil {
			return 0, err
		}
		return what(conn)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// serverOf starts a room server that uses a relay.
func (s *stage) serverOf(link reach.RelayLink) (*drive.Server, subject, error) {
	port, err := drive.FreePort()
	if err != nil {
		return nil, subject{}, err
	}
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	server, err := s.foyer.Serve(s.ctx, drive.ServeOptions{Env: []string{"FOYER_RELAY=" + link.String()}, Args: []string{"--pprof", at}})
	if err != nil {
		return nil, subject{}, err
	}
	s.later(func() { server.Close(drive.CloseGrace) })
	return server, watched("server", mostServer, server.Process, at), nil
}
