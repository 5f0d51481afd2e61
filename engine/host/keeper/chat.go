package keeper

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/internal/ratelimit"
	"foyer/engine/internal/recent"
)

// remembered is how many message IDs are known as said already. The register
// knows all; this keeps a message that comes again from counting for the
// offline rule.
const remembered = 4096

// chat is what waits to be stored, and what limits it. Only the loop uses it.
type chat struct {
	places map[call.Identity]register.Member // the newest of each
	lines  []register.ChatLine
	bytes  int
	at     time.Time // when to store

	storing bool                // a worker writes
	writing []register.ChatLine // what it writes
	failed  bool                // the last write failed, and the room was told
	retry   time.Duration
	last    int64 // number of the last line that was taken
	dropped int64 // lines that were given up, of all

	waiters []waiter
	known   recent.Set[call.MessageKey]
	room    ratelimit.Pace
	senders map[call.Identity]*ratelimit.Pace
}

// waiter wants every line up to a number to be stored.
type waiter struct {
	line int64
	done chan<- error
}

func newChat() chat {
	return chat{
		places: map[call.Identity]register.Member{},
		known:  recent.Set[call.MessageKey]{Limit: remembered}, senders: map[call.Identity]*ratelimit.Pace{},
	}
}

// waits reports whether there is something to store and nobody is storing it.
func (c *chat) waits() bool { return !c.storing && (len(c.lines) > 0 || len(c.places) > 0) }

// soon stores at a time, or earlier. After a failure only the retry counts.
func (c *chat) soon(at time.Time, idle bool) {
	if !c.failed && (idle || at.Before(c.at)) {
		c.at = at
	}
}

func (c *chat) place(m register.Member, at time.Time) {
	c.soon(at, !c.waits())
	c.places[m.Identity] = m
}

// allow keeps senders and the room to their pace.
func (c *chat) allow(from call.Identity, now time.Time, l *Limits) bool {
	p := c.senders[from]
	if p == nil {
		if len(c.senders) >= remembered {
			clear(c.senders)
		}
		p = &ratelimit.Pace{}
		c.senders[from] = p
	}
	return p.Allow(now, l.SenderRate, l.SenderBurst) && c.room.Allow(now, l.RoomRate, l.RoomBurst)
}

// add queues a line; beyond the limits the oldest go.
func (c *chat) add(line register.ChatLine, at time.Time, l *Limits) {
	c.soon(at, !c.waits())
	c.last++
	c.queue([]register.ChatLine{line}, l)
}

func (c *chat) queue(lines []register.ChatLine, l *Limits) {
	c.lines = append(c.lines, lines...)
	for _, line := range lines {
		c.bytes += size(line)
	}
	for len(c.lines) > l.Waiting || c.bytes > l.WaitingBytes {
		c.bytes -= size(c.lines[0])
		c.lines = c.lines[1:]
		c.dropped++
	}
}

// size of a line in memory, about.
func size(l register.ChatLine) int { return len(l.Text) + len(l.Name) + len(l.ID) + 200 }

// stored is the number of the last line that does not wait any more.
func (c *chat) stored() int64 { return c.last - int64(len(c.lines)+len(c.writing)) }

// answer wakes those who wait; err is for those whose lines are not stored.
func (c *chat) answer(err error) {
	c.waiters = slices.DeleteFunc(c.waiters, func(w waiter) bool {
		switch {
		case w.line <= c.stored():
			w.done <- nil
		case err != nil:
			w.done <- err
		default:
			return false
		}
		return true
	})
}

// said takes one message: its order is that of coming here.
func (k *Keeper) said(m call.ChatMessage) {
	now := k.now()
	if call.CheckChat(m.Text) != nil {
		return
	}
	if k.chat.known.Has(m.Key()) {
		k.batches.know(m.From, m.ID)
		return
	}
	if !k.chat.allow(m.From, now, &k.limits) {
		k.batches.refuse(m.From, m.ID, doorapi.CodeTooFast)
		return
	}
	k.chat.known.Add(m.Key())
	m.At, m.Seq = now, 0
	if from := k.members[m.From]; from != nil && m.Name == "" {
		m.Name = from.name
	}
	line := register.ChatLine{Room: k.conf.Room, Session: k.Session(), ChatMessage: m}
	k.chat.add(line, now.Add(k.limits.Gather), &k.limits)
	k.batches.add(line, k.limits.Waiting)
	for _, id := range k.passive.Message(now) {
		k.exit(id)
	}
}

