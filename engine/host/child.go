package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
)

// Bounds of the server process.
const (
	childStartBound = 15 * time.Second
	childStopBound  = 4 * time.Second // the server's own bound is 3 s
	childPipeBound  = time.Second     // for output that something else holds open
	maxReadyLine    = 64 << 10        // bytes
	maxStderrTail   = 4 << 10         // bytes kept for the error
)

// ChildConfig says how to start a server process.
type ChildConfig struct {
	Executable string   // empty: this program
	Args       []string // before our flags; nil: serve
	Env        []string // added to our environment
	Listen     string   // empty: AnyPort
	Data       string
	Log        logrus.FieldLogger
}

// Child is a room server in a process of its own. It implements call.Host.
//
// The process reads its stdin, which we hold open, and stops when that closes:
// by Close, or because we are gone, however that came. On Linux the kernel
// sends it SIGTERM as well.
type Child struct {
	conf  ChildConfig
	turn  chan struct{} // 1-slot: whoever holds it starts or stops the process
	ended chan struct{} // closed by Close; ends a start under way
	end   func()

	mu      sync.Mutex
	current *process // nil before the first Start
}

var _ call.Host = (*Child)(nil)

// NewChild starts nothing yet.
func NewChild(conf ChildConfig) *Child {
	if conf.Args == nil {
		conf.Args = []string{"serve"}
	}
	if conf.Listen == "" {
		conf.Listen = AnyPort
	}
	c := &Child{conf: conf, turn: make(chan struct{}, 1), ended: make(chan struct{})}
	c.end = sync.OnceFunc(func() { close(c.ended) })
	return c
}

// Start implements call.Host. Errors wrap call.ErrHostFailed, except those of
// names, of ctx, and call.ErrClosed.
func (c *Child) Start(ctx context.Context, room call.RoomID, title string) (call.HostLinks, error) {
	if err := errors.Join(call.CheckRoomID(string(room)), call.CheckTitle(title)); err != nil {
		return call.HostLinks{}, err
	}
	return starting(ctx, c, func(ctx context.Context) (call.HostLinks, error) { return c.open(ctx, room, title) })
}

// Restart implements call.Host, with the errors of Start. Another address would
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

// starting bounds a start by ctx and by Close, and names its error.
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
	return v, fmt.Errorf("%w: %w", call.ErrHostFailed, err)
}

// open makes a room in the process.
func (c *Child) open(ctx context.Context, room call.RoomID, title string) (call.HostLinks, error) {
	p, err := c.running(ctx, true)
	if err != nil {
		return call.HostLinks{}, err
	}
	own, err := p.invite(ctx, InviteRequest{Room: room, Title: title, Role: call.RoleHost})
	var guests call.Link
	if err == nil {
		guests, err = p.invite(ctx, InviteRequest{Room: room, Title: title})
	}
	if err != nil {
		return call.HostLinks{}, errors.Join(err, c.giveUp(p))
	}
	c.settled(p)
	return call.HostLinks{Own: own, Guests: guests}, nil
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

// Stopped implements call.Host.
func (c *Child) Stopped() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return nil
	}
	return c.current.stopped
}

// Close implements call.Host. It returns when the process is gone; later calls
// do nothing.
func (c *Child) Close() error {
	c.end()
	return c.Stop()
}

// Stop implements call.Host.
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

// running returns the process, and starts it if there is none: after one that has
// ended by itself at its address and with its rooms, whoever asks. Who may move
// does with another address if that one is taken. It counts the caller among its
// users.
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

// process is one run of the server.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	out     *firstLine
	err     *tail
	log     logrus.FieldLogger
	ready   readyLine
	done    chan struct{} // the process is gone
	stopped chan struct{} // it went by itself

	users int  // under Child.mu: starts that make a room in it
	kept  bool // under Child.mu: a room was made in it

	mu       sync.Mutex
	stopping bool
}

// readyLine is the line of `foyer serve` (contract section 7), or its
// failedLine.
type readyLine struct {
	Event        string `json:"event"`
	URL          string `json:"url"`
	AdminKeyFile string `json:"admin_key_file"`
	Error        string `json:"error"`
}

