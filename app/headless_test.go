package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// timeout is how long a test waits for what must come.
const timeout = 30 * time.Second

// program is a headless program on fakes, with its stdin in the test's hand.
type program struct {
	t       *testing.T
	dialer  *enginetest.Dialer
	devices *enginetest.Devices
	ledger  *enginetest.Ledger
	cancel  context.CancelFunc // what a signal does
	stdin   *io.PipeWriter
	out     *lineBuffer
	stdout  io.Writer // out, unless a test wants another
	errs    *lineBuffer
	profile *profile
	status  chan int
}

type noCloser struct{}

func (noCloser) Close() error { return nil }

func start(t *testing.T, stay bool, set func(*program)) *program {
	t.Helper()
	others := []goleak.Option{
		goleak.IgnoreCurrent(), // Fyne starts one when it is loaded
		// LiveKit looks for agents for 5 s after a room began, even if its server,
		// that of an earlier test, has stopped (pkg/agent/client.go).
		goleak.IgnoreAnyFunction("github.com/gammazero/workerpool.worker"),
	}
	dir, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ledger := &enginetest.Ledger{}
	p := &program{
		t: t, ledger: ledger, profile: dir, out: newLineBuffer(), errs: newLineBuffer(), status: make(chan int, 1),
		dialer: &enginetest.Dialer{Ledger: ledger}, devices: &enginetest.Devices{Ledger: ledger},
	}
	p.stdout = p.out
	if set != nil {
		set(p)
	}
	log, _ := test.NewNullLogger()
	c := startCore(engine.Config{
		Devices: p.devices, Media: &enginetest.Media{Ledger: ledger}, Dialer: p.dialer, Key: dir.key, Log: log,
	}, noCloser{})
	in, feed := io.Pipe()
	p.stdin = feed
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	h := newHeadless(c, dir, stay, io3{in: in, out: p.stdout, err: p.errs}, log)
	join := engine.Join{
		Link: call.Link{URL: "ws://127.0.0.1:1", Token: "t", Room: "r"}, Name: "Ada", Identity: "ada",
		Devices: engine.Choice{Camera: call.DeviceTest, Microphone: call.DeviceTest, Speaker: call.DeviceNone},
	}
	go func() {
		status := h.run(ctx, join)
		c.close(context.Background())
		p.status <- status
	}()
	t.Cleanup(func() {
		cancel()
		_ = feed.Close()
		goleak.VerifyNone(t, others...)
	})
	return p
}

func (p *program) send(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the exit status and returns the left events.
func (p *program) end(want int) []map[string]any {
	p.t.Helper()
	select {
	case status := <-p.status:
		if status != want {
			p.t.Errorf("exit status %d, want %d", status, want)
		}
	case <-time.After(timeout):
		p.t.Fatalf("the program does not end; it said\n%s", p.out)
	}
	for _, kind := range []string{"device", "session"} {
		if n := p.ledger.OpenNow(kind); n != 0 {
			p.t.Errorf("%d of kind %s are open at the end", n, kind)
		}
	}
	return lines(p.t, p.out.bytes(), "left")
}

func (p *program) await(event string, n int) []map[string]any {
	p.t.Helper()
	deadline := time.After(timeout)
	for {
		changed := p.out.changed()
		if got := lines(p.t, p.out.bytes(), event); len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-deadline:
			p.t.Fatalf("no %d. %q; it said\n%s", n, event, p.out)
		}
	}
}

