package netcheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call/reach"
)

// nameServer answers every question for IPv4 with these addresses, until the test ends.
func nameServer(t *testing.T, addresses ...[4]byte) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			end := 12 + bytes.IndexByte(buffer[12:n], 0) + 5 // of the question (RFC 1035, 4.1)
			if n < 12 || end > n {
				continue
			}
			raw := append(bytes.Clone(buffer[:2]), 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0)
			raw = append(raw, buffer[12:end]...)
			if buffer[end-3] == 1 { // it asks for IPv4
				raw[7] = byte(len(addresses))
				for _, a := range addresses {
					raw = append(raw, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
					raw = append(raw, a[:]...)
				}
			}
			_, _ = conn.WriteTo(raw, from)
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
		<-done
	})
}

// neverAnswers takes no connection at an address, and refuses none.
func neverAnswers(t *testing.T, address [4]byte, port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		t.Cleanup(func() { _ = syscall.Close(fd) })
		err = errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: address, Port: port}), syscall.Listen(fd, 0))
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 4 { // its queue is full then
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", net.IP(address[:]), port), 100*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("it takes connections")
}

// TestOneAddressIsSilent: of a name with an address that does not answer, the other one is
// tried in time.
func TestOneAddressIsSilent(t *testing.T) {
	_, link := door(t, healthy(""))
	_, port, err := net.SplitHostPort(link.Hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	neverAnswers(t, [4]byte{127, 0, 0, 2}, number)
	nameServer(t, [4]byte{127, 0, 0, 2}, [4]byte{127, 0, 0, 1})
	link.Hosts = []string{net.JoinHostPort("twice.example", port)}
	if r := Run(t.Context(), link); r.Best != 0 || r.Addresses[0].Failed != reach.StepNone {
		t.Errorf("%+v", r)
	}
}