// stored is what became of a write.
type stored struct {
	places map[call.Identity]register.Member
	err    error
}

// store writes all that waits, beside the loop. What comes meanwhile waits for
// the next time.
func (k *Keeper) store() {
	c := &k.chat
	if !c.waits() {
		return
	}
	lines, places := c.lines, c.places
	c.writing, c.storing = lines, true
	c.lines, c.bytes, c.places = nil, 0, map[call.Identity]register.Member{}
	k.do(k.limits.Store, func(ctx context.Context) {
		k.inbox.Put(stored{places, k.write(ctx, places, lines)})
	})
}

func (k *Keeper) write(ctx context.Context, places map[call.Identity]register.Member, lines []register.ChatLine) error {
	for _, id := range slices.Sorted(maps.Keys(places)) {
		if err := k.conf.Store.SetPresence(ctx, places[id]); err != nil {
			return fmt.Errorf("store a presence: %w", err)
		}
	}
	if err := k.conf.Store.AppendChat(ctx, lines); err != nil {
		return fmt.Errorf("store chat: %w", err)
	}
	return nil
}

// wrote goes on after a write. One that failed is tried again, as a whole: both
// writes may be done twice. The room is told once, and again when it is over.
func (k *Keeper) wrote(s stored) {
	c := &k.chat
	lines := c.writing
	c.storing, c.writing = false, nil
	if s.err == nil {
		if c.failed {
			c.failed, c.retry = false, 0
			k.log.WithField("dropped", c.dropped).Info("chat is stored again")
			k.tell(doorapi.Notice{Kind: doorapi.NoticeChatOn})
		}
		c.answer(nil)
		c.at = k.now().Add(k.limits.Gather)
		if len(c.waiters) > 0 {
			k.store()
		}
		return
	}
	for id, m := range s.places {
		if _, newer := c.places[id]; !newer {
			c.places[id] = m
		}
	}
	later := c.lines
	c.lines, c.bytes = nil, 0
	c.queue(append(lines, later...), &k.limits)
	if !c.failed {
		c.failed = true
		k.log.WithError(s.err).Error("chat is not stored")
		k.tell(doorapi.Notice{Kind: doorapi.NoticeChatOff})
	}
	c.answer(call.ErrNotStored)
	c.retry = min(max(2*c.retry, k.limits.Retry), k.limits.RetryMost)
	c.at = k.now().Add(c.retry)
}

// flush stores now and answers when everything that has come is stored.
func (k *Keeper) flush(f flush) {
	c := &k.chat
	c.waiters = append(c.waiters, waiter{c.last, f.done})
	if c.failed {
		c.answer(call.ErrNotStored)
		return
	}
	k.store()
	c.answer(nil)
}

// forget drops the history of a session that has ended by itself.
func (k *Keeper) forget() {
	session := k.Session()
	if k.keeps || session == "" {
		return
	}
	k.do(k.limits.Work, func(ctx context.Context) {
		if err := k.conf.Store.DropChat(ctx, k.conf.Room, session); err != nil {
			k.log.WithError(err).Warn("history of an ended session is not dropped")
		}
	})
}

// Flush waits until every message that has come is stored. It fails with
// [call.ErrNotStored], or with ctx.
func (k *Keeper) Flush(ctx context.Context) error {
	done := make(chan error, 1)
	k.inbox.Put(flush{done})
	select {
	case err := <-done:
		return err
	case <-k.over:
		return call.ErrNotStored
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Say says something as the host's tools: the message has no sender. Errors are
// those of call.CheckChat, call.ErrNoSuchRoom when the room is over, or ctx's.
func (k *Keeper) Say(ctx context.Context, text string) (call.ChatMessage, error) {
	if err := call.CheckChat(text); err != nil {
		return call.ChatMessage{}, err
	}
	if err := k.Ready(ctx); err != nil {
		return call.ChatMessage{}, err
	}
	m, err := k.room.SendChat(ctx, text)
	if err != nil {
		return call.ChatMessage{}, fmt.Errorf("say: %w", err)
	}
	m.From, m.Name, m.At = "", "", k.now()
	k.inbox.Put(said{m})
	return m, nil
}
