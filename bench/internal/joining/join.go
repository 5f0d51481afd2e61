//go:build linux

// Package joining measures how long it takes to join: until the first frame of
// somebody else, through the door, and with the room's chat.
package joining

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// Join measures how long it takes from the wish to join to the first decoded
// frame of somebody who is there, for joins that are far from each other and
// for some that follow each other at once.
func Join(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "join")
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Enter(ctx, "sender", "--camera", "test"); err != nil {
		return err
	}
	p, err := r.Enter(ctx, "viewer")
	if err != nil {
		return err
	}
	for _, series := range []struct {
		name string
		gap  time.Duration
	}{{"joins far apart", harness.Apart}, {"joins back to back", 0}} {
		joined, seen, err := joins(ctx, b, r.Link, p, series.gap)
		if err != nil {
			return fmt.Errorf("%s: %w", series.name, err)
		}
		b.Table.Row("Join -> `joined`, "+series.name, joined.String(), "", true)
		b.Table.Row("Join -> first remote frame, "+series.name, seen.String(), "p95 <= 400 ms", seen.At(.95) <= 400)
	}
	return nil
}

func joins(
	ctx context.Context, b *harness.Bench, link string, p *drive.Process, gap time.Duration,
) (joined, seen report.Times, err error) {
	dir, err := b.Folder("pictures")
	if err != nil {
		return nil, nil, err
	}
	for i := range min(50, b.Rounds) {
		if _, _, err := harness.LeaveOnce(ctx, p); err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		if err := harness.Pause(ctx, gap); err != nil {
			return nil, nil, err
		}
		mark, sent, err := harness.JoinOnce(ctx, p, link)
		if err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		joined.Add(time.Since(sent))
		at, err := firstFrame(ctx, p, mark, filepath.Join(dir, "picture.png"))
		if err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		seen.Add(at.Sub(sent))
	}
	return joined, seen, nil
}

// firstFrame is when the sender's first frame was decoded.
func firstFrame(ctx context.Context, p *drive.Process, mark int, file string) (time.Time, error) {
	if _, err := harness.Wait(ctx, p, "track_subscribed", mark, harness.About("sender")); err != nil {
		return time.Time{}, err
	}
	// A small frame: writing the file is not what is measured.
	snapshot := map[string]any{
		"cmd": "snapshot", "id": "sender", "source": "camera", "width": 64, "height": 36, "file": file,
	}
	if err := p.Send(snapshot); err != nil {
		return time.Time{}, err
	}
	shot, err := harness.Wait(ctx, p, "snapshot", mark, nil)
	return shot.Seen, err
}
