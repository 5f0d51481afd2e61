//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"time"

	"foyer/internal/drive"
)

// footprint is what must not grow.
type footprint struct {
	goroutines, files int
	memory
}

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %s", f.goroutines, f.files, f.memory)
}

// warmUp is how many rounds may fill pools and caches before it is counted.
const warmUp = 20

// flat joins and leaves many times and compares what the process holds.
func (b *bench) flat(ctx context.Context) error {
	r, err := b.room(ctx, "flat")
	if err != nil {
		return err
	}
	defer r.close()
	p, err := b.enter(ctx, r, "rounds", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	if _, _, err := leaveOnce(ctx, p); err != nil {
		return err
	}
	var seen []footprint
	for i := range max(b.rounds, warmUp+1) {
		if i == 0 || i == warmUp {
			f, err := b.footprint(ctx, p, r.link)
			if err != nil {
				return err
			}
			seen = append(seen, f)
		}
		if _, _, err := joinOnce(ctx, p, r.link); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if _, _, err := leaveOnce(ctx, p); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	after, err := b.footprint(ctx, p, r.link)
	if err != nil {
		return err
	}
	before := seen[1]
	grown := after.goroutines > before.goroutines+2 || after.files > before.files+2 || float64(after.rss) > 1.15*float64(before.rss)
	b.table.row("Join/leave rounds: the first stay", seen[0].String(), "", true)
	b.table.row(fmt.Sprintf("... after %d", warmUp), before.String(), "", true)
	b.table.row(fmt.Sprintf("... after %d", b.rounds), after.String(), "the same", !grown)
	return nil
}

// footprint counts inside a stay of its own, since a program counts its
// goroutines only there, and at the same second of it.
func (b *bench) footprint(ctx context.Context, p *drive.Process, link string) (f footprint, err error) {
	mark, _, err := joinOnce(ctx, p, link)
	if err != nil {
		return f, err
	}
	for _, source := range []string{"camera", "microphone"} {
		if _, err := wait(ctx, p, "track_published", mark, local(source)); err != nil {
			return f, err
		}
	}
	var stats drive.Event
	f.rss = math.MaxInt64
	for range 5 {
		if stats, err = wait(ctx, p, "stats", p.Mark(), nil); err != nil {
			return f, err
		}
		used, err := memoryOf(p.PID)
		if err != nil {
			return f, err
		}
		if used.rss < f.rss { // the least is what is needed; garbage comes and goes
			f.memory = used
		}
	}
	f.goroutines = int(stats.Number("goroutines"))
	files, err := drive.Files(p.PID)
	if err != nil {
		return f, err
	}
	f.files = len(files)
	_, _, err = leaveOnce(ctx, p)
	return f, err
}

// children starts and ends the server as the window does, by its lifeline, and
// looks for what is left behind.
func (b *bench) children(ctx context.Context) error {
	var ready, ended times
	data, err := b.folder("child")
	if err != nil {
		return err
	}
	orphans := 0
	for i := range b.rounds {
		start := time.Now()
		s, err := b.foyer.Serve(ctx, drive.ServeOptions{Data: data, Args: []string{"--lifeline"}})
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		ready.add(time.Since(start))
		tree := drive.Tree(s.PID)
		start = time.Now()
		if err := s.CloseInput(); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		status, err := s.Exit(limited)
		cancel()
		if err != nil || status != 0 {
			s.Close(0)
			return fmt.Errorf("round %d: status %d: %w", i, status, err)
		}
		ended.add(time.Since(start))
		for _, pid := range tree {
			if drive.Alive(pid) {
				orphans++
			}
		}
	}
	left, err := b.strays(ctx)
	if err != nil {
		return err
	}
	orphans += left
	b.table.row("Server child: start -> ready", ready.String(), "", true)
	b.table.row("Server child: lifeline cut -> ended", ended.String(), "", true)
	b.table.row(fmt.Sprintf("Orphans after %d servers", b.rounds), fmt.Sprint(orphans), "0", orphans == 0)
	return nil
}

// strays counts the processes of our own binary that still run.
func (b *bench) strays(ctx context.Context) (int, error) {
	out, err := exec.CommandContext(ctx, "pgrep", "-fc", b.foyer.Bin+" serve").Output()
	const none = 1 // of pgrep's: it worked and found nothing
	if failed := new(exec.ExitError); errors.As(err, &failed) && failed.ExitCode() == none {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the servers that are left: pgrep: %w", err)
	}
	n := 0
	_, err = fmt.Sscan(string(out), &n)
	return n, err
}
