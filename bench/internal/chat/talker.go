//go:build linux

package chat

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/engine/call"
	"foyer/engine/client"
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
	delays  report.Times
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
	t.delays.Add(time.Since(time.Unix(0, sent)))
}

func (t *talker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.heard)
}

// gather lets everybody in.
func gather(ctx context.Context, dialer *client.Dialer, invitation string) (talkers []*talker, err error) {
	link, err := call.ParseLink(invitation)
	if err != nil {
		return nil, err
	}
	for i := range memberCount {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return talkers, err
		}
		t := &talker{
			id:    call.Identity(fmt.Sprint("talker", i)),
			heard: map[string]bool{}, last: map[call.Identity]int{},
		}
		who := call.JoinRequest{Link: link, Identity: t.id, Name: string(t.id), Key: key}
		t.session, err = dialer.Dial(ctx, who, t.hear)
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
	return talkers, harness.Pause(ctx, time.Second)
}

// talk lets everybody say their part at an even pace, and returns how much was
// said in all.
func talk(ctx context.Context, talkers []*talker, rate int) (said int, err error) {
	each := rate * int(talkFor/time.Second) / len(talkers)
	// A little faster than wanted, which a sender's burst lets pass: the last have
	// to arrive in the same time.
	gap := talkFor * 20 / 21 / time.Duration(each)
	errs := make(chan error, len(talkers))
	var group sync.WaitGroup
	for i, t := range talkers {
		group.Go(func() {
			start := time.Now().Add(gap * time.Duration(i) / time.Duration(len(talkers)))
			underWay, before := make(chan struct{}, maxUnderWay), prefix{}
			for n := range each {
				if harness.Pause(ctx, time.Until(start.Add(gap*time.Duration(n)))) != nil {
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
