//go:build unix

package roomserver

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"foyer/engine/call"
)

// TestChildRestart: after each end by itself the server is there again, at the
// same address and with the same rooms, and its end is noticed again.
func TestChildRestart(t *testing.T) {
	c, _ := newTestChild(t, roleServe)
	ctx := context.Background()
	links, err := c.Start(ctx, "hall", "The hall")
	if err != nil {
		t.Fatal(err)
	}
	anna := newGuest(t)
	for round := range 3 {
		pid, stopped := pidOf(c), c.Stopped()
		began := time.Now()
		if err := c.current.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-stopped:
		case <-time.After(waitTimeout):
			t.Fatal("nobody noticed")
		}
		if err := c.Restart(ctx); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		t.Logf("there again after %v", time.Since(began))
		if !gone(pid) || pidOf(c) == pid {
			t.Error("it is the old one")
		}
		anna.join(t, links.Guests)
	}
	pid := pidOf(c)
	if err := c.Stop(); err != nil || !gone(pid) {
		t.Errorf("stop: %v; gone: %v", err, gone(pid))
	}
}

// TestChildRestartElsewhere: another address is no use to those who have the
// links, so a port that somebody else has taken meanwhile is an error.
func TestChildRestartElsewhere(t *testing.T) {
	c, _ := newTestChild(t, roleServe)
	if _, err := c.Start(context.Background(), "hall", ""); err != nil {
		t.Fatal(err)
	}
	stopped, address := c.Stopped(), sameAddress("127.0.0.1:0", c.current.ready.URL)
	if err := c.current.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-stopped
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := c.Restart(context.Background()); !errors.Is(err, call.ErrRoomServerFailed) || !errors.Is(err, call.ErrPortInUse) {
		t.Errorf("restart with its port taken: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Restart(context.Background()); !errors.Is(err, call.ErrClosed) {
		t.Errorf("restart after close: %v", err)
	}
}

func TestSameAddress(t *testing.T) {
	for _, tt := range []struct{ listen, url, want string }{
		{":0", "https://127.0.0.1:7443", ":7443"},
		{"127.0.0.1:0", "https://127.0.0.1:9", "127.0.0.1:9"},
		{"[::1]:0", "https://[::1]:9", "[::1]:9"},
		{"odd", "https://127.0.0.1:9", "odd"},
		{":0", "https://host", ":0"},
	} {
		if got := sameAddress(tt.listen, tt.url); got != tt.want {
			t.Errorf("%q, %q: %q, want %q", tt.listen, tt.url, got, tt.want)
		}
	}
}
