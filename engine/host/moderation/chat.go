package moderation

import (
	"context"
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
)

const (
	// flushTimeout is how long a reader waits for what was said just now to be
	// stored; afterwards it gets what there is.
	flushTimeout = 500 * time.Millisecond
	// chatBytes limits one answer, in bytes of its messages.
	chatBytes = 2 << 20
	// stillFresh is how long a verdict of the door's explains a removal that a
	// keeper sees.
	stillFresh = 10 * time.Second
)

// opChat reads a room's history: of the session that runs, or of all if the
// host keeps it.
func (mod *Moderator) opChat(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.ChatRequest,
) (doorapi.ChatAnswer, error) {
	rules, err := mod.register.Rules(ctx, room)
	if err != nil {
		return doorapi.ChatAnswer{}, err
	}
	session, err := mod.chatSession(ctx, who, room)
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
	lines, more, err := mod.register.Chat(ctx, room, session, q.After, limit)
	if err != nil {
		return doorapi.ChatAnswer{}, err
	}
	return chatAnswer(lines, more), nil
}

// chatSession is the session of a room, with all that was said until now in the
// register, if its keeper is here. With several doors it may be at another one:
// then the last 20 ms can be missing, for which a client asks once more.
func (mod *Moderator) chatSession(ctx context.Context, who Caller, room call.RoomID) (call.SID, error) {
	one := mod.keepers.Of(room)
	if one == nil || one.Session() == "" {
		return mod.rooms.Find(ctx, room)
	}
	flushing, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	err := one.Flush(flushing)
	if err != nil {
		mod.log.WithError(err).WithField("room", room).Debug("history may end early")
	}
	if errors.Is(err, call.ErrNotStored) && !who.Admin { // the caller has come since the room was told
		mod.tell(ctx, room, []string{string(who.Identity)}, doorapi.Notice{Kind: doorapi.NoticeChatOff})
	}
	return one.Session(), nil
}

// chatAnswer makes an answer of at most chatBytes.
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
func (mod *Moderator) opSay(
	ctx context.Context, _ Caller, room call.RoomID, q doorapi.SayRequest,
) (doorapi.ChatRow, error) {
	if err := call.CheckChat(q.Text); err != nil {
		return doorapi.ChatRow{}, err
	}
	m, err := mod.keepers.Say(ctx, room, q.Text)
	return doorapi.ChatRow{ChatMessage: m, Time: m.At.UnixMilli()}, err
}
