//go:build linux

package moderation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
)

const (
	spokenPackets = 15 // of 20 ms each
	audibleAfter  = 250 * time.Millisecond
)

// Muted lets people try to be heard who are muted: every kind of track, before and
// after they are muted, again and again, and under other IDs. A raw client listens
// to all that LiveKit passes on, from the answer to the mute on.
func Muted(ctx context.Context, b *harness.Bench) error {
	data, err := b.Folder("muted")
	if err != nil {
		return err
	}
	s, err := b.Foyer.Serve(ctx, drive.ServeOptions{Data: data})
	if err != nil {
		return err
	}
	defer s.Close(drive.CloseGrace)
	m, err := newMutedRoom(ctx, s)
	if err != nil {
		return err
	}
	defer m.close()
	tries, start := triesARound*b.Rounds, time.Now()
	if err := m.tries(ctx, tries); err != nil {
		return err
	}
	b.Table.Row(fmt.Sprintf("%d tries of muted people to be heard, %d ways", tries, len(attack.Speeches())),
		fmt.Sprintf("%d heard; %.1f tries a second", m.heard.Load(), float64(tries)/time.Since(start).Seconds()),
		"0 heard", m.heard.Load() == 0)
	return nil
}

type mutedRoom struct {
	door  attack.Door
	link  call.Link
	admin *harness.Admin
	ear   *attack.Ear
	heard atomic.Int64
}

func newMutedRoom(ctx context.Context, s *drive.Server) (m *mutedRoom, err error) {
	m = &mutedRoom{door: attack.Door{URL: s.URL}}
	if m.admin, err = harness.NewAdmin(s); err != nil {
		return nil, err
	}
	if m.link, err = invited(ctx, s, "muted"); err != nil {
		return nil, err
	}
	who, err := attack.NewPerson("ear")
	if err != nil {
		return nil, err
	}
	admitted, err := m.door.Admit(ctx, who, m.link)
	if err != nil {
		return nil, err
	}
	m.ear, err = m.door.Listen(ctx, admitted.Token)
	return m, err
}

func (m *mutedRoom) close() {
	m.ear.Close()
	m.admin.Close()
}

// tries lets one person for each way try at the same time, until there were n.
func (m *mutedRoom) tries(ctx context.Context, n int) error {
	ways := attack.Speeches()
	names := slices.Sorted(maps.Keys(ways))
	people := make([]attack.Person, len(names))
	for i := range people {
		var err error
		if people[i], err = attack.NewPerson(fmt.Sprint("loud", i)); err != nil {
			return err
		}
	}
	for done, round := 0, 0; done < n; round++ {
		errs := make([]error, len(names))
		var all sync.WaitGroup
		for i := range min(len(names), n-done) {
			all.Go(func() { errs[i] = m.try(ctx, people[i], ways[names[i]], round) })
			done++
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// try is one; the first of somebody is heard before they are muted, which shows
// that the ear hears.
func (m *mutedRoom) try(ctx context.Context, p attack.Person, way attack.Speech, round int) error {
	if round == 0 {
		if err := m.muteWhileTalking(ctx, p); err != nil {
			return err
		}
	}
	if way.ID != "" {
		p = p.As(string(p.ID) + "-" + string(way.ID))
	}
	g, err := m.come(ctx, p)
	if err != nil {
		return err
	}
	defer g.Close()
	before := m.ear.Heard(string(p.ID))
	if err := g.Speak(ctx, way, spokenPackets); err != nil {
		return err
	}
	time.Sleep(audibleAfter) //nolint:forbidigo // silence has no event
	if m.ear.Heard(string(p.ID)) > before {
		m.heard.Add(1)
	}
	return nil
}

func (m *mutedRoom) come(ctx context.Context, p attack.Person) (*attack.Guest, error) {
	g, err := m.door.Come(ctx, p, m.link)
	if err != nil {
		return nil, err
	}
	if err := g.Media(ctx); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (m *mutedRoom) muteWhileTalking(ctx context.Context, p attack.Person) error {
	g, err := m.come(ctx, p)
	if err != nil {
		return err
	}
	defer g.Close()
	talked := make(chan error, 1)
	go func() { talked <- g.Speak(ctx, attack.Speeches()["microphone"], 10*spokenPackets) }()
	for m.ear.Heard(string(p.ID)) == 0 {
		select {
		case err := <-talked:
			return errors.Join(errors.New("somebody who may speak is not heard"), err)
		case <-time.After(audibleAfter / 10):
		}
	}
	mute := doorapi.MuteRequest{Room: "muted", IDs: []call.Identity{p.ID}}
	var answer doorapi.PeopleAnswer
	if err := m.admin.Do(ctx, call.OpMute, mute, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || answer.Results[0].Result != call.ResultDone {
		return fmt.Errorf("mute: %+v", answer)
	}
	time.Sleep(audibleAfter / 10) //nolint:forbidigo // what was under way has no event
	before := m.ear.Heard(string(p.ID))
	err = <-talked
	if m.ear.Heard(string(p.ID)) > before {
		m.heard.Add(1)
	}
	return err
}
