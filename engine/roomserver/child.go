package roomserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorclient"
)

// Limits of the server process.
const (
	childStartTimeout = 15 * time.Second
	childStopTimeout  = 4 * time.Second // the server's own timeout is 3 s
	childPipeTimeout  = time.Second     // for output that something else holds open
	maxReadyLine      = 64 << 10        // bytes
	maxStderrTail     = 4 << 10         // bytes kept for the error
)

// ChildConfig says how to start a server process.
type ChildConfig struct {
	Executable string   // empty: this program
	Args       []string // before our flags; nil: serve
	Env        []string // added to our environment
	Listen     string   // empty: call.AnyPort
	Data       string
	Log        logrus.FieldLogger
	// LeaveRouter reports, when a server starts, whether it shall leave the router
	// alone; nil: no.
	LeaveRouter func() bool
	// Public says, when a server starts, by which name or address people elsewhere reach
	// it (reach.ParsePublic); nil and an empty answer: nobody has told.
	Public func() string
	// Relay is the link of a relay by which guests may come, when a server starts
	// (reach.ParseRelayLink); nil and an empty answer: none.
	Relay func() string
}

// RelayVariable has the link of the relay that a server uses: other users see the
// arguments of processes.
const RelayVariable = "FOYER_RELAY"

// Child is a room server in a process of its own. It implements call.RoomServer.
//
// The process reads its stdin, which we hold open, and stops when that closes:
// by Close, or because we are gone, however that came. On Linux the kernel
// sends it SIGTERM as well.
type Child struct {
	conf  ChildConfig
	turn  chan struct{} // 1-slot: its holder starts or stops the process
	ended chan struct{} // closed by Close; ends a start under way
	end   func()

	mu      sync.Mutex
	current *process // nil before the first Start
}

var _ call.RoomServer = (*Child)(nil)

// NewChild starts nothing yet.
func NewChild(conf ChildConfig) *Child {
	if conf.Args == nil {
		conf.Args = []string{"serve"}
	}
	if conf.Listen == "" {
		conf.Listen = call.AnyPort
	}
	c := &Child{conf: conf, turn: make(chan struct{}, 1), ended: make(chan struct{})}
	c.end = sync.OnceFunc(func() { close(c.ended) })
	return c
}

// Start implements call.RoomServer. Errors wrap call.ErrRoomServerFailed, except those of
// names, of ctx, and call.ErrClosed.
func (c *Child) Start(ctx context.Context, room call.RoomID, title string) (call.RoomLinks, error) {
	if err := errors.Join(call.CheckRoomID(string(room)), call.CheckTitle(title)); err != nil {
		return call.RoomLinks{}, err
	}
	return starting(ctx, c, func(ctx context.Context) (call.RoomLinks, error) { return c.open(ctx, room, title) })
}

// Restart implements call.RoomServer, with the errors of Start. Another address would
// be no use to anybody: the links name the one before.
func (c *Child) Restart(ctx context.Context) error {
	_, err := starting(ctx, c, func(ctx context.Context) (struct{}, error) {
		p, err := c.running(ctx, false)
		if err == nil {
			c.settled(p)
		}
		return struct{}{}, err
	})
	return err
}

// starting limits a start by ctx and by Close, and names its error.
func starting[T any](ctx context.Context, c *Child, start func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // until the start returns
		select {
		case <-c.ended:
			cancel(call.ErrClosed)
		case <-ctx.Done():
		}
	}()
	v, err := start(ctx)
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, call.ErrClosed):
		return v, call.ErrClosed
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	}
	return v, fmt.Errorf("%w: %w", call.ErrRoomServerFailed, err)
}

// open makes a room in the process.
func (c *Child) open(ctx context.Context, room call.RoomID, title string) (call.RoomLinks, error) {
	p, err := c.running(ctx, true)
	if err != nil {
		return call.RoomLinks{}, err
	}
	own, err := p.invite(ctx, doorclient.InviteRequest{Room: room, Title: title, Role: call.RoleHost})
	var guests call.Link
	if err == nil {
		guests, err = p.invite(ctx, doorclient.InviteRequest{Room: room, Title: title})
	}
	if err != nil {
		return call.RoomLinks{}, errors.Join(err, c.giveUp(p))
	}
	c.settled(p)
	return call.RoomLinks{Own: own, Guests: guests}, nil
}

// settled ends one use of a process in which there is a room now.
func (c *Child) settled(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users--
	p.kept = true
}

// giveUp ends one use of a process, and stops it if no room was ever made in
// it and nobody else is making one: it would listen for nobody.
func (c *Child) giveUp(p *process) error {
	c.mu.Lock()
	p.users--
	c.mu.Unlock()
	if !p.alive() {
		return nil
	}
	c.turn <- struct{}{} // held for long only while a process starts or stops
	defer func() { <-c.turn }()
	c.mu.Lock()
	idle := p.users == 0 && !p.kept
	c.mu.Unlock()
	if !idle {
		return nil
	}
	return p.stop()
}

// Stopped implements call.RoomServer.
func (c *Child) Stopped() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return nil
	}
	return c.current.stopped
}

// Reached implements call.RoomServer.
func (c *Child) Reached() <-chan call.RoomServerReached {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return nil
	}
	return c.current.reached
}

// Close implements call.RoomServer. It returns when the process is gone; later calls
// do nothing.
func (c *Child) Close() error {
	c.end()
	return c.Stop()
}

// Stop implements call.RoomServer.
func (c *Child) Stop() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.mu.Lock()
	p := c.current
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.stop()
}

// running returns the process, and starts one if there is none. After one that ended by
// itself it takes over the address and the rooms. mayMove allows another address if that
// one is taken. It counts the caller among the process's users.
func (c *Child) running(ctx context.Context, mayMove bool) (*process, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case <-c.ended:
		return nil, call.ErrClosed
	default:
	}
	c.mu.Lock()
	p := c.current
	c.mu.Unlock()
	if p == nil || !p.alive() {
		conf, again := c.conf, p != nil && p.crashed()
		if again {
			conf.Listen = sameAddress(conf.Listen, p.ready.URL)
			conf.Args = append(slices.Clone(conf.Args), "--resume")
		}
		next, err := startProcess(ctx, conf)
		if again && mayMove && errors.Is(err, call.ErrPortInUse) && conf.Listen != c.conf.Listen {
			conf.Listen = c.conf.Listen
			next, err = startProcess(ctx, conf)
		}
		if err != nil {
			return nil, err
		}
		p = next
		p.kept = again // the rooms of before are in it
	}
	c.mu.Lock()
	c.current = p
	p.users++
	c.mu.Unlock()
	return p, nil
}

// sameAddress is the address to listen at with the port of a server's URL.
func sameAddress(listen, serverURL string) string {
	host, _, err := net.SplitHostPort(listen)
	u, broken := url.Parse(serverURL)
	if err != nil || broken != nil || u.Port() == "" {
		return listen
	}
	return net.JoinHostPort(host, u.Port())
}
