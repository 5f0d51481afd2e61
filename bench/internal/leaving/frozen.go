//go:build linux

package leaving

import (
	"context"
	"errors"
	"syscall"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
)

// Frozen measures leaving while the server's process is stopped.
func Frozen(ctx context.Context, b *harness.Bench) error {
	var took report.Times
	for range min(10, b.Rounds) {
		if err := frozenOnce(ctx, b, &took); err != nil {
			return err
		}
	}
	b.Table.Row("Leave with a frozen server -> lobby", took.String(), "<= 2000 ms", took.At(1) <= 2000)
	return nil
}

func frozenOnce(ctx context.Context, b *harness.Bench, took *report.Times) error {
	r, err := b.OpenRoom(ctx, "frozen")
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := r.Enter(ctx, "leaver", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	if _, err := harness.Wait(ctx, p, "track_published", 0, harness.Local("camera")); err != nil {
		return err
	}
	if err := r.Server.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	sent, left, err := harness.LeaveOnce(ctx, p)
	err = errors.Join(err, r.Server.Signal(syscall.SIGCONT))
	took.Add(left.Seen.Sub(sent))
	return err
}
