package doorclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/internal/guard"
)

// tryAfter is how long an address is tried alone (RFC 8305, Connection Attempt Delay).
const tryAfter = 250 * time.Millisecond

// racer connects to the addresses of a link.
type racer struct {
	config *tls.Config
	dial   func(ctx context.Context, host string, config *tls.Config) (*conn, error)
	delay  time.Duration
}

// race connects to the addresses of a link, the likely ones first, each 250 ms after
// the one before or as soon as none is left that may still answer. The first that
// shows the pinned certificate wins, the others are cancelled or closed. It returns
// when all have ended.
func race(ctx context.Context, hosts []string, config *tls.Config) (*conn, error) {
	r := racer{config: config, dial: dial, delay: tryAfter}
	return r.run(ctx, inOrder(hosts, reach.OwnNetworks()))
}

type attempt struct {
	conn *conn
	err  error
}

func (r racer) run(ctx context.Context, hosts []string) (*conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	results := make(chan attempt, len(hosts))
	next := time.NewTimer(0)
	defer next.Stop()
	var failed []error
	started := 0
	for len(failed) < len(hosts) {
		select {
		case <-next.C:
			if started == len(hosts) {
				continue
			}
			host := hosts[started]
			started++
			group.Go(func() {
				c, err := guard.Call(func() (*conn, error) { return r.dial(ctx, host, r.config) })
				results <- attempt{c, err}
			})
			next.Reset(r.delay)
		case a := <-results:
			if a.err == nil {
				cancel()
				r.drop(results, started-len(failed)-1)
				return a.conn, nil
			}
			if failed = append(failed, ConnectError(a.err)); len(failed) == started {
				next.Reset(0) // nobody is left to wait for
			}
		}
	}
	return nil, worst(failed)
}

// drop waits for the attempts that lost, and closes those that came too late.
func (r racer) drop(results <-chan attempt, n int) {
	for range n {
		if a := <-results; a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

func dial(ctx context.Context, host string, config *tls.Config) (*conn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	// As a WebSocket's dialer does: sessions are remembered by this name.
	config = config.Clone()
	if config.ServerName, _, err = net.SplitHostPort(host); err != nil {
		_ = raw.Close()
		return nil, err
	}
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &conn{Conn: c, host: host}, nil
}

// inOrder is hosts without repetitions, and last those in a private network in which
// none of our own addresses is: from elsewhere such an address leads nowhere, or to
// somebody else. It may be routed all the same, so that it is tried.
func inOrder(hosts []string, own []netip.Prefix) []string {
	var likely, foreign []string
	for _, h := range hosts {
		switch {
		case slices.Contains(likely, h) || slices.Contains(foreign, h):
		case elsewhere(h, own):
			foreign = append(foreign, h)
		default:
			likely = append(likely, h)
		}
	}
	return append(likely, foreign...)
}

func elsewhere(host string, own []netip.Prefix) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.IsPrivate() && !slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Contains(a) })
}

// worst picks the failure that tells most: another computer at the address says
// more than one that is off.
func worst(failed []error) error {
	for _, kind := range []error{call.ErrWrongServer, call.ErrUntrusted, call.ErrServerGarbage, call.ErrServerSilent} {
		for _, err := range failed {
			if errors.Is(err, kind) {
				return err
			}
		}
	}
	if len(failed) > 0 {
		return failed[0]
	}
	return fmt.Errorf("%w: the link has no address", call.ErrUnreachable)
}