func TestL5_HeadlessWaysOut(t *testing.T) {
	tell := func(e call.SessionEvent) func(*program) { return func(p *program) { p.dialer.Last().Tell(e) } }
	for _, c := range []struct {
		name   string
		act    func(*program)
		reason string
		status int
		code   any
	}{
		{"leave", func(p *program) { p.send(`{"cmd":"leave"}`) }, "left", exitOK, 0.0},
		{"leave naming the room", func(p *program) { p.send(`{"cmd":"leave","room":"r"}`) }, "left", exitOK, 0.0},
		{"end of stdin", func(p *program) { _ = p.stdin.Close() }, "left", exitOK, 0.0},
		{"signal", func(p *program) { p.cancel() }, "app_quit", exitOK, 0.0},
		{"removed", tell(call.SessionEnded{Reason: call.ReasonRemoved}), "removed", exitOtherReason, 1.0},
		{"dismissed", tell(call.SessionEnded{Reason: call.ReasonDismissed}), "dismissed", exitOK, 2.0},
		{"duplicate", tell(call.SessionEnded{Reason: call.ReasonDuplicate}), "duplicate", exitOtherReason, nil},
		{"server stopped", tell(call.SessionEnded{Reason: call.ReasonServerStopped}), "server_stopped", exitOtherReason, nil},
		{"connection lost", tell(call.SessionEnded{Reason: call.ReasonConnectionLost}), "connection_lost", exitOtherReason, nil},
		{"unknown reason", tell(call.SessionEnded{Reason: call.ReasonOther(16)}), "other(16)", exitOtherReason, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, false, nil)
			p.await("track_published", 2)
			if len(p.await("joined", 1)) != 1 {
				t.Error("joined more than once")
			}
			c.act(p)
			left := p.end(c.status)
			if len(left) != 1 || left[0]["reason"] != c.reason || left[0]["code"] != c.code {
				t.Fatalf("left events %v, want one with reason %s and code %v", left, c.reason, c.code)
			}
			if left[0]["message"] == "" || len(left[0]["released"].([]any)) != 2 || len(left[0]["stuck"].([]any)) != 0 {
				t.Errorf("left %v, want a message and two released devices", left[0])
			}
			if crashed, _ := filepath.Glob(p.profile.path(stayPattern)); len(crashed) != 0 {
				t.Errorf("a stay file is left behind: %v", crashed)
			}
		})
	}
}

func TestMisuseIsAnsweredAndChangesNothing(t *testing.T) {
	p := start(t, false, nil)
	p.await("track_published", 2)
	for i, c := range []struct{ line, says string }{
		{`not json`, "not a JSON object"},
		{`["leave"]`, "not a JSON object"},
		{`{"cmd":"leave","room":7}`, `"room" cannot be a JSON number`},
		{`{"cmd":"rules","locked":"yes"}`, `"locked" cannot be a JSON string`},
		{`{"cmd":"remove","ids":"bob"}`, `"ids" cannot be a JSON string`},
		{`{"cmd":"frobnicate"}`, `cannot use this. Check what you entered and try again. (unusable argument: unknown command "frobnicate")`},
		{`{"cmd":"leave","room":"another"}`, "room"}, // contract N7
		{`{"cmd":"join","link":"` + goodLink + `"}`, "already"},
		{`{"cmd":"join","link":"nonsense"}`, "invite link"},
		{`{"cmd":"mute","source":"hat"}`, "cannot use"},
		{`{"cmd":"mute","source":"screen"}`, ""},
		{`{"cmd":"ban","id":"x"}`, "not a Foyer server"},
		{`{"cmd":"ban","id":"x","for":"0s"}`, "cannot use"},
		{`{"cmd":"ban","id":"x","for":"-10m"}`, "cannot use"},
		{`{"cmd":"ban","id":"x","for":"30s"}`, "cannot use"},
		{`{"cmd":"ban","id":"x","for":"soon"}`, "cannot use"},
		{`{"cmd":"remove"}`, "cannot use"},
		{`{"cmd":"chat","text":""}`, "message is empty"},
		{`{"cmd":"switch","link":"nonsense"}`, "invite link"},
		{`{"cmd":"snapshot","id":"nobody","source":"camera","file":"x.png"}`, "cannot use"},
		{`{"cmd":"fault","kind":"panic"}`, ""},
	} {
		p.send(c.line)
		failed := p.await("command_failed", i+1)[i]
		var given struct{ Cmd string }
		if json.Unmarshal([]byte(c.line), &given) == nil && failed["command"] != given.Cmd {
			t.Errorf("%s: it names the command %q", c.line, failed["command"])
		}
		if text, _ := failed["error"].(string); text == "" || !bytes.Contains([]byte(text), []byte(c.says)) {
			t.Errorf("%s: error %q does not say %q", c.line, text, c.says)
		}
	}
	if n := p.ledger.OpenNow("device"); n != 2 {
		t.Errorf("%d devices are open, want camera and microphone still", n)
	}
	p.send(`{"cmd":"leave"}`)
	if left := p.end(exitOK); len(left) != 1 {
		t.Errorf("left events %v, want one", left)
	}
}

