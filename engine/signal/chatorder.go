package signal

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// Clocks and bounds of chat that a keeper gathers.
const (
	receiptBound  = 1500 * time.Millisecond // a message without a receipt for so long is said to everybody
	receiptMost   = 6 * time.Second         // or for so long, while others' have theirs: the keeper is only slow
	chatHold      = time.Second             // a message that came directly waits so long for its place
	maxHeldChat   = 1000                    // messages that wait
	rememberedIDs = 4096                    // messages that are known
	maxAddressed  = 24                      // identities in a packet; beyond, everybody gets it
)

// keeperState is what we think of the room's keeper.
type keeperState int

const (
	keeperExpected keeperState = iota // the door has named it, and we have not heard it yet
	keeperHere                        // we have
	keeperSilent                      // it has missed a message, and not been heard since
)

// chatOrder brings chat into the keeper's order: a pure state machine, and the
// loop's alone. It outlives full reconnects. Messages come in batches, and
// directly from who does not send to the keeper alone; these wait a little for
// their place. Each is reported once.
type chatOrder struct {
	state  keeperState
	number int64     // of the last batch, 0: not known
	at     time.Time // when it came
	held   []heldMessage
	known  map[chatKey]bool
	ring   []chatKey // of known, the oldest at next once it is full
	next   int

	receipts map[string]chan error // of our messages
}

// heldMessage came directly.
type heldMessage struct {
	call.ChatMessage
	came time.Time
}

func newChatOrder() *chatOrder {
	return &chatOrder{known: map[chatKey]bool{}, receipts: map[string]chan error{}}
}

// chatKey names a message: ids are their sender's.
type chatKey struct {
	from call.Identity
	id   string
}

func keyOf(m call.ChatMessage) chatKey { return chatKey{m.From, m.ID} }

// remember tells whether a message is new.
func (o *chatOrder) remember(key chatKey) bool {
	if o.known[key] {
		return false
	}
	o.known[key] = true
	if len(o.ring) < rememberedIDs {
		o.ring = append(o.ring, key)
		return true
	}
	delete(o.known, o.ring[o.next])
	o.ring[o.next] = key
	o.next = (o.next + 1) % rememberedIDs
	return true
}

// direct takes a message that did not come in a batch, and returns what is to be
// reported now.
func (o *chatOrder) direct(m call.ChatMessage, now time.Time) []call.ChatMessage {
	if o.state == keeperSilent {
		return o.fresh(m)
	}
	if o.known[keyOf(m)] || slices.ContainsFunc(o.held, func(h heldMessage) bool { return keyOf(h.ChatMessage) == keyOf(m) }) {
		return nil
	}
	o.held = append(o.held, heldMessage{m, now})
	if len(o.held) > maxHeldChat {
		return o.release(1)
	}
	return nil
}

// fresh is a message, unless it is known.
func (o *chatOrder) fresh(m call.ChatMessage) []call.ChatMessage {
	if !o.remember(keyOf(m)) {
		return nil
	}
	return []call.ChatMessage{m}
}

// release reports the first n messages that wait.
func (o *chatOrder) release(n int) (messages []call.ChatMessage) {
	for _, h := range o.held[:n] {
		messages = append(messages, o.fresh(h.ChatMessage)...)
	}
	o.held = o.held[n:]
	return messages
}

// silence waits for the keeper no more: nothing waits, so that what comes from
// now on comes after it.
func (o *chatOrder) silence() []call.ChatMessage {
	o.state = keeperSilent
	return o.release(len(o.held))
}

// batch takes what the keeper tells: messages to report, and whether one may
// have been missed before.
func (o *chatOrder) batch(b call.ChatBatch, self call.Identity, now time.Time) (messages []call.ChatMessage, missed bool) {
	missed = o.number != 0 && b.Number != o.number+1
	o.state, o.number, o.at = keeperHere, b.Number, now
	for _, row := range b.Messages {
		messages = append(messages, o.passed(row.ChatMessage)...)
		if o.remember(keyOf(row.ChatMessage)) {
			row.At = time.UnixMilli(row.Time)
			messages = append(messages, row.ChatMessage)
		}
		if row.From == self {
			o.answer(row.ID, nil)
		}
	}
	for _, r := range b.Refused {
		if r.From == self {
			o.answer(r.ID, call.DoorError{Code: r.Code}.Err())
		}
	}
	return messages, missed
}

// passed takes away a message that waits for the place which it has now. What
// its sender has said before and still waits has none: no keeper has heard it.
func (o *chatOrder) passed(m call.ChatMessage) (before []call.ChatMessage) {
	at := slices.IndexFunc(o.held, func(h heldMessage) bool { return keyOf(h.ChatMessage) == keyOf(m) })
	if at < 0 {
		return nil
	}
	rest := make([]heldMessage, 0, len(o.held)-1)
	for i, h := range o.held {
		switch {
		case i > at || h.From != m.From:
			rest = append(rest, h)
		case i < at && o.remember(keyOf(h.ChatMessage)):
			before = append(before, h.ChatMessage)
		}
	}
	o.held = rest
	return before
}

