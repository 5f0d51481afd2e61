//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client"
)

// atOnce is how many members join at the same time.
const atOnce = 4

// end is how a session was over.
type end struct {
	at     time.Time
	reason call.LeaveReason
}

// member is somebody in a room without devices, in this process.
type member struct {
	id      call.Identity
	key     ed25519.PrivateKey
	over    chan end
	session call.Session
	more    func(call.SessionEvent) // may be nil; must not block
}

func newMember(id string) (*member, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return &member{id: call.Identity(id), key: key, over: make(chan end, 1)}, err
}

// quietDialer joins without a word in a log.
func quietDialer() *client.Dialer {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	return client.New(client.Config{Log: quiet})
}

// join is in the room when it returns.
func (m *member) join(ctx context.Context, link call.Link) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m.session, err = quietDialer().Dial(ctx, call.JoinRequest{Link: link, Name: string(m.id), Identity: m.id, Key: m.key}, m.take)
	return err
}

func (m *member) take(e call.SessionEvent) {
	if over, is := e.(call.SessionEnded); is {
		m.over <- end{time.Now(), over.Reason} // the last event: there is room
	}
	if m.more != nil {
		m.more(e)
	}
}

func (m *member) ended(ctx context.Context) (end, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case e := <-m.over:
		return e, nil
	case <-ctx.Done():
		return end{}, fmt.Errorf("%s is still in: %w", m.id, ctx.Err())
	}
}

// leave says so and ends the session. The member may join again.
func (m *member) leave(ctx context.Context) error {
	if m.session == nil {
		return nil
	}
	err := errors.Join(m.session.Leave(ctx), m.session.Close())
	m.session = nil
	return err
}

// members are many of them.
type members struct {
	name string // each has this and a number
	list []*member
}

// grow makes them n.
func (a *members) grow(ctx context.Context, link string, n int, more ...func(call.SessionEvent)) error {
	l, err := call.ParseLink(link)
	if err != nil {
		return err
	}
	turns, failed := make(chan struct{}, atOnce), make(chan error, n)
	var joining sync.WaitGroup
	for i := len(a.list); i < n; i++ {
		m, err := newMember(fmt.Sprintf("%s%d", a.name, i))
		if err != nil {
			return err
		}
		if i < len(more) {
			m.more = more[i]
		}
		a.list = append(a.list, m)
		turns <- struct{}{}
		joining.Go(func() {
			failed <- m.join(ctx, l)
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

func (a *members) close() error {
	failed := make(chan error, len(a.list))
	var closing sync.WaitGroup
	for _, m := range a.list {
		if m.session != nil {
			closing.Go(func() { failed <- m.session.Close() })
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
