//go:build linux

package chat

import (
	"context"
	"fmt"

	"foyer/engine/call"
)

// differences counts what one has heard at another place than the other.
func differences(a, b *talker) (n int) {
	place := make(map[string]int, len(a.order))
	for i, id := range a.order {
		place[id] = i
	}
	last := -1
	for _, id := range b.order {
		if place[id] < last {
			n++
		}
		last = place[id]
	}
	return n
}

// history reads all that was stored, from one of the first messages on: those
// shortly before it come with it.
func history(ctx context.Context, s call.Session, after string) (lines, swapped int, err error) {
	seen, last := map[string]bool{}, map[call.Identity]int{}
	for {
		answer, err := s.Chat(ctx, after)
		if err != nil {
			return 0, 0, err
		}
		fresh := 0
		for _, m := range answer.Messages {
			if seen[m.ID] {
				continue // a catch-up repeats some
			}
			seen[m.ID] = true
			fresh++
			var n, done int
			if _, err := fmt.Sscan(m.Text, &n, &done); err != nil {
				continue
			}
			if n <= last[m.From] {
				swapped++
			}
			last[m.From] = max(last[m.From], done)
			after = m.ID
		}
		if !answer.More || fresh == 0 {
			return len(seen), swapped, nil
		}
	}
}
