//go:build linux

// Package moderation tries to come in when banned, and to be heard when muted, in
// every way there is.
package moderation

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/bench/internal/harness"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
)

// triesARound of the -rounds: 1000 of 200.
const triesARound = 5

// Banned tries to come in by every way there is, before and after a restart of
// the server.
func Banned(ctx context.Context, b *harness.Bench) error {
	data, err := b.Folder("banned")
	if err != nil {
		return err
	}
	s, err := b.Foyer.Serve(ctx, drive.ServeOptions{Data: data})
	if err != nil {
		return err
	}
	defer func() { s.Close(drive.CloseGrace) }()
	o, err := banSomebody(ctx, s)
	if err != nil {
		return err
	}
	tries, in := triesARound*b.Rounds, 0
	spent := time.Duration(0)
	for half := range 2 {
		if half > 0 {
			if s, err = restart(ctx, b.Foyer, s); err != nil {
				return err
			}
			o.Door.URL = s.URL
		}
		start := time.Now()
		n, err := o.Try(ctx, tries/2)
		if err != nil {
			return err
		}
		spent += time.Since(start)
		in += n
	}
	b.Table.Row(fmt.Sprintf("%d tries of a banned person, %d ways", tries, len(attack.Ways())),
		fmt.Sprintf("%d in; %d refused for their number; %.0f tries a second",
			in, o.Throttled, float64(tries)/spent.Seconds()),
		"0 in, each refused for itself", in == 0 && o.Throttled == 0)
	return nil
}

// restart starts the server anew with the same data at the same address.
func restart(ctx context.Context, f drive.Foyer, s *drive.Server) (*drive.Server, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	s.Close(harness.Patience)
	return f.Serve(ctx, drive.ServeOptions{Data: s.Data, Listen: u.Host})
}

// banSomebody lets somebody in and bans them.
func banSomebody(ctx context.Context, s *drive.Server) (*attack.Outcast, error) {
	const room = "banned"
	admin, err := harness.NewAdmin(s)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	o := &attack.Outcast{Door: attack.Door{URL: s.URL}}
	if o.Link, err = invited(ctx, s, room); err != nil {
		return nil, err
	}
	if o.Person, err = attack.NewPerson("anna"); err != nil {
		return nil, err
	}
	g, err := o.Door.Come(ctx, o.Person, o.Link)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	if _, err := g.Hear(ctx, func(m *livekit.SignalResponse) bool { return m.GetRefreshToken() != "" }); err != nil {
		return nil, err
	}
	o.Old, o.New, o.SID = g.Token, g.Refreshed(), g.SID()
	ban := doorapi.PeopleRequest{Room: room, IDs: []call.Identity{o.ID}, Minutes: 60}
	if err := admin.Do(ctx, call.OpBan, ban, nil); err != nil {
		return nil, err
	}
	if o.Later, err = invited(ctx, s, room); err != nil {
		return nil, err
	}
	api, err := s.API()
	if err != nil {
		return nil, err
	}
	o.Made, err = api.Token(string(o.ID), "Anna", drive.Grants{"roomJoin": true, "room": room})
	return o, err
}

func invited(ctx context.Context, s *drive.Server, room string) (call.Link, error) {
	text, err := s.Invite(ctx, room)
	if err != nil {
		return call.Link{}, err
	}
	return call.ParseLink(text)
}