func startProcess(ctx context.Context, conf ChildConfig) (*process, error) {
	executable := conf.Executable
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrChild, err)
		}
	}
	args := append(slices.Clone(conf.Args), "--lifeline", "--listen", conf.Listen, "--data", conf.Data)
	p := &process{
		cmd: exec.Command(executable, args...), out: newFirstLine(), err: &tail{}, log: conf.Log,
		done: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), conf.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	p.cmd.WaitDelay = childPipeBound
	p.cmd.SysProcAttr = processAttributes()
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChild, err)
	}
	started := make(chan error, 1)
	go p.own(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChild, err)
	}
	if err := p.waitReady(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// own starts the process and waits for its end, on one thread: Linux sends the
// parent-death signal when the thread that started the process ends, and a
// thread ends when some goroutine returns while locked to it.
func (p *process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		close(p.done)
		return
	}
	err = p.cmd.Wait()
	close(p.done) // before stopped: whoever hears of the end may start anew
	p.mu.Lock()
	stopping := p.stopping
	p.mu.Unlock()
	if !stopping {
		p.log.WithError(err).WithField("stderr", p.err.String()).Error("the room server ended by itself")
		close(p.stopped)
	}
}

// waitReady waits for the ready line. Errors wrap ErrChild, and the reason if
// the process says it.
func (p *process) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, childStartBound)
	defer cancel()
	select {
	case <-p.out.complete:
	case <-p.done: // all that it has written is here
	case <-ctx.Done():
		return fmt.Errorf("%w to start: %w", ErrChild, context.Cause(ctx))
	}
	err := json.Unmarshal(p.out.line(), &p.ready)
	switch {
	case err == nil && p.ready.Event == eventReady:
		return nil
	case err == nil && p.ready.Event == eventFailed:
		return p.failure(ctx)
	case !p.alive():
		return fmt.Errorf("%w at its start: %s", ErrChild, p.err.lastLine())
	default:
		return fmt.Errorf("%w: its first line is not the ready line", ErrChild)
	}
}

// failure is what the process says before it ends.
func (p *process) failure(ctx context.Context) error {
	select {
	case <-p.done: // its last words are for the log
	case <-ctx.Done():
	}
	reason := FailureFromCode(p.ready.Error)
	if reason == nil {
		return fmt.Errorf("%w at its start: %s", ErrChild, p.err.lastLine())
	}
	return fmt.Errorf("%w at its start: %w: %s", ErrChild, reason, p.err.lastLine())
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// crashed reports whether the process has ended by itself, and nobody has
// stopped it since.
func (p *process) crashed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.alive() && !p.stopping
}

// invite makes a link through the admin API. Loopback stands last in it: we
// join by the same link, and it works without any network.
func (p *process) invite(ctx context.Context, req InviteRequest) (call.Link, error) {
	req.Server, req.AdminKeyFile = p.ready.URL, p.ready.AdminKeyFile
	link, err := RequestInvite(ctx, req)
	if err != nil {
		return call.Link{}, err
	}
	if u, err := url.Parse(p.ready.URL); err == nil {
		if _, _, err := net.SplitHostPort(u.Host); err == nil && !slices.Contains(link.Hosts, u.Host) {
			link.Hosts = append(link.Hosts, u.Host)
		}
	}
	return link, nil
}

// stop closes the lifeline, waits, and kills what does not go.
func (p *process) stop() error {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
	_ = p.stdin.Close()
	timer := time.NewTimer(childStopBound)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	p.log.Warn("the room server does not stop; killing it")
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%w: %w", ErrChild, err)
	}
	<-p.done // Wait returns at most WaitDelay after the end
	return nil
}

// firstLine keeps the first line of what is written, and drops the rest.
type firstLine struct {
	mu       sync.Mutex
	buffer   bytes.Buffer
	full     bool
	complete chan struct{}
}

func newFirstLine() *firstLine { return &firstLine{complete: make(chan struct{})} }

// Write implements io.Writer and never fails.
func (f *firstLine) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return len(b), nil
	}
	line, _, found := bytes.Cut(b, []byte{'\n'})
	f.buffer.Write(line[:min(len(line), maxReadyLine-f.buffer.Len())])
	if found || f.buffer.Len() >= maxReadyLine {
		f.full = true
		close(f.complete)
	}
	return len(b), nil
}

// line is the line, after complete.
func (f *firstLine) line() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buffer.Bytes()
}

// tail keeps the end of what is written.
type tail struct {
	mu  sync.Mutex
	end []byte
}

// Write implements io.Writer and never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if extra := len(t.end) - maxStderrTail; extra > 0 {
		t.end = append(t.end[:0], t.end[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}

// lastLine is what a program says when it fails.
func (t *tail) lastLine() string {
	s := t.String()
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}
