//go:build linux

// Package chat measures a room in which everybody talks: how soon all have heard
// everything, in which order, and whether the history has it.
package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/engine/client"
	"foyer/internal/drive"
)

// Chat of a full room: so many members who say so much together.
const (
	memberCount = 50
	wantedRate  = 1000 // messages a second
	talkFor     = 5 * time.Second
	drainFor    = 60 * time.Second
	maxUnderWay = 16 // messages of one member that wait for the keeper's receipt at a time
)

// Chat measures rooms that talk at several rates, up to what is wanted.
func Chat(ctx context.Context, b *harness.Bench) error {
	var failed error
	for _, rate := range []int{wantedRate / 10, wantedRate / 4, wantedRate / 2, wantedRate} {
		if err := measureAt(ctx, b, rate); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%d a second: %w", rate, err))
		}
	}
	return failed
}

func measureAt(ctx context.Context, b *harness.Bench, rate int) (err error) {
	r, err := b.OpenRoom(ctx, "chat")
	if err != nil {
		return err
	}
	defer r.Close()
	dialer := client.New(client.Config{})
	talkers, err := gather(ctx, dialer, r.Link)
	defer func() {
		for _, t := range talkers {
			_ = t.session.Close()
		}
		done, cancel := context.WithTimeout(ctx, harness.Patience)
		defer cancel()
		err = errors.Join(err, dialer.Wait(done))
	}()
	if err != nil {
		return err
	}
	before, began := harness.CPU(drive.Tree(r.Server.PID)), time.Now()
	said, err := talk(ctx, talkers, rate)
	if err != nil {
		return err
	}
	_ = drive.Until(ctx, func() bool { // what does not come is counted below
		for _, t := range talkers {
			if t.count() < said {
				return time.Since(began) > drainFor
			}
		}
		return true
	})
	after, took := harness.CPU(drive.Tree(r.Server.PID)), time.Since(began)
	stored, disordered, err := history(ctx, talkers[0].session, talkers[0].first)
	if err != nil {
		return err
	}
	rows(b, rate, said, talkers, tally{stored, disordered}, took, (after.Total-before.Total)/took.Seconds())
	return nil
}

// tally is what the door's history has.
type tally struct{ lines, swapped int }

func rows(b *harness.Bench, rate, said int, talkers []*talker, kept tally, took time.Duration, load float64) {
	missing, twice, swapped := 0, 0, kept.swapped
	var delays report.Times
	for _, t := range talkers {
		t.mu.Lock()
		missing += said - len(t.heard)
		twice, swapped = twice+t.twice, swapped+t.swapped+differences(talkers[0], t)
		delays = append(delays, t.delays...)
		t.mu.Unlock()
	}
	what := fmt.Sprintf("Chat, %d members, %d messages a second: ", memberCount, rate)
	reached := float64(said) / took.Seconds()
	b.Table.Row(what+"heard by everybody, a second", fmt.Sprintf("%.0f", reached),
		fmt.Sprintf(">= %d", rate), reached >= float64(rate))
	b.Table.Row(what+"deliveries missing, twice, out of order", fmt.Sprintf("%d, %d, %d", missing, twice, swapped),
		"0, 0, 0", missing+twice+swapped == 0)
	b.Table.Row(what+"not in the history", fmt.Sprint(said-kept.lines), "0", said == kept.lines)
	b.Table.Row(what+"until heard, p50 / p95", fmt.Sprintf("%.0f / %.0f ms", delays.At(0.5), delays.At(0.95)), "", true)
	b.Table.Row(what+"processor of the server", fmt.Sprintf("%.0f %%", 100*load), "", true)
}
