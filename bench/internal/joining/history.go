//go:build linux

package joining

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/engine/call"
)

// WithHistory compares joining a room that has history with joining one that has
// none.
func WithHistory(ctx context.Context, b *harness.Bench) (err error) {
	r, err := b.OpenRoom(ctx, "spoken")
	if err != nil {
		return err
	}
	defer r.Close()
	spoken, err := call.ParseLink(r.Link)
	if err != nil {
		return err
	}
	text, err := r.Server.Invite(ctx, "silent")
	if err != nil {
		return err
	}
	silent, err := call.ParseLink(text)
	if err != nil {
		return err
	}
	for _, l := range []call.Link{spoken, silent} {
		host, err := people.NewMember("host")
		if err != nil {
			return err
		}
		if err := host.Join(ctx, l); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, host.Leave(ctx)) }()
		if l.Room != spoken.Room {
			continue
		}
		if err := say(ctx, host, call.ChatHistory); err != nil {
			return err
		}
	}
	var with, without report.Times
	for i := range min(100, b.Rounds) {
		id := "newcomer" + strconv.Itoa(i)
		if err := joinAndLeave(ctx, id, silent, &without); err != nil {
			return err
		}
		if err := joinAndRead(ctx, id, spoken, &with); err != nil {
			return err
		}
	}
	more := with.At(.95) - without.At(.95)
	b.Table.Row("Join a room without chat", without.String(), "", true)
	b.Table.Row(fmt.Sprintf("Join a room with chat, until the last %d messages are there", call.ChatHistory),
		with.String(), "", true)
	b.Table.Row("... more than without", fmt.Sprintf("p50 %.1f, p95 %.1f ms", with.At(.5)-without.At(.5), more),
		"p95 <= 100 ms", more <= 100)
	return nil
}

// say says n messages.
func say(ctx context.Context, m *people.Member, n int) error {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	for i := range n {
		if _, err := m.Session.SendChat(ctx, strconv.Itoa(i)); err != nil {
			return err
		}
	}
	for { // until the server has them all
		answer, err := m.Session.Chat(ctx, "")
		if err != nil || len(answer.Messages) == n {
			return err
		}
		if err := harness.Pause(ctx, harness.LookAgain); err != nil {
			return err
		}
	}
}

// joinAndRead joins and asks for the room's history, as the program does.
func joinAndRead(ctx context.Context, id string, link call.Link, took *report.Times) error {
	m, err := people.NewMember(id)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.Join(ctx, link); err != nil {
		return err
	}
	answer, err := m.Session.Chat(ctx, "")
	took.Add(time.Since(start))
	if err == nil && len(answer.Messages) != call.ChatHistory {
		err = fmt.Errorf("%s was told %d messages", id, len(answer.Messages))
	}
	return errors.Join(err, m.Leave(ctx))
}
