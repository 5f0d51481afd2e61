//go:build linux

package window

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/engine/call"
	"foyer/internal/drive"
)

const (
	others    = 3 // beside the window's user
	early     = 5 * time.Minute
	weighed   = 10 * time.Second // so often
	mostPSS   = 180e6
	mostGrown = 1.05
)

// Stay measures the memory of the window in a room of four, all of whom have a camera and
// a microphone on, after five minutes and at the end.
func Stay(long time.Duration) func(context.Context, *harness.Bench) error {
	return func(ctx context.Context, b *harness.Bench) error {
		return seated(ctx, b, "stay", func(r *harness.Room, s *seat) error {
			film := filepath.Join(b.Foyer.Work, "numbers.y4m")
			if err := writeNumbers(film); err != nil {
				return err
			}
			s.settings = map[string]any{
				"camera": film, "camera_on": true, "microphone": call.DeviceTest, "microphone_off": false, "self_hidden": false,
			}
			if err := s.enter(ctx, b, r); err != nil {
				return err
			}
			for i := range others {
				name := fmt.Sprint("guest", i+1)
				if _, err := r.Enter(ctx, name, "--camera", film, "--mic", "test", "--speaker", "default"); err != nil {
					return err
				}
			}
			return s.weigh(ctx, b, long)
		})
	}
}

// weigh looks at the window's memory until the end.
func (s *seat) weigh(ctx context.Context, b *harness.Bench, long time.Duration) error {
	first, most, last := int64(0), int64(0), int64(0)
	for start := time.Now(); time.Since(start) < long; {
		if err := harness.Pause(ctx, min(weighed, long)); err != nil {
			return err
		}
		_, pss, err := drive.Memory(s.window.PID)
		if err != nil {
			return fmt.Errorf("the window after %v: %w", time.Since(start).Round(time.Second), err)
		}
		last, most = pss, max(most, pss)
		if time.Since(start) <= min(early, long/2) || first == 0 {
			first = pss
		}
	}
	what := fmt.Sprintf("Window in a room of %d with cameras and microphones, PSS", others+1)
	b.Table.Row(fmt.Sprintf("%s after %v", what, min(early, long/2)), report.Megabytes(first), "", true)
	b.Table.Row(fmt.Sprintf("... after %v", long),
		fmt.Sprintf("%s (at most %s)", report.Megabytes(last), report.Megabytes(most)),
		fmt.Sprintf("<= %s, and flat", report.Megabytes(mostPSS)),
		float64(last) <= mostPSS && float64(last) <= mostGrown*float64(first))
	return nil
}
