//go:build linux

// Package leaks looks for what grows or is left behind: after many stays, and after
// many servers.
package leaks

import (
	"context"
	"fmt"
	"math"

	"foyer/bench/internal/harness"
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

// Rounds joins and leaves many times and compares what the process holds.
func Rounds(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "flat")
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := r.Enter(ctx, "rounds", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	if _, _, err := harness.LeaveOnce(ctx, p); err != nil {
		return err
	}
	var seen []footprint
	for i := range max(b.Rounds, warmUp+1) {
		if i == 0 || i == warmUp {
			f, err := footprintOf(ctx, p, r.Link)
			if err != nil {
				return err
			}
			seen = append(seen, f)
		}
		if _, _, err := harness.JoinOnce(ctx, p, r.Link); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if _, _, err := harness.LeaveOnce(ctx, p); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	after, err := footprintOf(ctx, p, r.Link)
	if err != nil {
		return err
	}
	before := seen[1]
	grown := after.goroutines > before.goroutines+2 || after.files > before.files+2 ||
		float64(after.rss) > 1.15*float64(before.rss)
	b.Table.Row("Join/leave rounds: the first stay", seen[0].String(), "", true)
	b.Table.Row(fmt.Sprintf("... after %d", warmUp), before.String(), "", true)
	b.Table.Row(fmt.Sprintf("... after %d", b.Rounds), after.String(), "the same", !grown)
	return nil
}

// footprintOf counts inside a stay of its own, since a program counts its
// goroutines only there, and at the same second of it.
func footprintOf(ctx context.Context, p *drive.Process, link string) (f footprint, err error) {
	mark, _, err := harness.JoinOnce(ctx, p, link)
	if err != nil {
		return f, err
	}
	for _, source := range []string{"camera", "microphone"} {
		if _, err := harness.Wait(ctx, p, "track_published", mark, harness.Local(source)); err != nil {
			return f, err
		}
	}
	var stats drive.Event
	f.rss = math.MaxInt64
	for range 5 {
		if stats, err = harness.Wait(ctx, p, "stats", p.Mark(), nil); err != nil {
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
	_, _, err = harness.LeaveOnce(ctx, p)
	return f, err
}
