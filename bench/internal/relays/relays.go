//go:build linux

// Package relays measures what foyer relay passes on with one core of a processor.
package relays

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"foyer/bench/internal/harness"
	"foyer/engine/relay/relaywire"
	"foyer/internal/drive"
)

const (
	guests     = 4
	packet     = 1200 // bytes of media in a datagram
	ahead      = 32   // datagrams of one guest that are on their way
	measureFor = 5 * time.Second
	answers    = 5 * time.Second // for what takes milliseconds
	wanted     = 200             // Mbit/s with one core
	// unlimited is more than any machine passes on, in Mbit/s, for each room server.
	unlimited = 100_000
)

// Cost measures the processor's time that the relay takes for what guests send and hear,
// by UDP and by TCP. A server of our own sends everything back.
func Cost(ctx context.Context, b *harness.Bench) error {
	ports := make([]int, 2)
	for i := range ports {
		var err error
		if ports[i], err = drive.FreePort(); err != nil {
			return err
		}
	}
	relay, err := b.Foyer.Relay(ctx, drive.RelayOptions{Args: []string{
		"--listen", "127.0.0.1:" + strconv.Itoa(ports[0]), "--ports", strconv.Itoa(ports[1]),
		"--mbit", strconv.Itoa(unlimited),
	}})
	if err != nil {
		return err
	}
	defer relay.Close(drive.CloseGrace)
	s, err := call(relay.Link)
	if err != nil {
		return err
	}
	defer s.close()
	for _, way := range []struct {
		name  string
		guest func(ctx context.Context, at string, passed *atomic.Int64) error
	}{{"UDP", datagrams}, {"TCP", stream}} {
		rate, err := s.measure(ctx, relay.PID, way.guest)
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		b.Table.Row("Media through the relay with one core, "+way.name, fmt.Sprintf("%.0f Mbit/s", rate),
			fmt.Sprintf(">= %d Mbit/s", wanted), rate >= wanted)
	}
	return nil
}

// server is a room server of which only the end of the relay is there.
type server struct {
	conn                  *tls.Conn
	mux                   *yamux.Session
	udp                   net.Conn
	fromServer, fromRelay *relaywire.Box
	at                    string // where guests come
	group                 sync.WaitGroup
}

func call(link string) (*server, error) {
	l, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{relaywire.ALPN}} //nolint:gosec // it is ours
	conn, err := tls.Dial("tcp", l.Host, conf)
	if err != nil {
		return nil, err
	}
	s := &server{conn: conn}
	if err := s.begin(l); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.group.Go(s.echoDatagrams)
	s.group.Go(s.echoStreams)
	return s, nil
}

func (s *server) begin(l *url.URL) error {
	var welcome relaywire.Welcome
	if err := relaywire.WriteLine(s.conn, relaywire.Hello{Key: l.Query().Get("k"), ID: "bench"}); err != nil {
		return err
	}
	if err := relaywire.ReadLine(s.conn, &welcome); err != nil {
		return err
	}
	if welcome.Port == 0 {
		return fmt.Errorf("the relay refuses: %s", welcome.Refusal)
	}
	s.at = net.JoinHostPort("127.0.0.1", strconv.Itoa(welcome.Port))
	var err error
	if s.fromServer, s.fromRelay, err = relaywire.Boxes(s.conn.ConnectionState(), welcome.Session); err != nil {
		return err
	}
	if s.mux, err = yamux.Server(s.conn, relaywire.Streams()); err != nil {
		return err
	}
	if s.udp, err = net.Dial("udp", l.Host); err != nil {
		return errors.Join(err, s.mux.Close())
	}
	_, err = s.udp.Write(s.fromServer.Seal(make([]byte, relaywire.Room+relaywire.End), 0, 0))
	return err
}

func (s *server) close() {
	_, _ = s.mux.Close(), s.udp.Close()
	s.group.Wait()
}

func (s *server) echoDatagrams() {
	buffer := make([]byte, relaywire.Room+relaywire.MaxPayload+relaywire.End)
	for {
		n, err := s.udp.Read(buffer)
		if err != nil {
			return
		}
		_, flow, payload, err := s.fromRelay.Open(buffer[:n])
		if err != nil || flow == 0 {
			continue
		}
		n = copy(buffer[relaywire.Room:], payload)
		_, _ = s.udp.Write(s.fromServer.Seal(buffer, flow, n)) // what is lost is not counted
	}
}

func (s *server) echoStreams() {
	for {
		stream, err := s.mux.AcceptStream()
		if err != nil {
			return
		}
		s.group.Go(func() {
			defer stream.Close()
			if _, err := relaywire.ReadGuest(stream); err == nil {
				_, _ = io.Copy(stream, stream)
			}
		})
	}
}

// measure lets guests send and hear for a while, and returns what one core passes on, in
// Mbit/s.
func (s *server) measure(
	ctx context.Context, relay int, guest func(context.Context, string, *atomic.Int64) error,
) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, measureFor)
	defer cancel()
	before, err := used(relay)
	if err != nil {
		return 0, err
	}
	var passed atomic.Int64
	failed := make(chan error, guests)
	for range guests {
		go func() { failed <- guest(ctx, s.at, &passed) }()
	}
	for range guests {
		err = errors.Join(err, <-failed)
	}
	after, failure := used(relay)
	if err = errors.Join(err, failure); err != nil {
		return 0, err
	}
	return float64(8*passed.Load()) / 1e6 / (after - before), nil
}

// used is the processor's time of a process in seconds.
func used(pid int) (total float64, err error) {
	threads, err := drive.CPU(pid)
	for _, s := range threads {
		total += s
	}
	return total, err
}

// datagrams sends a check of ICE until it comes back, and media from then on.
func datagrams(ctx context.Context, at string, passed *atomic.Int64) error {
	conn, err := net.Dial("udp", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	check := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	media, heard := make([]byte, packet), make([]byte, relaywire.MaxPayload)
	media[0] = 0x80 // as RTP begins
	began := time.Now()
	for answered := false; !answered; {
		_, _ = conn.Write(check)
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := conn.Read(heard)
		if answered = err == nil; !answered && time.Since(began) > answers {
			return errors.New("no datagram comes back")
		}
	}
	sent, came := 0, 0
	for ctx.Err() == nil {
		for ; sent-came < ahead; sent++ {
			_, _ = conn.Write(media)
		}
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := conn.Read(heard)
		if err != nil {
			sent, came = 0, 0 // some were lost
			continue
		}
		came++
		passed.Add(int64(2 * n)) // there and back
	}
	return nil
}

// stream sends and hears by TCP.
func stream(ctx context.Context, at string, passed *atomic.Int64) error {
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		for frame := make([]byte, packet); ; { // media over TCP comes in frames of that size
			if _, err := conn.Write(frame); err != nil {
				return
			}
		}
	}()
	heard := make([]byte, 16<<10)
	for {
		n, err := conn.Read(heard)
		passed.Add(int64(2 * n))
		if err != nil {
			_ = conn.Close()
			<-sending
			if ctx.Err() == nil {
				return err
			}
			return nil
		}
	}
}
