package roomserver

import (
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
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorclient"
)

// process is one run of the server.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	out     *lines
	err     *tail
	log     logrus.FieldLogger
	ready   firstWords
	done    chan struct{} // the process is gone
	stopped chan struct{} // it went by itself
	reached chan call.RoomServerReached

	users int  // under Child.mu: starts that make a room in it
	kept  bool // under Child.mu: a room was made in it

	mu       sync.Mutex
	stopping bool
}

func startProcess(ctx context.Context, conf ChildConfig) (*process, error) {
	executable, file := conf.Executable, ""
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrChild, err)
		}
		file = programFile(executable)
	}
	args := append(slices.Clone(conf.Args), "--lifeline", "--listen", conf.Listen, "--data", conf.Data)
	if conf.LeaveRouter != nil && conf.LeaveRouter() {
		args = append(args, "--no-port-mapping")
	}
	if conf.Public != nil {
		args = append(args, publicFlags(conf.Public(), conf.Listen)...)
	}
	p := &process{
		cmd: exec.Command(executable, args...), err: &tail{}, log: conf.Log,
		done: make(chan struct{}), stopped: make(chan struct{}), reached: make(chan call.RoomServerReached, 1),
	}
	if file != "" {
		p.cmd.Path = file
	}
	p.out = newLines(p.heard)
	p.cmd.Env = append(os.Environ(), conf.Env...)
	if conf.Relay != nil {
		if link, err := reach.ParseRelayLink(conf.Relay()); err == nil { // another would only keep the room from starting
			p.cmd.Env = append(p.cmd.Env, RelayVariable+"="+link.String())
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	p.cmd.WaitDelay = childPipeTimeout
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

// publicFlags tell a server by which name it is reached. One with a port is served at that
// port, and audio and video at the next, so that both can be forwarded.
func publicFlags(name, listen string) []string {
	h, err := reach.ParsePublic(name)
	if err != nil {
		return nil // nobody has told, or what would only keep the room from starting
	}
	flags := []string{"--public", name}
	if h.Port != 0 && h.Port < 65535 {
		on, _, _ := net.SplitHostPort(listen) // every address, if it has none
		port := int(h.Port)
		flags = append(
			flags, "--listen", net.JoinHostPort(on, strconv.Itoa(port)), "--media-port", strconv.Itoa(port+1),
		)
	}
	return flags
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
	ctx, cancel := context.WithTimeout(ctx, childStartTimeout)
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

// heard takes over how the server is reached, from the ready line and later ones. The
// newest waits for whoever wants to know.
func (p *process) heard(first, raw []byte) {
	var ready firstWords
	var line reachLine
	if json.Unmarshal(first, &ready) != nil || json.Unmarshal(raw, &line) != nil || len(line.Hosts) == 0 ||
		line.Event != eventReady && line.Event != eventReach {
		return // it is about something else
	}
	select {
	case <-p.reached:
	default:
	}
	p.reached <- call.RoomServerReached{Hosts: withLoopback(line.Hosts, ready.URL), Router: line.Router}
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
func (p *process) invite(ctx context.Context, req doorclient.InviteRequest) (call.Link, error) {
	req.Server, req.AdminKeyFile = p.ready.URL, p.ready.AdminKeyFile
	link, err := doorclient.RequestInvite(ctx, req)
	if err != nil {
		return call.Link{}, err
	}
	link.Hosts = withLoopback(link.Hosts, p.ready.URL)
	return link, nil
}

func withLoopback(hosts []string, serverURL string) []string {
	if u, err := url.Parse(serverURL); err == nil {
		if _, _, err := net.SplitHostPort(u.Host); err == nil && !slices.Contains(hosts, u.Host) {
			return append(slices.Clip(hosts), u.Host)
		}
	}
	return hosts
}

// stop closes the lifeline, waits, and kills what does not go.
func (p *process) stop() error {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
	_ = p.stdin.Close()
	timer := time.NewTimer(childStopTimeout)
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