// overdue returns what has waited for too long. The keeper is gone unless it has
// told anything since then.
func (o *chatOrder) overdue(now time.Time) (messages []call.ChatMessage) {
	for len(o.held) > 0 && now.Sub(o.held[0].came) >= chatHold {
		if !o.at.After(o.held[0].came) {
			return append(messages, o.silence()...)
		}
		messages = append(messages, o.release(1)...)
	}
	return messages
}

// wait is how long until something is overdue; ok is false if nothing waits.
func (o *chatOrder) wait(now time.Time) (d time.Duration, ok bool) {
	if len(o.held) == 0 {
		return 0, false
	}
	return max(o.held[0].came.Add(chatHold).Sub(now), 0), true
}

// said expects the receipt of a message of ours.
func (o *chatOrder) said(id string) chan error {
	receipt := make(chan error, 1)
	o.receipts[id] = receipt
	return receipt
}

func (o *chatOrder) answer(id string, err error) {
	if receipt := o.receipts[id]; receipt != nil {
		delete(o.receipts, id)
		receipt <- err
	}
}

// tells tells whether the keeper has been heard just now.
func (o *chatOrder) tells(now time.Time) bool {
	return o.state == keeperHere && now.Sub(o.at) < receiptBound
}

// waits tells whether a receipt has not come.
func (o *chatOrder) waits(id string) bool { return o.receipts[id] != nil }

// forget gives a receipt up.
func (o *chatOrder) forget(id string) { delete(o.receipts, id) }

// hearBatch takes a batch of the keeper's. The SFU writes the sender into what
// members send; only hidden participants, who need the server's key, have none.
func (d *dataState) hearBatch(packet *livekit.DataPacket, u *livekit.UserPacket) {
	var b call.ChatBatch
	if packet.GetParticipantIdentity() != "" || len(u.GetPayload()) > maxPayload || json.Unmarshal(u.GetPayload(), &b) != nil {
		return
	}
	rows := b.Messages[:0]
	for _, m := range b.Messages {
		m.Text, m.Name, m.Seq = cleanChat(m.Text), label(m.Name), 0
		if m.ID != "" && len(m.ID) <= maxChatID && len(m.From) <= maxWord && call.CheckChat(m.Text) == nil {
			rows = append(rows, m)
		}
	}
	b.Messages = rows
	d.batches = append(d.batches, b)
}

// onDirect takes a message that came from its sender.
func (s *session) onDirect(e call.ChatReceived, now time.Time) {
	if s.ticket.keeper == "" {
		s.emit(e)
		return
	}
	s.emitChat(s.data.order.direct(e.Message, now))
	s.holdChat(now)
}

// onBatch takes what the keeper tells.
func (s *session) onBatch(b call.ChatBatch, now time.Time) {
	for i := range b.Messages {
		b.Messages[i].Time = s.ticket.at(b.Messages[i].Time).UnixMilli()
	}
	if s.ticket.keeper == "" {
		return // everybody sends to us directly
	}
	messages, missed := s.data.order.batch(b, s.roster.self.Identity, now)
	for _, m := range b.Messages {
		if m.From == s.roster.self.Identity {
			s.data.arrived(m.ID)
		}
	}
	if missed {
		s.emit(call.ChatMissed{})
	}
	s.emitChat(messages)
	s.holdChat(now)
}

func (s *session) emitChat(messages []call.ChatMessage) {
	for _, m := range messages {
		s.emit(call.ChatReceived{Message: m})
	}
}

// holdChat comes back when something has waited for too long.
func (s *session) holdChat(now time.Time) {
	if d, ok := s.data.order.wait(now); ok {
		s.alarms.set(alarmChat, d)
	} else {
		s.alarms.clear(alarmChat)
	}
}

func (s *session) onChatDue() {
	now := time.Now()
	s.emitChat(s.data.order.overdue(now))
	s.holdChat(now)
}

// addressees are those whom a message must be sent to; none means everybody.
func (s *session) addressees() []string {
	o := s.data.order
	if s.ticket.keeper == "" || o.state != keeperHere {
		return nil
	}
	return s.address(false)
}

// address lists the keeper and who reads its batches, or who does not; none if
// these are too many for a packet.
func (s *session) address(batches bool) []string {
	to := []string{string(s.ticket.keeper)}
	for _, p := range s.roster.people {
		if p.batches == batches {
			to = append(to, string(p.Identity))
		}
	}
	for _, p := range s.roster.presumed { // may be there after all
		if p.batches == batches {
			to = append(to, string(p.Identity))
		}
	}
	if len(to) > maxAddressed {
		return nil
	}
	return to
}
