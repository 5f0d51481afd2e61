//go:build linux

package harness

import (
	"context"
	"time"

	"foyer/internal/drive"
)

// Match reports whether an event is the one that is waited for.
type Match func(drive.Event) bool

// Wait waits for an event of p after a mark; match may be nil.
func Wait(ctx context.Context, p *drive.Process, event string, after int, match Match) (drive.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return p.Wait(ctx, event, after, match)
}

// Local is about a track of the process itself.
func Local(source string) Match {
	return func(e drive.Event) bool { return e.Get("local") == true && e.Text("source") == source }
}

// About is about somebody.
func About(id string) Match {
	return func(e drive.Event) bool { return e.Text("id") == id }
}

// LeaveOnce leaves, and says when the wish was sent and what came of it.
func LeaveOnce(ctx context.Context, p *drive.Process) (sent time.Time, left drive.Event, err error) {
	mark := p.Mark()
	sent = time.Now()
	if err := p.Send(map[string]string{"cmd": "leave"}); err != nil {
		return sent, left, err
	}
	left, err = Wait(ctx, p, "left", mark, nil)
	return sent, left, err
}

// JoinOnce joins, and says from where on p's events are of this stay.
func JoinOnce(ctx context.Context, p *drive.Process, link string) (mark int, sent time.Time, err error) {
	mark, sent = p.Mark(), time.Now()
	if err := p.Send(map[string]string{"cmd": "join", "link": link}); err != nil {
		return mark, sent, err
	}
	_, err = Wait(ctx, p, "joined", mark, nil)
	return mark, sent, err
}
