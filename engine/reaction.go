package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/ratelimit"
)

// Reactions of ours: so many a second, and at once. Of somebody else twice as many
// are taken: what the network held up comes at once.
const (
	reactionsPerSecond = 3
	reactionsAtOnce    = 5
)

// React shows a reaction to everybody, for a moment. [call.Reacted] tells that it
// was sent.
type React struct{ Reaction call.Reaction }

// Word is the command's name on the command line.
func (React) Word() string { return "react" }
func (React) command()     {}

// reactions sends ours and limits those of others.
type reactions struct{ l *loop }

func (r *reactions) doReact(c React) error {
	s, err := r.l.joinedStay(c)
	switch {
	case err != nil:
		return err
	case !slices.Contains(call.Reactions(), c.Reaction):
		return fmt.Errorf("%w: reaction %.32q", call.ErrBadArgument, string(c.Reaction))
	case s.permissions.Muted:
		return call.ErrMuted
	case !s.pace(s.self.Identity).Allow(time.Now(), reactionsPerSecond, reactionsAtOnce):
		return call.ErrChatTooFast
	}
	session := s.session
	r.l.request(s, s.of(opReact), func(ctx context.Context) error {
		return session.SendData(ctx, doorapi.TopicReaction, []byte(c.Reaction))
	}, func(err error) {
		if err != nil {
			r.l.emit(call.CommandFailed{Command: c.Word(), Err: err})
			return
		}
		r.l.emit(call.Reacted{ID: s.self.Identity, Reaction: c.Reaction})
	})
	return nil
}

// received takes a reaction of somebody who is there. The SFU writes the sender.
func (r *reactions) received(s *stay, ev call.DataReceived) {
	p, here := s.roster.Get(ev.ID)
	reaction := call.Reaction(ev.Payload)
	if !here || p.Muted && !s.link.IsLiveKit() || !slices.Contains(call.Reactions(), reaction) ||
		!s.pace(ev.ID).Allow(time.Now(), 2*reactionsPerSecond, 2*reactionsAtOnce) {
		return
	}
	r.l.emit(call.Reacted{ID: ev.ID, Reaction: reaction})
}

// pace is how fast somebody in the room may react.
func (s *stay) pace(id call.Identity) *ratelimit.Pace {
	p := s.reacting[id]
	if p == nil {
		p = &ratelimit.Pace{}
		s.reacting[id] = p
	}
	return p
}
