//go:build linux

// Package leaving measures every way out of a room: to leave, with a server or a
// camera that does not answer, too, and to be removed or dismissed.
package leaving

import (
	"context"
	"fmt"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// Leave measures, over many rounds with camera, microphone and speaker open,
// how long it takes until everything is released and until the others know.
func Leave(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "leave")
	if err != nil {
		return err
	}
	defer r.Close()
	watcher, err := r.Enter(ctx, "watcher")
	if err != nil {
		return err
	}
	p, err := r.Enter(ctx, "leaver", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	var all leaveTimes
	mark, seen := 0, 0
	for i := range b.Rounds {
		if i > 0 {
			seen = watcher.Mark()
			if mark, _, err = harness.JoinOnce(ctx, p, r.Link); err != nil {
				return fmt.Errorf("round %d: %w", i, err)
			}
		}
		if err := all.round(ctx, r, p, watcher, mark, seen); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	b.Table.Row("Leave -> all devices released", all.released.String(), "p50 <= 40, p99 <= 100 ms",
		all.released.At(.5) <= 40 && all.released.At(.99) <= 100)
	b.Table.Row("Leave typed -> `left` read", all.said.String(), "", true)
	b.Table.Row("Leave typed -> another participant's event", all.told.String(), "p95 <= 50 ms", all.told.At(.95) <= 50)
	return nil
}

// leaveTimes is what many rounds of it took.
type leaveTimes struct{ released, said, told report.Times }

// round waits until everything is open and seen, leaves, and waits until the
// watcher knows and the sound server has forgotten.
func (l *leaveTimes) round(ctx context.Context, r *harness.Room, p, watcher *drive.Process, mark, seen int) error {
	if err := opened(ctx, r, p, watcher, mark, seen); err != nil {
		return err
	}
	sent, left, err := harness.LeaveOnce(ctx, p)
	if err != nil {
		return err
	}
	last, n, err := lastRelease(left)
	if err != nil {
		return err
	}
	if n < 3 {
		return fmt.Errorf("%d devices released: %s", n, left.Raw)
	}
	l.released = append(l.released, last)
	l.said.Add(left.Seen.Sub(sent))
	gone, err := harness.Wait(ctx, watcher, "participant_left", seen, harness.About("leaver"))
	if err != nil {
		return err
	}
	l.told.Add(gone.Seen.Sub(sent))
	// Or the next round would take this one's speaker for its own.
	if err := r.Speaks(ctx, p.PID, false); err != nil {
		return fmt.Errorf("the sound server still has our speaker: %w", err)
	}
	return nil
}

// opened waits until all of p's devices are open, and the watcher sees them.
func opened(ctx context.Context, r *harness.Room, p, watcher *drive.Process, mark, seen int) error {
	for _, source := range []string{"camera", "microphone"} {
		if _, err := harness.Wait(ctx, p, "track_published", mark, harness.Local(source)); err != nil {
			return err
		}
	}
	if err := r.Speaks(ctx, p.PID, true); err != nil {
		return fmt.Errorf("the speaker never opened: %w", err)
	}
	// A stay that ends before the others see anybody come is not announced.
	another := func(e drive.Event) bool { return e.Text("id") != "watcher" }
	_, err := harness.Wait(ctx, watcher, "track_subscribed", seen, another)
	return err
}

// lastRelease is when, after the beginning of the exit, the last device was
// free, and how many there were.
func lastRelease(left drive.Event) (ms float64, n int, err error) {
	var f struct {
		Released []struct{ MS float64 }
		Stuck    []string
	}
	if err := left.Decode(&f); err != nil {
		return 0, 0, err
	}
	if len(f.Stuck) > 0 {
		return 0, 0, fmt.Errorf("stuck: %v", f.Stuck)
	}
	for _, d := range f.Released {
		ms = max(ms, d.MS)
	}
	return ms, len(f.Released), nil
}
