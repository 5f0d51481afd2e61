package sfu

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// addressed is a connection between two addresses.
type addressed struct {
	net.Conn
	local, remote net.Addr
}

func (a addressed) LocalAddr() net.Addr  { return a.local }
func (a addressed) RemoteAddr() net.Addr { return a.remote }

// TestSeats: a media connection has so many TCP connections, of which some stay, and
// whoever comes early waits for theirs.
func TestSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &tcpMux{closed: make(chan struct{}), names: map[string]*seats{}, changed: make(chan struct{})}
		conn := addressed{local: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9)}}
		kept := 0
		keep := func() { kept++ }
		ctx, cancel := context.WithTimeout(t.Context(), nameTimeout)
		defer cancel()
		if _, err := m.seat(ctx, "nobody", conn, keep); !errors.Is(err, errNobody) {
			t.Errorf("nobody: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.names["anna"] = &seats{at: []net.IP{net.ParseIP("::1"), net.IPv4(127, 0, 0, 1)}}
			close(m.changed)
			m.changed = make(chan struct{})
		}()
		ctx, cancel = context.WithTimeout(t.Context(), nameTimeout)
		defer cancel()
		first, err := m.seat(ctx, "anna", conn, keep)
		if err != nil {
			t.Fatal(err)
		}
		if at := first.LocalAddr().String(); at != "127.0.0.1:0" {
			t.Errorf("at %s", at)
		}
		for range maxOfOne - 1 {
			if _, err := m.seat(ctx, "anna", conn, keep); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.seat(ctx, "anna", conn, keep); !errors.Is(err, errTooMany) {
			t.Errorf("one more: %v", err)
		}
		first.release()
		first.release()
		if _, err := m.seat(ctx, "anna", conn, keep); err != nil {
			t.Errorf("after one has ended: %v", err)
		}
		if _, err := m.seat(ctx, "anna", conn, keep); !errors.Is(err, errTooMany) {
			t.Errorf("one ended twice: %v", err)
		}
		if kept != keptOfOne {
			t.Errorf("%d stay", kept)
		}
	})
}
