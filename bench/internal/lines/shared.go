//go:build linux

package lines

import (
	"context"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
	"foyer/internal/drive/badline"
)

const (
	sharedRate = 1000 // kbit/s
	sharedFor  = 40 * time.Second
	// A sender that has less than that of what both send is pushed aside.
	leastShare = 0.35
)

// Shared measures what Foyer and Chromium get of one line when both send over it.
func Shared(ctx context.Context, b *harness.Bench) error {
	narrow := func(c *drive.Cable) error { return badline.Narrow(ctx, c.B, sharedRate, queue) }
	m, err := open(ctx, b, Pair{Foyer, Foyer}, endB, endA, narrow)
	if err != nil {
		return err
	}
	defer m.close()
	const other = "other"
	if _, err := m.enter(ctx, Chromium, other, m.cable.B); err != nil {
		return err
	}
	if err := harness.Pause(ctx, settle); err != nil {
		return err
	}
	before, err := m.received(ctx)
	if err != nil {
		return err
	}
	if err := harness.Pause(ctx, sharedFor); err != nil {
		return err
	}
	after, err := m.received(ctx)
	if err != nil {
		return err
	}
	ours, theirs := after["sender"]-before["sender"], after[other]-before[other]
	if ours+theirs == 0 {
		return fmt.Errorf("nothing came in %v", sharedFor)
	}
	share := ours / (ours + theirs)
	b.Table.Row("Foyer's share of a line of 1 Mbit/s over which Chromium sends, too", fmt.Sprintf(
		"%.0f %% of %.0f kbit/s", 100*share, (ours+theirs)*8/1000/sharedFor.Seconds()),
		"35 to 65 %", share >= leastShare && share <= 1-leastShare)
	return nil
}

// received is how many bytes the receiver has of each person.
func (m *meeting) received(ctx context.Context) (map[string]float64, error) {
	mark := m.receiver.Mark()
	if err := m.receiver.Send(map[string]string{"cmd": "stats"}); err != nil {
		return nil, err
	}
	e, err := harness.Wait(ctx, m.receiver, "stats", mark, nil)
	if err != nil {
		return nil, err
	}
	var stats struct {
		Remote []struct {
			ID    string  `json:"id"`
			Bytes float64 `json:"bytes"`
		} `json:"remote"`
	}
	if err := e.Decode(&stats); err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for _, r := range stats.Remote {
		all[r.ID] += r.Bytes
	}
	return all, nil
}