func TestStayTakesTheNextJoin(t *testing.T) {
	p := start(t, true, nil)
	p.await("joined", 1)
	p.send(`{"cmd":"leave"}`)
	p.await("left", 1)
	p.send(`{"cmd":"join","link":"` + goodLink + `"}`)
	p.await("joined", 2)
	p.dialer.Last().Tell(call.SessionEnded{Reason: call.ReasonRemoved})
	p.await("left", 2)
	_ = p.stdin.Close()
	if left := p.end(exitOtherReason); len(left) != 2 {
		t.Errorf("left events %v, want two", left)
	}
}

func TestStdinThatEndsWhileJoiningCancels(t *testing.T) {
	p := start(t, false, func(p *program) {
		p.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return enginetest.Step{Block: make(chan struct{})} }
	})
	p.await("state", 1)
	_ = p.stdin.Close()
	if left := p.end(exitOK); len(left) != 1 || left[0]["reason"] != "left" {
		t.Errorf("left events %v", left)
	}
}

func TestL8_NobodyReadsAndStillWeLeave(t *testing.T) {
	stuck, stdout := io.Pipe() // never read
	p := start(t, false, func(p *program) { p.stdout = stdout })
	t.Cleanup(func() { _ = stuck.Close() })
	t.Cleanup(p.cancel)
	look := time.NewTicker(time.Millisecond) // the ledger tells nobody
	defer look.Stop()
	for p.ledger.OpenNow("session") == 0 || p.ledger.OpenNow("device") < 2 {
		<-look.C
	}
	began := time.Now()
	p.cancel()
	p.end(exitOK)
	if took := time.Since(began); took > closeTimeout {
		t.Errorf("the program ended after %v", took)
	}
	_ = stuck.Close()
}

func TestL8_ASignalEndsTheProgramAtOnce(t *testing.T) {
	p := start(t, false, nil)
	p.await("joined", 1)
	began := time.Now()
	p.cancel()
	p.end(exitOK)
	if took := time.Since(began); took > closeTimeout/2 {
		t.Errorf("the program ended after %v", took)
	}
}

// Whatever is said while the program ends is printed as it comes: a reader who
// looks for the moment of leaving does not wait for a device that is slow.
func TestEventsArePrintedWhileClosing(t *testing.T) {
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	p := start(t, false, func(p *program) {
		p.devices.OnClose = func(call.Device) enginetest.Step { return enginetest.Step{Block: release} }
	})
	t.Cleanup(free)
	p.await("track_published", 2)
	p.cancel()
	for {
		states := p.await("state", 3)
		if last := states[len(states)-1]["state"]; last == "leaving" {
			break
		} else if last == "idle" {
			t.Fatal("the program does not leave, it is gone")
		}
	}
	if len(lines(t, p.out.bytes(), "left")) != 0 {
		t.Error("left although the devices are open")
	}
	free()
	p.end(exitOK)
}

// A line that is too long is answered, and loses nothing: neither the room nor
// the line that follows.
func TestLineThatIsTooLongIsAnswered(t *testing.T) {
	p := start(t, false, nil)
	p.await("joined", 1)
	p.send(string(bytes.Repeat([]byte("x"), maxLine+1)))
	p.await("command_failed", 1)
	p.send(`{"cmd":"leave"}`)
	if left := p.end(exitOK); len(left) != 1 || left[0]["reason"] != "left" {
		t.Errorf("left events %v, want one", left)
	}
}

// lineBuffer is a stdout that tells when it grows.
type lineBuffer struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	grown  chan struct{}
	broken error
}

func newLineBuffer() *lineBuffer { return &lineBuffer{grown: make(chan struct{})} }

func (b *lineBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return 0, b.broken
	}
	close(b.grown)
	b.grown = make(chan struct{})
	return b.buf.Write(p)
}

func (b *lineBuffer) breakWith(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

func (b *lineBuffer) changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.grown
}

func (b *lineBuffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

func (b *lineBuffer) String() string { return string(b.bytes()) }

// lines are the events of that name.
func lines(t *testing.T, out []byte, event string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range bytes.Lines(out) {
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if e["ts"] == nil {
			t.Errorf("no ts in %s", line)
		}
		if e["event"] == event {
			found = append(found, e)
		}
	}
	return found
}
