//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"foyer/engine/call"
)

// chatJoin compares joining a room that has history with joining one that has
// none.
func (b *bench) chatJoin(ctx context.Context) (err error) {
	r, err := b.room(ctx, "spoken")
	if err != nil {
		return err
	}
	defer r.close()
	spoken, err := call.ParseLink(r.link)
	if err != nil {
		return err
	}
	text, err := r.server.Invite(ctx, "silent")
	if err != nil {
		return err
	}
	silent, err := call.ParseLink(text)
	if err != nil {
		return err
	}
	for _, l := range []call.Link{spoken, silent} {
		host, err := newMember("host")
		if err != nil {
			return err
		}
		if err := host.join(ctx, l); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, host.leave(ctx)) }()
		if l.Room != spoken.Room {
			continue
		}
		if err := host.say(ctx, call.ChatHistory); err != nil {
			return err
		}
	}
	var with, without times
	for i := range min(100, b.rounds) {
		id := "newcomer" + strconv.Itoa(i)
		if err := joinAndLeave(ctx, id, silent, &without); err != nil {
			return err
		}
		if err := joinAndRead(ctx, id, spoken, &with); err != nil {
			return err
		}
	}
	more := with.at(.95) - without.at(.95)
	b.table.row("Join a room without chat", without.String(), "", true)
	b.table.row(fmt.Sprintf("Join a room with chat, until the last %d messages are there", call.ChatHistory), with.String(), "", true)
	b.table.row("... more than without", fmt.Sprintf("p50 %.1f, p95 %.1f ms", with.at(.5)-without.at(.5), more), "p95 <= 100 ms", more <= 100)
	return nil
}

// say says n messages.
func (m *member) say(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i := range n {
		if _, err := m.session.SendChat(ctx, strconv.Itoa(i)); err != nil {
			return err
		}
	}
	for { // until the server has them all
		answer, err := m.session.Chat(ctx, "")
		if err != nil || len(answer.Messages) == n {
			return err
		}
		if err := pause(ctx, lookAgain); err != nil {
			return err
		}
	}
}

// joinAndRead joins and asks for the room's history, as the program does.
func joinAndRead(ctx context.Context, id string, link call.Link, took *times) error {
	m, err := newMember(id)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.join(ctx, link); err != nil {
		return err
	}
	answer, err := m.session.Chat(ctx, "")
	took.add(time.Since(start))
	if err == nil && len(answer.Messages) != call.ChatHistory {
		err = fmt.Errorf("%s was told %d messages", id, len(answer.Messages))
	}
	return errors.Join(err, m.leave(ctx))
}
