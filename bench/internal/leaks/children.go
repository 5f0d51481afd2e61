//go:build linux

package leaks

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// Children starts and ends the server as the window does, by its lifeline, and
// looks for what is left behind.
func Children(ctx context.Context, b *harness.Bench) error {
	var ready, ended report.Times
	data, err := b.Folder("child")
	if err != nil {
		return err
	}
	orphans := 0
	for i := range b.Rounds {
		start := time.Now()
		s, err := b.Foyer.Serve(ctx, drive.ServeOptions{Data: data, Args: []string{"--lifeline"}})
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		ready.Add(time.Since(start))
		tree := drive.Tree(s.PID)
		start = time.Now()
		if err := s.CloseInput(); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, harness.Patience)
		status, err := s.Exit(limited)
		cancel()
		if err != nil || status != 0 {
			s.Close(0)
			return fmt.Errorf("round %d: status %d: %w", i, status, err)
		}
		ended.Add(time.Since(start))
		for _, pid := range tree {
			if drive.Alive(pid) {
				orphans++
			}
		}
	}
	left, err := strays(ctx, b)
	if err != nil {
		return err
	}
	orphans += left
	b.Table.Row("Server child: start -> ready", ready.String(), "", true)
	b.Table.Row("Server child: lifeline cut -> ended", ended.String(), "", true)
	b.Table.Row(fmt.Sprintf("Orphans after %d servers", b.Rounds), fmt.Sprint(orphans), "0", orphans == 0)
	return nil
}

// strays counts the processes of our own binary that still run.
func strays(ctx context.Context, b *harness.Bench) (int, error) {
	out, err := exec.CommandContext(ctx, "pgrep", "-fc", b.Foyer.Bin+" serve").Output()
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
