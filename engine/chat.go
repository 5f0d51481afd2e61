package engine

import (
	"context"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/ratelimit"
	"foyer/engine/internal/recent"
)

// Limits of chat in a stay.
const (
	maxChatSeen   = 8192    // messages whose ids are remembered: more than any catch-up repeats
	maxChatHeld   = 1000    // messages that wait for the history
	maxChatUnsent = 256     // messages that wait for the connection
	maxChatPages  = 64      // answers of one catch-up
	maxChatBytes  = 4 << 20 // of their texts
	maxChatTime   = 30 * time.Second
	// A server may make us catch up so often: in the long run, and at once.
	catchUpsPerSecond = 1
	catchUpsBurst     = 8
	chatHold          = time.Second
	chatRefetchDelay  = 2 * time.Second // after the join, for what was said while we joined
)

// chat is what a stay knows of the room's chat. The messages themselves are the
// window's; they and this end with the stay.
type chat struct {
	seen recent.Set[call.MessageKey]

	last    string // the newest message that the server is known to have
	first   int64  // Seq of the oldest one that we were told on joining
	asking  bool
	asked   asked
	again   bool               // asked for while asking
	held    []call.ChatMessage // came meanwhile
	paces   ratelimit.Pace     // of catch-ups
	later   bool               // one waits for its turn
	endless bool               // it was told that one did not come to an end

	pace    ratelimit.Pace
	unsent  []string
	sending bool
}

// asked is how much one catch-up has taken.
type asked struct {
	pages, bytes int
	since        time.Time
}

// take counts an answer, and reports whether it may be followed by another one.
func (a *asked) take(answer call.History) bool {
	a.pages++
	for _, m := range answer.Messages {
		a.bytes += len(m.Text) + len(m.Name) + len(m.From) + len(m.ID)
	}
	return a.pages < maxChatPages && a.bytes < maxChatBytes && time.Since(a.since) < maxChatTime
}

// chatHistory is the word of a catch-up in [call.CommandFailed]; nobody gives it
// as a command.
const chatHistory = "chat_history"

// chatSync puts history and live messages in one order, and sends ours one at a
// time.
type chatSync struct{ l *loop }

// start asks for the history of a stay that has just joined, and once more
// a little later: the server may have stored what was said while we joined, and
// not told us.
func (cs *chatSync) start(s *stay) {
	cs.catchUp(s)
	cs.l.after(s.of(timerHistory), chatRefetchDelay, func() {
		if cs.l.alive(s) {
			cs.catchUp(s)
		}
	})
}

// catchUp asks for what was said since the last message that we know of. What
// comes meanwhile waits for it, so that the order is kept, but not for long.
func (cs *chatSync) catchUp(s *stay) {
	switch {
	case s.link.IsLiveKit(): // nobody stores anything
	case s.chat.asking:
		s.chat.again = true
	case s.chat.later:
	case !s.chat.paces.Allow(time.Now(), catchUpsPerSecond, catchUpsBurst):
		s.chat.later = true
		cs.l.after(s.of(timerCatchUp), time.Second/catchUpsPerSecond, func() {
			s.chat.later = false
			if cs.l.alive(s) {
				cs.catchUp(s)
			}
		})
	default:
		s.chat.asking, s.chat.asked = true, asked{since: time.Now()}
		cs.l.after(s.of(timerHeldChat), chatHold, func() { cs.tellHeld(s) })
		cs.ask(s)
	}
}

func (cs *chatSync) ask(s *stay) {
	session, after := s.session, s.chat.last
	var answer call.History
	cs.l.request(s, s.of(opHistory), func(ctx context.Context) (err error) {
		answer, err = session.Chat(ctx, after)
		return err
	}, func(err error) {
		if err != nil {
			cs.l.log.WithError(err).Debug("chat's history")
		}
		if s.chat.first == 0 && len(answer.Messages) > 0 {
			s.chat.first = answer.Messages[0].Seq
		}
		for _, m := range answer.Messages {
			s.chat.last = m.ID
			if m.Seq >= s.chat.first { // a catch-up repeats some of what was before our time
				cs.tell(s, m, true)
			}
		}
		more := err == nil && answer.More
		if more && s.chat.last != after && s.chat.asked.take(answer) {
			cs.ask(s)
			return
		}
		if more && !s.chat.endless {
			s.chat.endless = true
			cs.l.emit(call.CommandFailed{Command: chatHistory, Err: call.ErrChatEndless})
		}
		s.chat.asking = false
		cs.tellHeld(s)
		if s.chat.again {
			s.chat.again = false
			cs.catchUp(s)
		}
	})
}

// received takes what somebody has just said.
func (cs *chatSync) received(s *stay, m call.ChatMessage) {
	if s.chat.asking && len(s.chat.held) < maxChatHeld {
		s.chat.held = append(s.chat.held, m)
		return
	}
	cs.tellHeld(s)
	cs.tellLive(s, m)
}

func (cs *chatSync) tellHeld(s *stay) {
	held := s.chat.held
	s.chat.held = nil
	if !cs.l.alive(s) {
		return
	}
	for _, m := range held {
		cs.tellLive(s, m)
	}
}

// tellLive reports a message. That the server has one of ours is not known
// before it tells so.
func (cs *chatSync) tellLive(s *stay, m call.ChatMessage) {
	if m.From != s.self.Identity && !s.chat.asking {
		s.chat.last = m.ID
	}
	cs.tell(s, m, false)
}

func (cs *chatSync) tell(s *stay, m call.ChatMessage, history bool) {
	if s.chat.seen.Add(m.Key()) {
		cs.l.emit(call.ChatReceived{Message: m, History: history})
	}
}

// doSendChat says something. Messages are sent one after the other, so that
// they stay in order.
func (cs *chatSync) doSendChat(c SendChat) error {
	s, err := cs.l.joinedStay(c)
	if err != nil {
		return err
	}
	if err := call.CheckChat(c.Text); err != nil {
		return err
	}
	if s.permissions.Muted {
		return call.ErrMuted
	}
	if len(s.chat.unsent) >= maxChatUnsent || !s.chat.pace.Allow(time.Now(), call.ChatPerSecond, call.ChatBurst) {
		return call.ErrChatTooFast
	}
	s.chat.unsent = append(s.chat.unsent, c.Text)
	cs.send(s)
	return nil
}

func (cs *chatSync) send(s *stay) {
	if s.chat.sending || len(s.chat.unsent) == 0 {
		return
	}
	text := s.chat.unsent[0]
	s.chat.unsent, s.chat.sending = s.chat.unsent[1:], true
	session := s.session
	var said call.ChatMessage
	cs.l.requestWithin(s, s.of(opChat), chatTimeout, func(ctx context.Context) (err error) {
		said, err = session.SendChat(ctx, text)
		return err
	}, func(err error) {
		s.chat.sending = false
		if err != nil {
			cs.l.emit(call.CommandFailed{Command: SendChat{}.Word(), Text: text, Err: err})
		} else {
			cs.received(s, said)
		}
		cs.send(s)
	})
}

// joinedStay is the stay in a room, for commands that need one.
func (l *loop) joinedStay(c Command) (*stay, error) {
	s, err := l.current()
	if err != nil || !s.joined {
		return nil, fmt.Errorf("%s: %w", c.Word(), call.ErrNotInRoom)
	}
	return s, nil
}
