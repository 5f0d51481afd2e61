package badline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"foyer/internal/drive"
)

// lineBurst is what a narrow line lets through at once, in bytes: two packets, so that
// a probe of the rate does not hide in it.
const lineBurst = 3000

// Narrow limits what goes out of an end of a cable to a rate, with a queue that
// holds packets for at most that long; more is dropped.
func Narrow(ctx context.Context, n *drive.NetNS, kbit int, queue time.Duration) error {
	_, err := n.Output(ctx, "tc", "qdisc", "replace", "dev", n.Device, "root", "tbf",
		"rate", fmt.Sprintf("%dkbit", kbit), "burst", fmt.Sprint(lineBurst),
		"latency", fmt.Sprintf("%dms", queue.Milliseconds()))
	return err
}

// Queued is how many bytes wait at a narrow end.
func Queued(ctx context.Context, n *drive.NetNS) (int, error) {
	out, err := n.Output(ctx, "tc", "-s", "-j", "qdisc", "show", "dev", n.Device)
	if err != nil {
		return 0, err
	}
	var queues []struct{ Backlog int }
	if err := json.Unmarshal([]byte(out), &queues); err != nil || len(queues) == 0 {
		return 0, fmt.Errorf("tc says %q: %w", out, err)
	}
	return queues[0].Backlog, nil
}

// Lose drops so many percent of the UDP packets that come in at an end; 0 ends it.
func Lose(ctx context.Context, n *drive.NetNS, percent int) error {
	steps := []string{"add table inet line", "delete table inet line"}
	if percent > 0 {
		steps = append(steps, "add table inet line",
			"add chain inet line lossy { type filter hook input priority 0; policy accept; }",
			fmt.Sprintf("add rule inet line lossy meta l4proto udp numgen random mod 100 < %d drop", percent))
	}
	for _, step := range steps {
		if _, err := n.Output(ctx, "nft", step); err != nil {
			return err
		}
	}
	return nil
}
