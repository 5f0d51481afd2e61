package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
)

// Limits on the refusals in one batch: somebody who floods the room gets few answers.
const (
	refusalsOfOne = 4
	refusalsOfAll = 10 // of the longest ids and a message of the longest text: below 15 kB
)

// batches is what everybody is to be told next. Only the loop uses it.
type batches struct {
	lines    []doorapi.ChatRow
	refused  []doorapi.ChatRefusal
	known    []doorapi.ChatReceipt
	refusals map[call.Identity]int // of refused and known, by sender
	number   int64                 // of the last batch
	sending  bool                  // a worker sends
	at       time.Time             // not before
}

// waits reports whether there is something to send and nobody is sending it.
func (b *batches) waits() bool { return !b.sending && (len(b.lines) > 0 || b.answers() > 0) }

// answers is how many are told what became of a message that is not among lines.
func (b *batches) answers() int { return len(b.refused) + len(b.known) }

// add queues a message. The queue has a limit; beyond it the oldest go, which
// are in the register.
func (b *batches) add(line register.ChatLine, most int) {
	if len(b.lines) >= most {
		b.lines = b.lines[1:]
	}
	b.lines = append(b.lines, doorapi.ChatRow{ChatMessage: line.ChatMessage, Time: line.At.UnixMilli()})
}

func (b *batches) refuse(from call.Identity, id string, code doorapi.Code) {
	if b.mayAnswer(from) {
		b.refused = append(b.refused, doorapi.ChatRefusal{ID: id, From: from, Code: code})
	}
}

// know tells the sender of a message that was said before so: what told it may
// have been lost with a connection.
func (b *batches) know(from call.Identity, id string) {
	if b.mayAnswer(from) {
		b.known = append(b.known, doorapi.ChatReceipt{ID: id, From: from})
	}
}

func (b *batches) mayAnswer(from call.Identity) bool {
	if b.refusals[from] >= refusalsOfOne || b.answers() >= refusalsOfAll {
		return false
	}
	if b.refusals == nil {
		b.refusals = map[call.Identity]int{}
	}
	b.refusals[from]++
	return true
}

// take empties the queue into numbered packets.
func (b *batches) take() ([][]byte, error) {
	lines, refused, known := b.lines, b.refused, b.known
	b.lines, b.refused, b.known, b.refusals = nil, nil, nil, nil
	var packets [][]byte
	for len(lines) > 0 || len(refused) > 0 || len(known) > 0 {
		packet, n, err := pack(b.number+1, lines, refused, known)
		if err != nil {
			return packets, err
		}
		b.number++
		packets = append(packets, packet)
		lines, refused, known = lines[n:], nil, nil
	}
	return packets, nil
}

// pack writes one batch with as many lines as fit, one at least.
func pack(
	number int64, lines []doorapi.ChatRow, refused []doorapi.ChatRefusal, known []doorapi.ChatReceipt,
) (packet []byte, n int, err error) {
	var b bytes.Buffer
	write := json.NewEncoder(&b)
	write.SetEscapeHTML(false) // a text of < would grow sixfold
	fmt.Fprintf(&b, `{"n":%d`, number)
	if len(refused) > 0 {
		b.WriteString(`,"r":`)
		if err := write.Encode(refused); err != nil {
			return nil, 0, fmt.Errorf("encode refusals: %w", err)
		}
	}
	if len(known) > 0 {
		b.WriteString(`,"k":`)
		if err := write.Encode(known); err != nil {
			return nil, 0, fmt.Errorf("encode receipts: %w", err)
		}
	}
	b.WriteString(`,"m":[`)
	for i := range lines {
		before := b.Len()
		if i > 0 {
			b.WriteByte(',')
		}
		if err := write.Encode(&lines[i]); err != nil {
			return nil, 0, fmt.Errorf("encode chat: %w", err)
		}
		if n > 0 && b.Len() > doorapi.MaxBatch {
			b.Truncate(before)
			break
		}
		n++
	}
	b.WriteString(`]}`)
	return b.Bytes(), n, nil
}

// spread says that batches were sent, or could not be.
type spread struct{}

// spread tells everybody what waits, beside the loop: at once, and what comes
// meanwhile together a little later.
func (k *Keeper) spread() {
	b := &k.batches
	packets, err := b.take()
	if err != nil {
		k.log.WithError(err).Error("chat is not told")
	}
	b.sending = true
	k.do(k.limits.Work, func(ctx context.Context) {
		defer k.inbox.Put(spread{})
		for _, p := range packets {
			if err := k.room.SendData(ctx, doorapi.TopicBatch, p); err != nil {
				// Senders say it again, and who sees the gap reads the register.
				k.log.WithError(err).Debug("chat is not told")
				return
			}
		}
	})
}

// spreadLast sends what waits before a keeper leaves a room that stays.
func (k *Keeper) spreadLast(ctx context.Context) {
	if !k.batches.waits() || k.ended != nil {
		return
	}
	packets, _ := k.batches.take()
	for _, p := range packets {
		if k.room.SendData(ctx, doorapi.TopicBatch, p) != nil {
			return // the senders say it again
		}
	}
}

func (k *Keeper) spreadDone() {
	k.batches.sending = false
	k.batches.at = k.now().Add(k.limits.Spread)
}
