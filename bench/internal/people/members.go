//go:build linux

// Package people puts participants into a room from this process: members without
// devices, publishers who send a film, and whole engines.
package people

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine/call"
	"foyer/engine/client"
)

// atOnce is how many members join at the same time.
const atOnce = 4

// End is how a session was over.
type End struct {
	At     time.Time
	Reason call.LeaveReason
}

// Member is somebody in a room without devices, in this process.
type Member struct {
	ID      call.Identity
	Session call.Session // while they are in
	key     ed25519.PrivateKey
	over    chan End
	more    func(call.SessionEvent) // may be nil; must not block
}

// NewMember makes somebody who can join.
func NewMember(id string) (*Member, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return &Member{ID: call.Identity(id), key: key, over: make(chan End, 1)}, err
}

// quietDialer joins without a word in a log.
func quietDialer() *client.Dialer {
	return client.New(client.Config{})
}

// Join is in the room when it returns.
func (m *Member) Join(ctx context.Context, link call.Link) (err error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	who := call.JoinRequest{Link: link, Name: string(m.ID), Identity: m.ID, Key: m.key}
	m.Session, err = quietDialer().Dial(ctx, who, m.take)
	return err
}

func (m *Member) take(e call.SessionEvent) {
	if over, is := e.(call.SessionEnded); is {
		m.over <- End{time.Now(), over.Reason} // the last event: there is room
	}
	if m.more != nil {
		m.more(e)
	}
}

// Ended waits until the session is over.
func (m *Member) Ended(ctx context.Context) (End, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	select {
	case e := <-m.over:
		return e, nil
	case <-ctx.Done():
		return End{}, fmt.Errorf("%s is still in: %w", m.ID, ctx.Err())
	}
}

// Leave says so and ends the session. The member may join again.
func (m *Member) Leave(ctx context.Context) error {
	if m.Session == nil {
		return nil
	}
	err := errors.Join(m.Session.Leave(ctx), m.Session.Close())
	m.Session = nil
	return err
}

// Members are many of them.
type Members struct {
	Name string // each has this and a number
	List []*Member
}

// Grow makes them n. What more has at a member's number gets their events, too.
func (a *Members) Grow(ctx context.Context, link string, n int, more ...func(call.SessionEvent)) error {
	l, err := call.ParseLink(link)
	if err != nil {
		return err
	}
	turns, failed := make(chan struct{}, atOnce), make(chan error, n)
	var joining sync.WaitGroup
	for i := len(a.List); i < n; i++ {
		m, err := NewMember(fmt.Sprintf("%s%d", a.Name, i))
		if err != nil {
			return err
		}
		if i < len(more) {
			m.more = more[i]
		}
		a.List = append(a.List, m)
		turns <- struct{}{}
		joining.Go(func() {
			failed <- m.Join(ctx, l)
			<-turns
		})
	}
	joining.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// Close ends the sessions of all.
func (a *Members) Close() error {
	failed := make(chan error, len(a.List))
	var closing sync.WaitGroup
	for _, m := range a.List {
		if m.Session != nil {
			closing.Go(func() { failed <- m.Session.Close() })
		}
	}
	closing.Wait()
	close(failed)
	var err error
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}
