//go:build linux

package leaving

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
)

// crowdSize is how many a room has that is closed for everyone.
const crowdSize = 100

// Crowd measures how long it takes until all of many have been told that the
// room is closed. They are in this process and have no devices.
func Crowd(ctx context.Context, b *harness.Bench) (err error) {
	r, err := b.OpenRoom(ctx, "crowd")
	if err != nil {
		return err
	}
	defer r.Close()
	admin, err := harness.NewAdmin(r.Server)
	if err != nil {
		return err
	}
	defer admin.Close()
	var took report.Times
	inTime, rounds := 0, min(3, b.Rounds)
	for i := range rounds {
		out, err := dismissCrowd(ctx, r, admin, fmt.Sprintf("crowd%d-", i))
		if err != nil {
			return err
		}
		if out.At(1) <= 1000 {
			inTime++
		}
		took = append(took, out...)
	}
	b.Table.Row(fmt.Sprintf("Dismissal of %d -> each is out, %d times", crowdSize, rounds),
		fmt.Sprintf("p50 %.0f, last %.0f ms", took.At(.5), took.At(1)), "last <= 1000 ms", inTime == rounds)
	return nil
}

func dismissCrowd(
	ctx context.Context, r *harness.Room, admin *harness.Admin, name string,
) (out report.Times, err error) {
	all := &people.Members{Name: name}
	defer func() { err = errors.Join(err, all.Close()) }()
	if err := all.Grow(ctx, r.Link, crowdSize); err != nil {
		return nil, err
	}
	at := time.Now()
	if err := admin.Dismiss(ctx, "crowd"); err != nil {
		return nil, err
	}
	for _, m := range all.List {
		ended, err := m.Ended(ctx)
		if err != nil {
			return nil, err
		}
		if ended.Reason.String() != "dismissed" {
			return nil, fmt.Errorf("%s was told %v", m.ID, ended.Reason)
		}
		out.Add(ended.At.Sub(at))
	}
	return out, nil
}
