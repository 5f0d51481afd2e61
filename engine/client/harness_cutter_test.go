package client

import (
	"io"
	"net"
	"sync"
	"testing"

	"foyer/engine/call"
)

// cutter is a TCP proxy before a server's signalling whose connections can be
// cut; media goes its own way.
type cutter struct {
	l     *liveKit
	ln    net.Listener
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	wg    sync.WaitGroup
}

func newCutter(t testing.TB, l *liveKit) *cutter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{l: l, ln: ln, conns: map[net.Conn]struct{}{}}
	c.wg.Go(c.accept)
	t.Cleanup(func() { c.kill(); c.wg.Wait() })
	return c
}

func (c *cutter) accept() {
	for {
		down, err := c.ln.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", c.l.url()[len("ws://"):])
		if err != nil {
			down.Close()
			continue
		}
		c.mu.Lock()
		c.conns[down], c.conns[up] = struct{}{}, struct{}{}
		c.mu.Unlock()
		c.wg.Go(func() { _, _ = io.Copy(up, down); up.Close(); down.Close() })
		c.wg.Go(func() { _, _ = io.Copy(down, up); up.Close(); down.Close() })
	}
}

// cut ends the connections there are; new ones pass.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

// kill ends everything; new connections are refused.
func (c *cutter) kill() {
	c.ln.Close()
	c.cut()
}

func (c *cutter) request(t testing.TB, room, identity string) call.JoinRequest {
	t.Helper()
	req := c.l.request(t, room, identity)
	req.Link.URL = "ws://" + c.ln.Addr().String()
	return req
}
