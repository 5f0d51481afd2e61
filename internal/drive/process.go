package drive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// StartLimit is for a server to come up on a busy machine.
const StartLimit = 20 * time.Second

// maxEvent limits one line of a process, in bytes.
const maxEvent = 8 << 20

// ErrEnded says that a process ended before what was waited for came.
var ErrEnded = errors.New("the process has ended")

// Command says what to start.
type Command struct {
	Name string   // for messages and the log's file name
	Path string   // program
	Args []string // without the program
	Env  []string // in addition to ours
	NS   *NetNS   // network namespace, nil for ours
	Logs string   // folder that gets what the process writes to stderr
	UID  uint32   // user to run as, which takes root, on Linux alone; 0: ours
}

// Process is a running program that prints a JSON object a line and takes JSON
// objects a line. Methods are safe from any goroutine.
type Process struct {
	PID int
	Log string // file with its stderr

	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{} // ended, and every event was read

	mu      sync.Mutex
	events  []Event
	changed chan struct{} // closed and replaced on every event and at the end
	err     error         // of Wait
	broken  error         // of the lines
}

// Event is one line of a process.
type Event struct {
	Name  string
	Index int       // in the process's events
	Seen  time.Time // when we read it
	Raw   json.RawMessage
}

// Decode reads the event's fields into v.
func (e Event) Decode(v any) error { return json.Unmarshal(e.Raw, v) }

// Get returns a field, nil if it has none of that name.
func (e Event) Get(field string) any {
	var m map[string]any
	_ = json.Unmarshal(e.Raw, &m) // lines that are no object never become events
	return m[field]
}

// Text returns a field that is a string, else "".
func (e Event) Text(field string) string { s, _ := e.Get(field).(string); return s }

// Number returns a field that is a number, else 0.
func (e Event) Number(field string) float64 { n, _ := e.Get(field).(float64); return n }

// Start starts a program.
func Start(c Command) (*Process, error) {
	path, args := c.NS.enter(c.Path, c.Args)
	p := &Process{name: c.Name, cmd: exec.Command(path, args...), done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.Env...)
	Bind(p.cmd)
	become(p.cmd, c.UID)
	log, err := os.CreateTemp(c.Logs, c.Name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.Log, p.cmd.Stderr = log.Name(), log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	p.PID = p.cmd.Process.Pid
	go p.read(out)
	return p, nil
}

// startServer starts a process that says when it is ready, and returns what it says.
func startServer(ctx context.Context, c Command) (*Process, Event, error) {
	p, err := Start(c)
	if err != nil {
		return nil, Event{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*StartLimit)
	defer cancel()
	ready, err := p.Wait(ctx, "ready", 0, nil)
	if err != nil {
		p.Close(0)
		return nil, Event{}, err
	}
	return p, ready, nil
}

func (p *Process) read(out io.Reader) {
	defer close(p.done)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		p.take(append([]byte(nil), lines.Bytes()...))
	}
	err := p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	close(p.changed)
	p.changed = nil
}

func (p *Process) take(line []byte) {
	var head struct {
		Event string `json:"event"`
	}
	err := json.Unmarshal(line, &head)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if p.broken == nil {
			p.broken = fmt.Errorf("%s printed %.200q, which is not a JSON object", p.name, line)
		}
		return
	}
	p.events = append(p.events, Event{head.Event, len(p.events), time.Now(), line})
	close(p.changed)
	p.changed = make(chan struct{})
}

// Broken tells of a line that was no JSON object.
func (p *Process) Broken() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// Events returns everything that was printed.
func (p *Process) Events() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events[:len(p.events):len(p.events)]
}

// Mark is the index of the next event.
func (p *Process) Mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// Wait returns the first event of that name from index after on for which match,
// which may be nil, holds. It fails with [ErrEnded] when the process ended
// without one.
func (p *Process) Wait(ctx context.Context, name string, after int, match func(Event) bool) (Event, error) {
	for i := after; ; {
		p.mu.Lock()
		events, changed := p.events, p.changed
		p.mu.Unlock()
		for ; i < len(events); i++ {
			if e := events[i]; e.Name == name && (match == nil || match(e)) {
				return e, nil
			}
		}
		if changed == nil {
			return Event{}, fmt.Errorf("%s: waiting for %q: %w; %s", p.name, name, ErrEnded, p.tail())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("%s: waiting for %q: %w; %s", p.name, name, ctx.Err(), p.tail())
		}
	}
}

// tailEvents is how many events a failure shows.
const tailEvents = 12

func isStats(e Event) bool { return e.Name == "stats" }

// tail is what helps to understand a failure: the last events, reports apart, the
// last report, and the last log lines.
func (p *Process) tail() string {
	var b strings.Builder
	events := p.Events()
	b.WriteString("last events:")
	if i := slices.IndexFunc(events, isStats); i >= 0 {
		last := events[len(events)-1]
		if events = slices.DeleteFunc(slices.Clone(events), isStats); isStats(last) {
			events = append(events, last)
		}
	}
	for _, e := range events[max(0, len(events)-tailEvents):] {
		fmt.Fprintf(&b, "\n  %.300s", e.Raw)
	}
	if log, err := os.ReadFile(p.Log); err == nil && len(log) > 0 {
		fmt.Fprintf(&b, "\nend of %s:\n%s", filepath.Base(p.Log), log[max(0, len(log)-1500):])
	}
	return b.String()
}

// Send writes one command.
func (p *Process) Send(command any) error {
	line, err := json.Marshal(command)
	if err != nil {
		return err
	}
	return p.SendLine(string(line))
}

// SendLine writes a line that need not be a command.
func (p *Process) SendLine(line string) error {
	_, err := io.WriteString(p.stdin, line+"\n")
	return err
}

// CloseInput ends the process's stdin.
func (p *Process) CloseInput() error { return p.stdin.Close() }

// Signal sends a signal to the process itself.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Done is closed when the process has ended and everything was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit waits for the end and returns the exit status, -1 after a signal.
func (p *Process) Exit(ctx context.Context) (int, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		return 0, fmt.Errorf("%s does not end: %w; %s\n%s", p.name, ctx.Err(), p.tail(), p.stacks())
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// maxStacks is how much of a dump of all goroutines is shown, in bytes.
const maxStacks = 256 << 10

// stacks ends a Go program that hangs and returns what its goroutines were doing.
func (p *Process) stacks() string {
	before, _ := os.ReadFile(p.Log)
	if p.Signal(syscall.SIGQUIT) != nil {
		return "it cannot be asked what it does"
	}
	timer := time.NewTimer(CloseGrace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	text = text[min(len(before), len(text)):]
	return string(text[:min(len(text), maxStacks)])
}

// Close ends the process and what it started, politely for up to grace.
func (p *Process) Close(grace time.Duration) {
	defer func() { <-p.done }()
	if grace > 0 {
		_ = p.Signal(syscall.SIGTERM)
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-p.done:
			return
		case <-timer.C:
		}
	}
	KillGroup(p.PID)
}
