package data

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/recent"
)

// Limits and timeouts of chat with a keeper.
const (
	ReceiptTimeout = time.Second      // a message without a receipt for so long is told to the keeper again
	SlowReceipt    = 6 * time.Second  // or for so long, while others' have theirs: the keeper is only slow
	LastReceipt    = 30 * time.Second // or never: a room has another keeper by then
	rememberedIDs  = 4096             // messages that are known
	heldFor        = 15 * time.Second // what web clients said while no keeper was there; longer than there is none
	maxHeldChat    = 1000             // of these
)

// ChatOrder is the room's chat in the keeper's order: a pure state machine, and
// the loop's alone. It outlives full reconnects. In a room with a keeper only what
// the keeper tells is the room's chat: it is the same for everybody, and the
// history has it. A message that came directly from its sender is shown only if another
// keeper begins: then no keeper has given it a place. Each message is reported once.
type ChatOrder struct {
	held   []heldMessage // came from their senders, newest last
	here   bool          // the keeper has been heard, and has missed nothing since
	number int64         // of the last batch, 0: not known
	came   [3]time.Time  // when it came, and the two before it, in this order
	known  recent.Set[call.MessageKey]

	receipts map[string]chan error // of our messages
}

// heldMessage came from its sender.
type heldMessage struct {
	call.ChatMessage
	came time.Time
}

// Direct holds a message that did not come in a batch, in case no keeper heard it.
func (o *ChatOrder) Direct(m call.ChatMessage, now time.Time) {
	o.expire(now)
	if !o.known.Has(m.Key()) && len(o.held) < maxHeldChat {
		o.held = append(o.held, heldMessage{m, now})
	}
}

func (o *ChatOrder) expire(now time.Time) {
	for len(o.held) > 0 && now.Sub(o.held[0].came) > heldFor {
		o.held = o.held[1:]
	}
}

// unheard takes what was said to everybody while no keeper was there: another one
// begins with a batch. From the first message on that is in the batch it hears them
// all, so that later ones have their place in a batch to come.
//
// What its predecessor heard last it may not have told: while it sent one batch it
// gathered the next, and heard what would have been in the one after. So the batch
// before the last but one decides what it must have told.
func (o *ChatOrder) unheard(b doorapi.ChatBatch, now time.Time) (messages []call.ChatMessage) {
	o.expire(now)
	placed := map[call.MessageKey]bool{}
	for _, row := range b.Messages {
		placed[row.Key()] = true
	}
	first := slices.IndexFunc(o.held, func(h heldMessage) bool { return placed[h.Key()] })
	if first < 0 {
		first = len(o.held)
	}
	for _, h := range o.held[:first] {
		if !h.came.Before(o.came[2]) && o.known.Add(h.Key()) {
			messages = append(messages, h.ChatMessage)
		}
	}
	o.held = o.held[first:]
	for i := range o.held {
		o.held[i].came = now // as far as this keeper is concerned
	}
	return messages
}

// NewChatOrder makes a ChatOrder that knows nothing yet.
func NewChatOrder() *ChatOrder {
	return &ChatOrder{known: recent.Set[call.MessageKey]{Limit: rememberedIDs}, receipts: map[string]chan error{}}
}

// Batch takes what the keeper tells: messages to report, and whether one may
// have been missed before.
func (o *ChatOrder) Batch(
	b doorapi.ChatBatch, self call.Identity, now time.Time,
) (messages []call.ChatMessage, missed bool) {
	missed = o.number != 0 && b.Number != o.number+1
	if missed && b.Number <= o.number {
		messages = o.unheard(b, now)
	}
	if missed || o.number == 0 {
		o.came = [3]time.Time{now, now, now}
	} else {
		o.came = [3]time.Time{now, o.came[0], o.came[1]}
	}
	o.here, o.number = true, b.Number
	for _, row := range b.Messages {
		if o.known.Add(row.Key()) {
			row.At = time.UnixMilli(row.Time)
			messages = append(messages, row.ChatMessage)
		}
		if row.From == self {
			o.answer(row.ID, nil)
		}
	}
	for _, k := range b.Known {
		if k.From == self {
			o.answer(k.ID, nil)
		}
	}
	for _, r := range b.Refused {
		refused := call.MessageKey{From: r.From, ID: r.ID}
		o.held = slices.DeleteFunc(o.held, func(h heldMessage) bool { return h.Key() == refused })
		if r.From == self {
			o.answer(r.ID, doorapi.Error{Code: r.Code}.Err())
		}
	}
	return messages, missed
}

// Expect waits for the receipt of a message of ours.
func (o *ChatOrder) Expect(id string) chan error {
	receipt := make(chan error, 1)
	o.receipts[id] = receipt
	return receipt
}

func (o *ChatOrder) answer(id string, err error) {
	if receipt := o.receipts[id]; receipt != nil {
		delete(o.receipts, id)
		receipt <- err
	}
}

// KeeperIsHere reports whether the keeper has been heard, and has missed nothing
// since.
func (o *ChatOrder) KeeperIsHere() bool { return o.here }

// KeeperJustHeard reports whether the keeper has been heard a moment ago.
func (o *ChatOrder) KeeperJustHeard(now time.Time) bool {
	return o.here && now.Sub(o.came[0]) < ReceiptTimeout
}

// KeeperIsSilent notes that the keeper does not answer.
func (o *ChatOrder) KeeperIsSilent() { o.here = false }

// Restart begins a new count of batches: after a full reconnect the engine catches
// up.
func (o *ChatOrder) Restart() { o.number = 0 }

// Waits reports whether a receipt has not come.
func (o *ChatOrder) Waits(id string) bool { return o.receipts[id] != nil }

// Forget gives a receipt up.
func (o *ChatOrder) Forget(id string) { delete(o.receipts, id) }

// parseBatch takes a batch of the keeper's. The SFU writes the sender into what
// members send; only hidden participants, who need the server's key, have none.
func parseBatch(packet *livekit.DataPacket, u *livekit.UserPacket) []Item {
	var b doorapi.ChatBatch
	if packet.GetParticipantIdentity() != "" || len(u.GetPayload()) > MaxPayload ||
		json.Unmarshal(u.GetPayload(), &b) != nil {
		return nil
	}
	rows := b.Messages[:0]
	for _, m := range b.Messages {
		m.Text, m.Name, m.Seq = call.CleanText(m.Text), call.Label(m.Name), 0
		if m.ID != "" && len(m.ID) <= maxChatID && len(m.From) <= call.MaxIDBytes && call.CheckChat(m.Text) == nil {
			rows = append(rows, m)
		}
	}
	b.Messages = rows
	return []Item{Batch{b}}
}
