//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/internal/drive"
)

// Chat of a full room: so many members who say so much together.
const (
	chatMembers  = 50
	chatWanted   = 1000 // messages a second
	chatFor      = 5 * time.Second
	chatDrain    = 60 * time.Second
	chatUnderWay = 16 // messages of one member that wait for the keeper's receipt at a time
)

// talker is a member of the room, with Foyer's own client in this process.
type talker struct {
	id      call.Identity
	session call.Session

	mu      sync.Mutex
	heard   map[string]bool
	first   string                // the ID of the first message
	order   []string              // IDs as they came
	last    map[call.Identity]int // number of each, up to which all must have come
	twice   int
	swapped int
	delays  times
}

// hear takes a message, whose text is its number, up to which number its sender
// had said all before, which must have come, and when it was sent.
func (t *talker) hear(e call.SessionEvent) {
	m, ok := e.(call.ChatReceived)
	if !ok || m.History {
		return
	}
	var n, done int
	var sent int64
	if _, err := fmt.Sscan(m.Message.Text, &n, &done, &sent); err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.heard[m.Message.ID] {
		t.twice++
		return
	}
	t.heard[m.Message.ID] = true
	t.order = append(t.order, m.Message.ID)
	if t.first == "" {
		t.first = m.Message.ID
	}
	if n <= t.last[m.Message.From] {
		t.swapped++
	}
	t.last[m.Message.From] = max(t.last[m.Message.From], done)
	t.delays.add(time.Since(time.Unix(0, sent)))
}

func (t *talker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.heard)
}

// chat measures rooms that talk at several rates, up to what is wanted.
func (b *bench) chat(ctx context.Context) error {
	var failed error
	for _, rate := range []int{chatWanted / 10, chatWanted / 4, chatWanted / 2, chatWanted} {
		if err := b.chatAt(ctx, rate); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%d a second: %w", rate, err))
		}
	}
	return failed
}

func (b *bench) chatAt(ctx context.Context, rate int) (err error) {
	r, err := b.room(ctx, "chat")
	if err != nil {
		return err
	}
	defer r.close()
	dialer := client.New(client.Config{})
	talkers, err := b.gather(ctx, dialer, r.link)
	defer func() {
		for _, t := range talkers {
			_ = t.session.Close()
		}
		done, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		err = errors.Join(err, dialer.Wait(done))
	}()
	if err != nil {
		return err
	}
	before, began := cpu(drive.Tree(r.server.PID)), time.Now()
	said, err := talk(ctx, talkers, rate)
	if err != nil {
		return err
	}
	_ = drive.Until(ctx, func() bool { // what does not come is counted below
		for _, t := range talkers {
			if t.count() < said {
				return time.Since(began) > chatDrain
			}
		}
		return true
	})
	after, took := cpu(drive.Tree(r.server.PID)), time.Since(began)
	stored, disordered, err := history(ctx, talkers[0].session, talkers[0].first)
	if err != nil {
		return err
	}
	b.chatRows(rate, said, talkers, tally{stored, disordered}, took, (after.cpu-before.cpu)/took.Seconds())
	return nil
}

// tally is what the door's history has.
type tally struct{ lines, swapped int }

func (b *bench) chatRows(rate, said int, talkers []*talker, kept tally, took time.Duration, load float64) {
	missing, twice, swapped := 0, 0, kept.swapped
	var delays times
	for _, t := range talkers {
		t.mu.Lock()
		missing += said - len(t.heard)
		twice, swapped = twice+t.twice, swapped+t.swapped+differences(talkers[0], t)
		delays = append(delays, t.delays...)
		t.mu.Unlock()
	}
	what := fmt.Sprintf("Chat, %d members, %d messages a second: ", chatMembers, rate)
	reached := float64(said) / took.Seconds()
	b.table.row(what+"heard by everybody, a second", fmt.Sprintf("%.0f", reached), fmt.Sprintf(">= %d", rate), reached >= float64(rate))
	b.table.row(what+"deliveries missing, twice, out of order", fmt.Sprintf("%d, %d, %d", missing, twice, swapped), "0, 0, 0", missing+twice+swapped == 0)
	b.table.row(what+"not in the history", fmt.Sprint(said-kept.lines), "0", said == kept.lines)
	b.table.row(what+"until heard, p50 / p95", fmt.Sprintf("%.0f / %.0f ms", delays.at(0.5), delays.at(0.95)), "", true)
	b.table.row(what+"processor of the server", fmt.Sprintf("%.0f %%", 100*load), "", true)
}

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

// gather lets everybody in.
func (b *bench) gather(ctx context.Context, dialer *client.Dialer, invitation string) (talkers []*talker, err error) {
	link, err := call.ParseLink(invitation)
	if err != nil {
		return nil, err
	}
	for i := range chatMembers {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return talkers, err
		}
		t := &talker{id: call.Identity(fmt.Sprint("talker", i)), heard: map[string]bool{}, last: map[call.Identity]int{}}
		t.session, err = dialer.Dial(ctx, call.JoinRequest{Link: link, Identity: t.id, Name: string(t.id), Key: key}, t.hear)
		if err != nil {
			return talkers, err
		}
		talkers = append(talkers, t)
	}
	for _, t := range talkers { // everybody's connection works when this has gone out
		if err := t.session.SendData(ctx, "bench", nil); err != nil {
			return talkers, err
		}
	}
	return talkers, pause(ctx, time.Second)
}

// talk lets everybody say their part at an even pace, and returns how much was
// said in all.
func talk(ctx context.Context, talkers []*talker, rate int) (said int, err error) {
	each := rate * int(chatFor/time.Second) / len(talkers)
	// A little faster than wanted, which a sender's burst lets pass: the last have
	// to arrive in the same time.
	gap := chatFor * 20 / 21 / time.Duration(each)
	errs := make(chan error, len(talkers))
	var group sync.WaitGroup
	for i, t := range talkers {
		group.Go(func() {
			start := time.Now().Add(gap * time.Duration(i) / time.Duration(len(talkers)))
			underWay, before := make(chan struct{}, chatUnderWay), prefix{}
			for n := range each {
				if pause(ctx, time.Until(start.Add(gap*time.Duration(n)))) != nil {
					return
				}
				underWay <- struct{}{}
				done := before.upTo()
				group.Go(func() {
					defer func() { before.add(n + 1); <-underWay }()
					if _, err := t.session.SendChat(ctx, fmt.Sprint(n+1, " ", done, " ", time.Now().UnixNano())); err != nil {
						select {
						case errs <- err:
						default: // one is enough
						}
					}
				})
			}
		})
	}
	group.Wait()
	select {
	case err = <-errs:
	default:
	}
	return each * len(talkers), err
}

// prefix is which of the numbers from 1 have been added without a gap.
type prefix struct {
	mu    sync.Mutex
	last  int
	later map[int]bool
}

func (p *prefix) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.later == nil {
		p.later = map[int]bool{}
	}
	p.later[n] = true
	for ; p.later[p.last+1]; p.last++ {
		delete(p.later, p.last+1)
	}
}

func (p *prefix) upTo() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
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
