//go:build unix

package roomserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/testenv"
)

func newTestChild(t *testing.T, role string) (*Child, *testenv.Log) {
	t.Helper()
	log, buffer := testenv.NewLog()
	c := NewChild(ChildConfig{
		Listen: "127.0.0.1:0", Data: t.TempDir(), Env: []string{roleVariable + "=" + role}, Log: log,
	})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, buffer
}

func pidOf(c *Child) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.cmd.Process.Pid
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// waitGone waits for a process that is not ours to wait for: a grandchild's end
// is no event to us, except through a pidfd, which only Linux has. So it looks
// again and again.
func waitGone(t *testing.T, pid int, timeout time.Duration) time.Duration {
	t.Helper()
	began := time.Now()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(timeout)
	for !gone(pid) && !zombie(pid) {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("process %d is still there after %v", pid, timeout)
		}
	}
	return time.Since(began)
}

func zombie(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(raw), ") Z ")
}

func TestChild(t *testing.T) {
	c, _ := newTestChild(t, roleServe)
	if c.Stopped() != nil {
		t.Error("stopped before Start")
	}
	ctx := context.Background()
	links, err := c.Start(ctx, "hall", "The hall")
	if err != nil {
		t.Fatal(err)
	}
	link := links.Guests
	if links.Own.Secret == link.Secret {
		t.Error("guests have the host's own link")
	}
	if link.Room != "hall" || link.Title != "The hall" || link.Existing || len(link.Hosts) != 1 {
		t.Errorf("link %+v", link)
	}
	pid := c.current.cmd.Process.Pid
	anna := newGuest(t)
	anna.join(t, link)

	second, err := c.Start(ctx, "kitchen", "")
	if err != nil || c.current.cmd.Process.Pid != pid {
		t.Errorf("second room: %v; one server for both: %v", err, c.current.cmd.Process.Pid == pid)
	}
	newGuest(t).join(t, second.Guests)

	ended := make(chan error, 1)
	go func() { ended <- c.Close() }()
	select {
	case r := <-anna.ended:
		if r != call.ReasonServerStopped {
			t.Errorf("guests were told %v", r)
		}
	case <-time.After(waitTimeout):
		t.Error("guests were told nothing")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	select {
	case <-c.Stopped():
		t.Error("Close counts as stopped by itself")
	default:
	}
	if !gone(pid) {
		t.Error("the process is still there")
	}
	if _, err := c.Start(ctx, "hall", ""); !errors.Is(err, call.ErrClosed) {
		t.Errorf("start after close: %v", err)
	}
}

// TestChildReached: what the server says of its addresses is told, the newest at last,
// and it leaves the router alone if that is wanted when it starts.
func TestChildReached(t *testing.T) {
	c, _ := newTestChild(t, roleServe)
	leave := false
	c.conf.LeaveRouter = func() bool { return leave }
	if c.Reached() != nil {
		t.Error("reached before Start")
	}
	for _, leave = range []bool{false, true} {
		links, err := c.Start(t.Context(), "hall", "")
		if err != nil {
			t.Fatal(err)
		}
		want := append([]string{"203.0.113.1:1"}, links.Guests.Hosts...)
		for late, got := time.After(waitTimeout), (call.RoomServerReached{}); !slices.Equal(got.Hosts, want); {
			select {
			case got = <-c.Reached():
			case <-late:
				t.Fatalf("got %v, not %v", got.Hosts, want)
			}
		}
		if has := slices.Contains(c.current.cmd.Args, "--no-port-mapping"); has != leave {
			t.Errorf("leave it alone %v: %v", leave, c.current.cmd.Args)
		}
		if err := c.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestChildCrash: the end of the server is noticed, and the next Start has a
// new one at the same address, where the old link still works.
func TestChildCrash(t *testing.T) {
	c, log := newTestChild(t, roleServe)
	ctx := context.Background()
	links, err := c.Start(ctx, "hall", "")
	if err != nil {
		t.Fatal(err)
	}
	link := links.Guests
	if err := c.current.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Stopped():
	case <-time.After(waitTimeout):
		t.Fatal("nobody noticed")
	}
	if !strings.Contains(log.String(), "ended by itself") {
		t.Error("nothing in the log")
	}
	again, err := c.Start(ctx, "hall", "")
	if err != nil {
		t.Fatal(err)
	}
	if again := again.Guests; again.Hosts[0] != link.Hosts[0] || again.Fingerprint != link.Fingerprint {
		t.Errorf("before %v, after %v", link.Hosts, again.Hosts)
	}
	newGuest(t).join(t, link)
	select {
	case <-c.Stopped():
		t.Error("the new one counts as stopped")
	default:
	}
	// After a crash its rooms are there again, whatever starts it; a stop is meant.
	resumes := func() bool { return slices.Contains(c.current.cmd.Args, "--resume") }
	if !resumes() {
		t.Error("after a crash: without the rooms of before")
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(ctx, "kitchen", ""); err != nil || resumes() {
		t.Errorf("after a stop: %v, resumes: %v", err, resumes())
	}
}

func TestChildErrors(t *testing.T) {
	ctx := context.Background()
	t.Run("names", func(t *testing.T) {
		c, _ := newTestChild(t, roleFails)
		if _, err := c.Start(ctx, "a b", ""); !errors.Is(err, call.ErrForbiddenCharacter) {
			t.Error(err)
		}
	})
	t.Run("fails at once", func(t *testing.T) {
		c, _ := newTestChild(t, roleFails)
		_, err := c.Start(ctx, "hall", "")
		if !errors.Is(err, call.ErrRoomServerFailed) || !strings.Contains(err.Error(), "foyer: the reason") {
			t.Error(err)
		}
	})
	t.Run("says something else", func(t *testing.T) {
		c, _ := newTestChild(t, roleGarbage)
		if _, err := c.Start(ctx, "hall", ""); !errors.Is(err, call.ErrRoomServerFailed) || c.current != nil {
			t.Error(err)
		}
	})
	t.Run("no such program", func(t *testing.T) {
		c, _ := newTestChild(t, roleServe)
		c.conf.Executable = "/no/such/program"
		if _, err := c.Start(ctx, "hall", ""); !errors.Is(err, call.ErrRoomServerFailed) {
			t.Error(err)
		}
	})
}

// TestChildSaysWhy: what keeps the server from starting passes through the
// process as the error that it is.
func TestChildSaysWhy(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	with := func(name, content string) func(*Child) {
		return func(c *Child) {
			if err := os.WriteFile(filepath.Join(c.conf.Data, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		change func(*Child)
		want   error
	}{
		{func(c *Child) { c.conf.Data = "/proc/no" }, call.ErrDataFolder},
		{func(c *Child) { c.conf.Listen = busy.Addr().String() }, call.ErrPortInUse},
		{func(c *Child) { c.conf.Listen = "192.0.2.1:0" }, call.ErrAddress},
		{func(c *Child) { c.conf.Listen = "nowhere" }, call.ErrServerConfig},
		{with("foyer.db", strings.Repeat("garbage", 1000)), call.ErrDataCorrupt},
		{with("door.pem", "garbage"), call.ErrCertificate},
		{with("admin-key.json", "garbage"), call.ErrServerKey},
	}
	for _, tt := range tests {
		t.Run(FailureCode(tt.want), func(t *testing.T) {
			c, _ := newTestChild(t, roleServe)
			tt.change(c)
			_, err := c.Start(context.Background(), "hall", "")
			if !errors.Is(err, call.ErrRoomServerFailed) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "foyer: ") {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if c.current != nil {
				t.Error("it counts as started")
			}
		})
	}
}

func TestFailureCodes(t *testing.T) {
	for _, f := range failures() {
		if code := FailureCode(fmt.Errorf("start: %w", f.err)); code != f.code || !errors.Is(FailureFromCode(code), f.err) {
			t.Errorf("%v: %q, %v", f.err, code, FailureFromCode(code))
		}
	}
	if code := FailureCode(errors.New("something else")); code != "" {
		t.Errorf("a failure without a code has the code %q", code)
	}
	for _, code := range []string{"", "no such code"} {
		if err := FailureFromCode(code); err != nil {
			t.Errorf("%q: %v", code, err)
		}
	}
	var line bytes.Buffer
	if err := WriteFailure(&line, call.ErrDataFull); err != nil || line.String() != `{"event":"failed","error":"data_full"}`+"\n" {
		t.Errorf("%q, %v", line.String(), err)
	}
}

// deaf listens where a ready server would, and never answers. Each connection
// comes through the channel, whose end says that the test is over.
func deaf(t *testing.T) (net.Listener, <-chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn)
	over := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case conns <- conn:
			case <-over:
				_ = conn.Close()
			}
		}
	}()
	t.Cleanup(func() { close(over); _ = l.Close(); <-ended })
	return l, conns
}

// TestChildGivenUp: a server in which no room was made does not go on when its
// start is given up, and one with a room does.
func TestChildGivenUp(t *testing.T) {
	l, asked := deaf(t)
	key := filepath.Join(t.TempDir(), "admin-key.json")
	raw, err := json.Marshal(doorapi.AdminKey{Key: "key", Fingerprint: strings.Repeat("00", 32)})
	if err == nil {
		err = os.WriteFile(key, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, _ := newTestChild(t, roleReady)
	c.conf.Env = append(c.conf.Env, readyURL+"=https://"+l.Addr().String(), readyKey+"="+key)
	begin := func(ctx context.Context) <-chan error {
		failed := make(chan error, 1)
		go func() {
			_, err := c.Start(ctx, "hall", "")
			failed <- err
		}()
		conn := <-asked // it is ready, and asked for an invitation
		t.Cleanup(func() { _ = conn.Close() })
		return failed
	}
	ctx, cancel := context.WithCancel(context.Background())
	other, cancelOther := context.WithCancel(context.Background())
	defer cancel()
	defer cancelOther()
	first, second := begin(ctx), begin(other)
	pid := pidOf(c)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if gone(pid) {
		t.Error("it is gone while somebody else uses it")
	}
	cancelOther()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !gone(pid) {
		t.Error("it goes on for nobody")
	}
	select {
	case <-c.Stopped():
		t.Error("that counts as stopped by itself")
	default:
	}

	c.conf.Env = []string{roleVariable + "=" + roleServe}
	if _, err := c.Start(context.Background(), "hall", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(ctx, "hall", ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if gone(pidOf(c)) {
		t.Error("the server of the first room is gone")
	}
}

// TestChildCancelled: a start that is given up, by ctx or by Close, leaves no
// process.
func TestChildCancelled(t *testing.T) {
	t.Run("context", func(t *testing.T) {
		c, _ := newTestChild(t, roleSilent)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := c.Start(ctx, "hall", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if d := time.Since(began); d > childStopTimeout+2*time.Second {
			t.Errorf("took %v", d)
		}
	})
	t.Run("close", func(t *testing.T) {
		c, _ := newTestChild(t, roleSilent)
		failed := make(chan error, 1)
		go func() {
			_, err := c.Start(context.Background(), "hall", "")
			failed <- err
		}()
		for len(c.turn) == 0 { // until Start has begun
			runtime.Gosched()
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, call.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestChildRounds(t *testing.T) {
	const rounds = 20
	dir := t.TempDir()
	log, _ := testenv.NewLog()
	var slowStart, slowStop time.Duration
	files := openFiles(t)
	for range rounds {
		c := NewChild(ChildConfig{Listen: "127.0.0.1:0", Data: dir, Env: []string{roleVariable + "=" + roleServe}, Log: log})
		began := time.Now()
		if _, err := c.Start(context.Background(), "hall", ""); err != nil {
			t.Fatal(err)
		}
		slowStart = max(slowStart, time.Since(began))
		pid := c.current.cmd.Process.Pid
		began = time.Now()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		slowStop = max(slowStop, time.Since(began))
		if !gone(pid) {
			t.Fatalf("process %d is still there", pid)
		}
	}
	if now := openFiles(t); now > files {
		t.Errorf("%d open files before, %d after", files, now)
	}
	t.Logf("%d rounds: start at most %v, stop at most %v", rounds, slowStart, slowStop)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files are counted in /proc; runs on Linux")
	}
	return len(entries)
}

// TestChildOutlivesNobody kills the parent with SIGKILL.
func TestChildOutlivesNobody(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(executable, t.TempDir())
	parent.Env = append(os.Environ(), roleVariable+"="+roleParent)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	t.Logf("the server was gone %v after its parent", waitGone(t, pid, waitTimeout))
}
