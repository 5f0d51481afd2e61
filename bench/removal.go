//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/internal/drive"
)

// wayOut is a way to be removed from a room, measured from the host's wish.
type wayOut struct {
	name   string
	reason string
	rounds int
	order  func(ctx context.Context, o *office) error
	also   bool // the other one is removed, too
}

// removal measures, with camera, microphone and speaker open, how long it takes
// from the host's wish until somebody has let everything go, and the others know.
func (b *bench) removal(ctx context.Context) error {
	const room, who = "removal", "guest"
	for _, way := range []wayOut{
		{"Removal", "removed", b.rounds, func(ctx context.Context, o *office) error { return o.remove(ctx, room, who) }, false},
		{"Dismissal", "dismissed", min(50, b.rounds), func(ctx context.Context, o *office) error { return o.dismiss(ctx, room) }, true},
	} {
		if err := b.removals(ctx, room, who, way); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

func (b *bench) removals(ctx context.Context, room, who string, way wayOut) error {
	r, err := b.room(ctx, room)
	if err != nil {
		return err
	}
	defer r.close()
	o, err := newOffice(r.server)
	if err != nil {
		return err
	}
	defer o.close()
	watcher, err := b.enter(ctx, r, "watcher")
	if err != nil {
		return err
	}
	p, err := b.enter(ctx, r, who, "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	s := &stage{r: r, office: o, watcher: watcher, p: p, who: who, way: way}
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
	b.table.row(way.name+" wanted -> all devices released", s.released.String(), "p95 <= 100 ms", s.released.at(.95) <= 100)
	b.table.row(way.name+" wanted -> `left` read", s.said.String(), "", true)
	b.table.row(way.name+" wanted -> another participant's event", s.told.String(), "p95 <= 50 ms", s.told.at(.95) <= 50)
	return nil
}

// stage is where somebody is removed, many times.
type stage struct {
	r                    *room
	office               *office
	watcher, p           *drive.Process
	who                  string
	way                  wayOut
	mark, seen           int // of the events of p's stay, and of the watcher's since
	released, said, told times
}

// again brings those in who were removed.
func (s *stage) again(ctx context.Context) (err error) {
	s.seen = s.watcher.Mark()
	if s.way.also {
		if _, _, err := joinOnce(ctx, s.watcher, s.r.link); err != nil {
			return err
		}
	}
	s.mark, _, err = joinOnce(ctx, s.p, s.r.link)
	return err
}

// round waits until everything is open and seen, removes, and waits until
// everybody knows and the sound server has forgotten.
func (s *stage) round(ctx context.Context) error {
	if err := opened(ctx, s.r, s.p, s.watcher, s.mark, s.seen); err != nil {
		return err
	}
	at := time.Now()
	if err := s.way.order(ctx, s.office); err != nil {
		return err
	}
	left, err := wait(ctx, s.p, "left", s.mark, nil)
	if err != nil {
		return err
	}
	if left.Text("reason") != s.way.reason {
		return fmt.Errorf("the reason is wrong: %s", left.Raw)
	}
	begun, err := wait(ctx, s.p, "state", s.mark, func(e drive.Event) bool { return e.Text("state") == "leaving" })
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
	s.released.add(begun.Seen.Sub(at) + time.Duration(last*float64(time.Millisecond)))
	s.said.add(left.Seen.Sub(at))
	event, about := "participant_left", about(s.who)
	if s.way.also {
		event, about = "left", nil
	}
	gone, err := wait(ctx, s.watcher, event, s.seen, about)
	if err != nil {
		return err
	}
	if gone.Text("reason") != s.way.reason {
		return fmt.Errorf("the watcher's reason is wrong: %s", gone.Raw)
	}
	s.told.add(gone.Seen.Sub(at))
	// Or the next round would take this one's speaker for its own.
	return speaks(ctx, s.r.pulse, s.p.PID, false)
}

// opened waits until all of p's devices are open, and the watcher sees them.
func opened(ctx context.Context, r *room, p, watcher *drive.Process, mark, seen int) error {
	for _, source := range []string{"camera", "microphone"} {
		if _, err := wait(ctx, p, "track_published", mark, local(source)); err != nil {
			return err
		}
	}
	if err := speaks(ctx, r.pulse, p.PID, true); err != nil {
		return fmt.Errorf("the speaker never opened: %w", err)
	}
	// A stay that ends before the others see anybody come is not announced.
	_, err := wait(ctx, watcher, "track_subscribed", seen, func(e drive.Event) bool { return e.Text("id") != "watcher" })
	return err
}

// crowdSize is how many a room has that is closed for everyone.
const crowdSize = 100

// crowd measures how long it takes until all of many have been told that the
// room is closed. They are in this process and have no devices.
func (b *bench) crowd(ctx context.Context) (err error) {
	r, err := b.room(ctx, "crowd")
	if err != nil {
		return err
	}
	defer r.close()
	o, err := newOffice(r.server)
	if err != nil {
		return err
	}
	defer o.close()
	var took times
	inTime, rounds := 0, min(3, b.rounds)
	for i := range rounds {
		out, err := dismissCrowd(ctx, r, o, fmt.Sprintf("crowd%d-", i))
		if err != nil {
			return err
		}
		if out.at(1) <= 1000 {
			inTime++
		}
		took = append(took, out...)
	}
	b.table.row(fmt.Sprintf("Dismissal of %d -> each is out, %d times", crowdSize, rounds),
		fmt.Sprintf("p50 %.0f, last %.0f ms", took.at(.5), took.at(1)), "last <= 1000 ms", inTime == rounds)
	return nil
}

func dismissCrowd(ctx context.Context, r *room, o *office, name string) (out times, err error) {
	all := &members{name: name}
	defer func() { err = errors.Join(err, all.close()) }()
	if err := all.grow(ctx, r.link, crowdSize); err != nil {
		return nil, err
	}
	at := time.Now()
	if err := o.dismiss(ctx, "crowd"); err != nil {
		return nil, err
	}
	for _, m := range all.list {
		ended, err := m.ended(ctx)
		if err != nil {
			return nil, err
		}
		if ended.reason.String() != "dismissed" {
			return nil, fmt.Errorf("%s was told %v", m.id, ended.reason)
		}
		out.add(ended.at.Sub(at))
	}
	return out, nil
}
