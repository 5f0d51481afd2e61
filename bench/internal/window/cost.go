//go:build linux

package window

import (
	"context"
	"fmt"
	"slices"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// cost is what processes use.
type cost struct {
	cpu, renderer float64 // share of a core; the second part drew in software
	rss, pss      int64
	fps           []float64 // that each tile showed
}

func (c cost) rate() string {
	if len(c.fps) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", slices.Min(c.fps))
}

func (c cost) String() string {
	drawn := ""
	if c.renderer > 0 {
		drawn = fmt.Sprintf(" (%s without llvmpipe)", report.Percent(c.cpu-c.renderer))
	}
	moved := ""
	if len(c.fps) > 0 {
		moved = fmt.Sprintf(", %s frames per second in the slowest tile", c.rate())
	}
	return fmt.Sprintf("CPU %s of a core%s, RSS %s, PSS %s%s",
		report.Percent(c.cpu), drawn, report.Megabytes(c.rss), report.Megabytes(c.pss), moved)
}

// spend lets the processes run and counts.
func spend(ctx context.Context, pids []int) (c cost, err error) {
	if err := harness.Pause(ctx, settle); err != nil {
		return c, err
	}
	before, start := harness.CPU(pids), time.Now()
	if err := harness.Pause(ctx, measure); err != nil {
		return c, err
	}
	after, took := harness.CPU(pids), time.Since(start).Seconds()
	c.cpu, c.renderer = (after.Total-before.Total)/took, (after.Renderer-before.Renderer)/took
	for _, pid := range pids {
		rss, pss, err := drive.Memory(pid)
		if err != nil {
			continue // a helper process that has ended
		}
		c.rss, c.pss = c.rss+rss, c.pss+pss
	}
	return c, nil
}
