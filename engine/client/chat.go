package client

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/data"
	"foyer/engine/doorapi"
)

// inlineProtocol is the client_protocol from which a receiver reads a text that is
// in the stream's header (livekit-client src/version.ts).
const inlineProtocol = 2

// chat is what is said in the room. It is LiveKit's own: a text stream on
// doorapi.TopicChat, whose id names the message (npm @livekit/components-core,
// components/chat.ts). Only the loop uses it.
type chat struct {
	s     *session
	order *data.ChatOrder
}

// SendChat implements [call.Session]. It waits for a working connection, and
// where there is a keeper for its receipt: nobody is shown a message that has no
// place in the room's chat. While the keeper is away it is told again and again,
// until there is another one, or fails with [call.ErrNotStored].
func (s *session) SendChat(ctx context.Context, text string) (call.ChatMessage, error) {
	m := call.ChatMessage{ID: uuid.NewString(), Text: call.CleanText(text)}
	if err := call.CheckChat(m.Text); err != nil {
		return call.ChatMessage{}, fmt.Errorf("chat: %w", err)
	}
	var receipt chan error
	err := s.chat.whenReady(ctx, func() error {
		s.chat.repeat() // in order
		m.From, m.Name, m.At = s.roster.Self().Identity, s.roster.Self().Name, time.Now()
		if s.credentials.keeper == "" {
			return s.chat.send(m, nil)
		}
		receipt = s.chat.order.Expect(m.ID)
		return s.chat.send(m, s.chat.addressees())
	})
	if err == nil && receipt != nil {
		err = s.chat.awaitReceipt(ctx, m, receipt)
	}
	if err != nil {
		return call.ChatMessage{}, fmt.Errorf("chat: %w", err)
	}
	return m, nil
}

// whenReady runs f in the loop when we may and can say something.
func (c *chat) whenReady(ctx context.Context, f func() error) error {
	return c.s.askWhenReady(ctx, func() (bool, error) {
		switch {
		case c.s.over():
			return true, call.ErrNotInRoom
		case c.s.permissions.current.Muted:
			return true, call.ErrMuted
		case c.s.phase != phaseUp || !c.s.data.ready():
			return false, nil
		}
		return true, f()
	})
}

// awaitReceipt waits until the keeper has taken or refused a message of ours, and
// tells it to the keeper that is there then.
func (c *chat) awaitReceipt(ctx context.Context, m call.ChatMessage, receipt <-chan error) error {
	timeout := time.NewTicker(data.ReceiptTimeout)
	defer timeout.Stop()
	for {
		select {
		case err := <-receipt:
			return err
		case <-c.s.done:
			return call.ErrNotInRoom
		case <-ctx.Done():
		case <-timeout.C:
		}
		over := false
		err := c.whenReady(ctx, func() (err error) {
			over, err = c.sendAgain(m, receipt)
			return err
		})
		if err != nil {
			c.s.post(func() { // its text is given back: not to be said again
				c.order.Forget(m.ID)
				c.s.data.sender.Arrived(m.ID)
			})
		}
		if err != nil || over {
			return err
		}
	}
}

// sendAgain tells the keeper, which may be another one by now, a message whose
// receipt has not come. While it is only slow it is left in peace. over is set if
// the receipt has come.
func (c *chat) sendAgain(m call.ChatMessage, receipt <-chan error) (over bool, err error) {
	o, now := c.order, time.Now()
	switch {
	case !o.Waits(m.ID):
		return true, <-receipt
	case now.Sub(m.At) >= data.LastReceipt:
		return true, call.ErrNotStored
	case o.KeeperJustHeard(now) && now.Sub(m.At) < data.SlowReceipt:
		return false, nil
	}
	c.s.log.Debug("keeper is silent")
	o.KeeperIsSilent()
	return false, c.write(m, []string{string(c.s.credentials.keeper)})
}

// send sends a message to some, or with none to everybody: as one packet if
// everybody can read that, else as header, one chunk and trailer, which
// call.MaxChat lets it fit into.
func (c *chat) send(m call.ChatMessage, to []string) error {
	err := c.write(m, to)
	if err == nil {
		c.s.data.sender.Said(m)
	}
	return err
}

func (c *chat) write(m call.ChatMessage, to []string) error {
	total := uint64(len(m.Text))
	header := &livekit.DataStream_Header{
		StreamId: m.ID, Timestamp: m.At.UnixMilli(), Topic: doorapi.TopicChat, MimeType: "text/plain", TotalLength: &total,
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}
	packets := []*livekit.DataPacket{{Value: &livekit.DataPacket_StreamHeader{StreamHeader: header}}}
	if c.s.roster.EverybodyReads(inlineProtocol) {
		header.InlineContent = []byte(m.Text)
	} else {
		packets = append(packets,
			&livekit.DataPacket{Value: &livekit.DataPacket_StreamChunk{
				StreamChunk: &livekit.DataStream_Chunk{StreamId: m.ID, Content: []byte(m.Text)},
			}},
			&livekit.DataPacket{Value: &livekit.DataPacket_StreamTrailer{
				StreamTrailer: &livekit.DataStream_Trailer{StreamId: m.ID},
			}})
	}
	for _, p := range packets {
		p.DestinationIdentities = to
		if err := c.s.data.push(p); err != nil {
			return err
		}
	}
	return nil
}

// repeat says again what was carried over a full reconnect.
func (c *chat) repeat() {
	for c.s.data.ready() {
		m, ok := c.s.data.sender.NextCarried()
		if !ok {
			return
		}
		if err := c.send(m, nil); err != nil {
			c.s.log.WithError(err).Debug("chat could not be repeated")
		}
	}
}

// onMessage takes a message that came from its sender.
func (c *chat) onMessage(m call.ChatMessage, now time.Time) {
	if p, ok := c.s.roster.Get(m.From); ok {
		m.Name = p.Name
	}
	if c.s.credentials.keeper == "" {
		c.s.emit(call.ChatReceived{Message: m})
		return
	}
	c.order.Direct(m, now)
}

// onBatch takes what the keeper tells.
func (c *chat) onBatch(b doorapi.ChatBatch, now time.Time) {
	for i := range b.Messages {
		b.Messages[i].Time = c.s.credentials.at(b.Messages[i].Time).UnixMilli()
	}
	if c.s.credentials.keeper == "" {
		return // everybody sends to us directly
	}
	messages, missed := c.order.Batch(b, c.s.roster.Self().Identity, now)
	for _, m := range b.Messages {
		if m.From == c.s.roster.Self().Identity {
			c.s.data.sender.Arrived(m.ID)
		}
	}
	if missed {
		c.s.emit(call.ChatMissed{})
	}
	for _, m := range messages {
		c.s.emit(call.ChatReceived{Message: m})
	}
}

// addressees are those whom a message must be sent to; none means everybody: until
// the keeper is heard, and while somebody is there who does not read its batches.
// Those are never picked out, because what is for some is not the room's chat.
func (c *chat) addressees() []string {
	if !c.order.KeeperIsHere() || !c.s.roster.EverybodyReadsBatches() {
		return nil
	}
	return []string{string(c.s.credentials.keeper)}
}
