//go:build unix

package testenv

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"foyer/internal/drive"
)

// Limit is how long an event of another process may take on a busy machine
// before a test fails. What must be faster is measured, not waited for.
const Limit = 45 * time.Second

// binary builds the program once per test process.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "foyer-bin-")
	if err != nil {
		return "", err
	}
	return drive.Build(context.Background(), dir)
})

// RemoveFoyer deletes what [Foyer] built, if anything. A TestMain calls it last.
func RemoveFoyer() {
	if bin, err := binary(); err == nil && os.Getenv(drive.BinVariable) == "" {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
}

// Foyer builds the program, once per test process, or takes the one that
// FOYER_BIN names. Its processes keep their files in a folder of the test's.
func Foyer(t testing.TB) drive.Foyer {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return drive.Foyer{Bin: bin, Work: t.TempDir()}
}

// Process is a process that ends with the test.
type Process struct {
	*drive.Process
	t testing.TB
}

// Adopt makes a process end with the test.
func Adopt(t testing.TB, p *drive.Process) *Process {
	t.Helper()
	t.Cleanup(func() {
		p.Close(drive.CloseGrace)
		if err := p.Broken(); err != nil {
			t.Error(err)
		}
	})
	return &Process{p, t}
}

// Server is a room server that ends with the test.
type Server struct {
	*Process
	*drive.API
	Drive *drive.Server
}

// Serve starts a room server.
func Serve(t testing.TB, f drive.Foyer, o drive.ServeOptions) *Server {
	t.Helper()
	s, err := f.Serve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := Adopt(t, s.Process)
	api, err := s.API()
	if err != nil {
		t.Fatal(err)
	}
	return &Server{p, api, s}
}

// Invite returns a link to a room.
func (s *Server) Invite(room string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), Limit)
	defer cancel()
	link, err := s.Drive.Invite(ctx, room)
	if err != nil {
		s.t.Fatal(err)
	}
	return link
}

// Join starts a participant without a window; it waits for nothing.
func Join(t testing.TB, f drive.Foyer, o drive.JoinOptions) *Process {
	t.Helper()
	p, err := f.Join(o)
	if err != nil {
		t.Fatal(err)
	}
	return Adopt(t, p)
}

// Await returns the first event of that name, ever.
func (p *Process) Await(name string) drive.Event {
	p.t.Helper()
	return p.AwaitAfter(0, name, nil)
}

// AwaitWhere returns the first event of that name, ever, for which match holds.
func (p *Process) AwaitWhere(name string, match func(drive.Event) bool) drive.Event {
	p.t.Helper()
	return p.AwaitAfter(0, name, match)
}

// AwaitAfter returns the first such event from index mark on.
func (p *Process) AwaitAfter(mark int, name string, match func(drive.Event) bool) drive.Event {
	p.t.Helper()
	return p.await(Limit, mark, name, match)
}

// AwaitFor is Await for what may take longer than the usual limit.
func (p *Process) AwaitFor(limit time.Duration, name string) drive.Event {
	p.t.Helper()
	return p.await(limit, 0, name, nil)
}

func (p *Process) await(limit time.Duration, mark int, name string, match func(drive.Event) bool) drive.Event {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), limit)
	defer cancel()
	e, err := p.Wait(ctx, name, mark, match)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// Say sends a command.
func (p *Process) Say(command map[string]any) {
	p.t.Helper()
	if err := p.Send(command); err != nil {
		p.t.Fatalf("send %v: %v", command, err)
	}
}

// Ended waits for the end and returns the exit status, -1 after a signal.
func (p *Process) Ended() int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), Limit)
	defer cancel()
	status, err := p.Exit(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return status
}
