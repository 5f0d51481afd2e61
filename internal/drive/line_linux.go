package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// lineBurst is what a narrow line lets through at once, in bytes: two packets, so that
// a probe of the rate does not hide in it.
const lineBurst = 3000

// Narrow limits what goes out of this end of the cable to a rate, with a queue that
// holds packets for at most that long; more is dropped.
func (n *NetNS) Narrow(ctx context.Context, kbit int, queue time.Duration) error {
	return n.run(ctx, "", "tc", "qdisc", "replace", "dev", n.dev, "root", "tbf",
		"rate", fmt.Sprintf("%dkbit", kbit), "burst", fmt.Sprint(lineBurst),
		"latency", fmt.Sprintf("%dms", queue.Milliseconds()))
}

// Queued is how many bytes wait at a narrow end.
func (n *NetNS) Queued(ctx context.Context) (int, error) {
	out, err := n.Output(ctx, "tc", "-s", "-j", "qdisc", "show", "dev", n.dev)
	if err != nil {
		return 0, err
	}
	var queues []struct{ Backlog int }
	if err := json.Unmarshal([]byte(out), &queues); err != nil || len(queues) == 0 {
		return 0, fmt.Errorf("tc says %q: %w", out, err)
	}
	return queues[0].Backlog, nil
}

// Lose drops so many percent of the UDP packets that come in at this end; 0 ends it.
func (n *NetNS) Lose(ctx context.Context, percent int) error {
	rules := "add table inet line\ndelete table inet line\n"
	if percent > 0 {
		rules += fmt.Sprintf(`table inet line {
	chain lossy { type filter hook input priority 0; policy accept; meta l4proto udp numgen random mod 100 < %d drop; }
}
`, percent)
	}
	return n.run(ctx, rules, "nft", "-f", "-")
}
