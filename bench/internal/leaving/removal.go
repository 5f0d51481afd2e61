//go:build linux

package leaving

import (
	"context"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// wayOut is a way to be removed from a room, measured from the host's wish.
type wayOut struct {
	name   string
	reason string
	rounds int
	order  func(ctx context.Context, a *harness.Admin) error
	also   bool // the other one is removed, too
}

// Removal measures, with camera, microphone and speaker open, how long it takes
// from the host's wish until somebody has let everything go, and the others know.
func Removal(ctx context.Context, b *harness.Bench) error {
	const room, who = "removal", "guest"
	for _, way := range []wayOut{
		{
			name: "Removal", reason: "removed", rounds: b.Rounds,
			order: func(ctx context.Context, a *harness.Admin) error { return a.Remove(ctx, room, who) },
		},
		{
			name: "Dismissal", reason: "dismissed", rounds: min(50, b.Rounds), also: true,
			order: func(ctx context.Context, a *harness.Admin) error { return a.Dismiss(ctx, room) },
		},
	} {
		if err := removals(ctx, b, room, who, way); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

func removals(ctx context.Context, b *harness.Bench, room, who string, way wayOut) error {
	r, err := b.OpenRoom(ctx, room)
	if err != nil {
		return err
	}
	defer r.Close()
	admin, err := harness.NewAdmin(r.Server)
	if err != nil {
		return err
	}
	defer admin.Close()
	watcher, err := r.Enter(ctx, "watcher")
	if err != nil {
		return err
	}
	p, err := r.Enter(ctx, who, "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	s := &removalRounds{r: r, admin: admin, watcher: watcher, p: p, who: who, way: way}
	for i := range way.rounds {
		if i > 0 {
			err = s.again(ctx)
		}
		if err == nil {
			err = s.round(ctx)
		}
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	b.Table.Row(way.name+" wanted -> all devices released", s.released.String(),
		"p95 <= 100 ms", s.released.At(.95) <= 100)
	b.Table.Row(way.name+" wanted -> `left` read", s.said.String(), "", true)
	b.Table.Row(way.name+" wanted -> another participant's event", s.told.String(),
		"p95 <= 50 ms", s.told.At(.95) <= 50)
	return nil
}

// removalRounds are of one way, in one room.
type removalRounds struct {
	r                    *harness.Room
	admin                *harness.Admin
	watcher, p           *drive.Process
	who                  string
	way                  wayOut
	mark, seen           int // of the events of p's stay, and of the watcher's since
	released, said, told report.Times
}

// again brings those in who were removed.
func (s *removalRounds) again(ctx context.Context) (err error) {
	s.seen = s.watcher.Mark()
	if s.way.also {
		if _, _, err := harness.JoinOnce(ctx, s.watcher, s.r.Link); err != nil {
			return err
		}
	}
	s.mark, _, err = harness.JoinOnce(ctx, s.p, s.r.Link)
	return err
}

// round waits until everything is open and seen, removes, and waits until
// everybody knows and the sound server has forgotten.
func (s *removalRounds) round(ctx context.Context) error {
	if err := opened(ctx, s.r, s.p, s.watcher, s.mark, s.seen); err != nil {
		return err
	}
	at := time.Now()
	if err := s.way.order(ctx, s.admin); err != nil {
		return err
	}
	left, err := harness.Wait(ctx, s.p, "left", s.mark, nil)
	if err != nil {
		return err
	}
	if left.Text("reason") != s.way.reason {
		return fmt.Errorf("the reason is wrong: %s", left.Raw)
	}
	leaving := func(e drive.Event) bool { return e.Text("state") == "leaving" }
	begun, err := harness.Wait(ctx, s.p, "state", s.mark, leaving)
	if err != nil {
		return err
	}
	last, n, err := lastRelease(left)
	if err == nil && n < 3 {
		err = fmt.Errorf("%d devices released: %s", n, left.Raw)
	}
	if err != nil {
		return err
	}
	s.released.Add(begun.Seen.Sub(at) + time.Duration(last*float64(time.Millisecond)))
	s.said.Add(left.Seen.Sub(at))
	event, about := "participant_left", harness.About(s.who)
	if s.way.also {
		event, about = "left", nil
	}
	gone, err := harness.Wait(ctx, s.watcher, event, s.seen, about)
	if err != nil {
		return err
	}
	if gone.Text("reason") != s.way.reason {
		return fmt.Errorf("the watcher's reason is wrong: %s", gone.Raw)
	}
	s.told.Add(gone.Seen.Sub(at))
	// Or the next round would take this one's speaker for its own.
	return s.r.Speaks(ctx, s.p.PID, false)
}
