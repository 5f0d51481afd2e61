package host

import (
	"context"
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

const (
	// flushBound is how long a reader waits for what was said just now to be
	// stored; afterwards it gets what there is.
	flushBound = 500 * time.Millisecond
	// chatBytes bounds one answer, in bytes of its messages.
	chatBytes = 2 << 20
	// stillFresh is how long a verdict of the door's explains a removal that a
	// keeper sees.
	stillFresh = 10 * time.Second
)

// opChat reads a room's history: of the session that runs, or of all if the
// host keeps it.
func (d *door) opChat(ctx context.Context, who caller, room call.RoomID, q doorapi.ChatRequest) (doorapi.ChatAnswer, error) {
	rules, err := d.register.Rules(ctx, room)
	if err != nil {
		return doorapi.ChatAnswer{}, err
	}
	session, err := d.chatSession(ctx, who, room)
	if err != nil && !(rules.KeepHistory && errors.Is(err, call.ErrNoSuchRoom)) {
		return doorapi.ChatAnswer{}, err
	}
	if rules.KeepHistory {
		session = ""
	}
	limit := call.ChatHistory
	if q.After != "" {
		limit = call.MaxChatCatchUp
	}
	lines, more, err := d.register.Chat(ctx, room, session, q.After, limit)
	if err != nil {
		return doorapi.ChatAnswer{}, err
	}
	return chatAnswer(lines, more), nil
}

// chatSession is the session of a room, with all that was said until now in the
// register, if its keeper is here. With several doors it may be at another one:
// then the last 20 ms can be missing, for which a client asks once more.
func (d *door) chatSession(ctx context.Context, who caller, room call.RoomID) (call.SID, error) {
	one := d.keepers.of(room)
	if one == nil || one.Session() == "" {
		return d.rooms.Find(ctx, room)
	}
	bound, cancel := context.WithTimeout(ctx, flushBound)
	defer cancel()
	err := one.Flush(bound)
	if err != nil {
		d.Log.WithError(err).WithField("room", room).Debug("history may end early")
	}
	if errors.Is(err, call.ErrNotStored) && !who.admin { // who has come since the room was told
		d.tell(ctx, room, []string{string(who.identity)}, doorapi.Notice{Kind: doorapi.NoticeChatOff})
	}
	return one.Session(), nil
}

// chatAnswer bounds what is told at a time.
func chatAnswer(lines []register.ChatLine, more bool) doorapi.ChatAnswer {
	answer := doorapi.ChatAnswer{Messages: make([]doorapi.ChatRow, 0, len(lines)), More: more}
	size := 0
	for _, l := range lines {
		if size += len(l.Text) + len(l.Name) + len(l.ID); size > chatBytes {
			answer.More = true
			break
		}
		answer.Messages = append(answer.Messages, doorapi.ChatRow{ChatMessage: l.ChatMessage, Time: l.At.UnixMilli()})
	}
	return answer
}

// opSay says something as the host's tools: to everybody, and into the history.
func (d *door) opSay(ctx context.Context, _ caller, room call.RoomID, q doorapi.SayRequest) (doorapi.ChatRow, error) {
	if err := call.CheckChat(q.Text); err != nil {
		return doorapi.ChatRow{}, err
	}
	m, err := d.keepers.say(ctx, room, q.Text)
	return doorapi.ChatRow{ChatMessage: m, Time: m.At.UnixMilli()}, err
}

// keeperPorts is what keepers do through the door.
type keeperPorts struct{ *door }

// PutOut implements keeper.Putter.
func (p keeperPorts) PutOut(ctx context.Context, e keeper.Exit) error {
	verdict := register.Verdict{Reason: e.Reason, At: e.At}
	if e.Reason == call.ReasonOfflineRemoved {
		s, err := p.scene(ctx, caller{admin: true}, e.Room)
		if err != nil {
			return err
		}
		return p.putOut(ctx, outing{room: e.Room, identity: e.ID, verdict: verdict, upTo: e.Generation}, s.here)
	}
	if e.Generation > 0 {
		_, _, err := p.register.PutOut(ctx, e.Room, e.ID, verdict, e.Generation)
		return err
	}
	cut, err := p.register.Cutoff(ctx, e.Room, e.ID)
	if err == nil && e.At.Sub(cut.At) < stillFresh {
		return nil // the door's own doing, with its words
	}
	return p.register.SetCutoff(ctx, e.Room, e.ID, verdict)
}

// Dismissed implements keeper.Putter.
func (p keeperPorts) Dismissed(ctx context.Context, room call.RoomID, session call.SID, at time.Time) error {
	return p.register.EndSession(ctx, room, session, register.Verdict{Reason: call.ReasonDismissed, At: at})
}

// Tell implements keeper.Teller.
func (p keeperPorts) Tell(ctx context.Context, room call.RoomID, n doorapi.Notice) error {
	return p.rooms.Tell(ctx, room, nil, n)
}

// Silence implements keeper.Silencer: LiveKit lets everybody unmute their own
// microphone, so whom the host has muted is muted again.
func (p keeperPorts) Silence(ctx context.Context, room call.RoomID, id call.Identity) error {
	return p.enforceFirst(ctx, roomservice.Place{Room: room, Identity: id})
}
