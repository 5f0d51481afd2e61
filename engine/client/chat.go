package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Chat is LiveKit's own: a text stream on doorapi.TopicChat, whose id names the
// message (npm @livekit/components-core, components/chat.ts). Older web clients
// send a user packet instead.
const (
	legacyChatTopic = "lk-chat-topic"
	maxChatID       = 128  // bytes of a message's id
	maxChatSenders  = 4096 // whose pace is remembered
	// inlineProtocol is the client_protocol from which a receiver reads a text
	// that is in the stream's header (livekit-client src/version.ts).
	inlineProtocol = 2
)

// SendChat implements [call.Session]. It waits for a working connection, and
// where there is a keeper for its receipt: nobody is shown a message that has no
// place in the room's chat. While the keeper is away it is told again and again,
// until there is another one, or fails with [call.ErrNotStored].
func (s *session) SendChat(ctx context.Context, text string) (call.ChatMessage, error) {
	m := call.ChatMessage{ID: newStreamID(), Text: call.CleanText(text)}
	if err := call.CheckChat(m.Text); err != nil {
		return call.ChatMessage{}, fmt.Errorf("chat: %w", err)
	}
	var receipt chan error
	err := s.whenChatReady(ctx, func() error {
		s.repeatChat() // in order
		m.From, m.Name, m.At = s.roster.Self().Identity, s.roster.Self().Name, time.Now()
		if s.ticket.keeper == "" {
			return s.sendText(m, nil)
		}
		receipt = s.data.order.said(m.ID)
		return s.sendText(m, s.addressees())
	})
	if err == nil && receipt != nil {
		err = s.awaitReceipt(ctx, m, receipt)
	}
	if err != nil {
		return call.ChatMessage{}, fmt.Errorf("chat: %w", err)
	}
	return m, nil
}

// whenChatReady runs f in the loop when we may and can say something.
func (s *session) whenChatReady(ctx context.Context, f func() error) error {
	return s.askWhenReady(ctx, func() (bool, error) {
		switch {
		case s.over():
			return true, call.ErrNotInRoom
		case s.standing.Muted:
			return true, call.ErrMuted
		case s.phase != phaseUp || !s.dataReady():
			return false, nil
		}
		return true, f()
	})
}

// awaitReceipt waits until the keeper has taken or refused a message of ours, and
// tells it to the keeper that is there then.
func (s *session) awaitReceipt(ctx context.Context, m call.ChatMessage, receipt <-chan error) error {
	bound := time.NewTicker(receiptBound)
	defer bound.Stop()
	for {
		select {
		case err := <-receipt:
			return err
		case <-s.done:
			return call.ErrNotInRoom
		case <-ctx.Done():
		case <-bound.C:
		}
		over := false
		err := s.whenChatReady(ctx, func() (err error) {
			over, err = s.sayAgain(m, receipt)
			return err
		})
		if err != nil {
			s.post(func() { // its text is given back: not to be said again
				s.data.order.forget(m.ID)
				s.data.arrived(m.ID)
			})
		}
		if err != nil || over {
			return err
		}
	}
}

// sayAgain tells the keeper, which may be another one by now, a message whose
// receipt has not come. While it is only slow it is left in peace. over is set if
// the receipt has come.
func (s *session) sayAgain(m call.ChatMessage, receipt <-chan error) (over bool, err error) {
	o, now := s.data.order, time.Now()
	switch {
	case !o.waits(m.ID):
		return true, <-receipt
	case now.Sub(m.At) >= receiptMost:
		return true, call.ErrNotStored
	case o.tells(now) && now.Sub(m.At) < receiptSlow:
		return false, nil
	}
	s.log.Debug("keeper is silent")
	o.here = false
	return false, s.tellText(m, []string{string(s.ticket.keeper)})
}

// newStreamID is a random UUID (RFC 9562, version 4).
func newStreamID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// sendText sends a message to some, or with none to everybody: as one packet if
// everybody can read that, else as header, one chunk and trailer, which
// call.MaxChat lets it fit into.
func (s *session) sendText(m call.ChatMessage, to []string) error {
	err := s.tellText(m, to)
	if err == nil {
		s.data.hasSaid(m)
	}
	return err
}

func (s *session) tellText(m call.ChatMessage, to []string) error {
	total := uint64(len(m.Text))
	header := &livekit.DataStream_Header{
		StreamId: m.ID, Timestamp: m.At.UnixMilli(), Topic: doorapi.TopicChat, MimeType: "text/plain", TotalLength: &total,
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}
	packets := []*livekit.DataPacket{{Value: &livekit.DataPacket_StreamHeader{StreamHeader: header}}}
	if s.roster.EverybodyReads(inlineProtocol) {
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
		if err := s.push(p); err != nil {
			return err
		}
	}
	return nil
}

// chatText makes a whole text a message, if it is one. The name is filled in by
// the session, which knows it.
func (d *dataState) chatText(from call.Identity, id, text string, now time.Time) []call.SessionEvent {
	m := call.ChatMessage{ID: id, From: from, Text: call.CleanText(text), At: now}
	if m.ID == "" || len(m.ID) > maxChatID || call.CheckChat(m.Text) != nil || !d.paced(from, now) {
		return nil
	}
	return []call.SessionEvent{call.ChatReceived{Message: m}}
}

// paced keeps one sender from flooding everybody. It lets twice as much pass as
// a sender of ours may say: what the network held up comes at once.
func (d *dataState) paced(from call.Identity, now time.Time) bool {
	if d.observes {
		return true // the keeper has a pace of its own, and answers
	}
	p := d.paces[from]
	if p == nil {
		if len(d.paces) >= maxChatSenders {
			clear(d.paces)
		}
		p = &call.Pace{}
		d.paces[from] = p
	}
	return p.Allow(now, 2*call.ChatPerSecond, 2*call.ChatBurst)
}

// legacyChat reads the user packet of older web clients. Newer ones send it
// beside a stream of the same text and say so.
func (d *dataState) legacyChat(from call.Identity, payload []byte, now time.Time) []call.SessionEvent {
	var m struct {
		ID      string `json:"id"`
		Message string `json:"message"`
		Ignore  bool   `json:"ignoreLegacy"`
	}
	if json.Unmarshal(payload, &m) != nil || m.Ignore {
		return nil
	}
	return d.chatText(from, m.ID, m.Message, now)
}

// named fills in what the sender of a message was called.
func (s *session) named(e call.SessionEvent) call.SessionEvent {
	c, ok := e.(call.ChatReceived)
	if !ok {
		return e
	}
	if p, ok := s.roster.Get(c.Message.From); ok {
		c.Message.Name = p.Name
	}
	return c
}

// saidMessage is a message of ours, and how much had been sent after it.
type saidMessage struct {
	call.ChatMessage
	end uint64
}

// Bounds of what is said again after a full reconnect.
const (
	keptChat = 256 // messages
	// doubtful is how long before the connection was noticed to be lost a message
	// may have reached a server that had given us up: it acknowledges and drops.
	doubtful = 5 * time.Second
)

// hasSaid remembers a message for that case.
func (d *dataState) hasSaid(m call.ChatMessage) {
	if len(d.said) >= keptChat {
		d.said = d.said[1:]
	}
	d.said = append(d.said, saidMessage{m, d.sent})
}

// arrived forgets a message that the keeper has taken.
func (d *dataState) arrived(id string) {
	d.said = slices.DeleteFunc(d.said, func(m saidMessage) bool { return m.ID == id })
	d.carried = slices.DeleteFunc(d.carried, func(m call.ChatMessage) bool { return m.ID == id })
}

// doubted lists the messages that may not have reached anybody: waiting bytes
// wait for an acknowledgement still, and the connection was lost at a time.
func (d *dataState) doubted(waiting uint64, lost time.Time) []call.ChatMessage {
	list := d.carried
	for _, m := range d.said {
		if m.end+waiting > d.sent || m.At.After(lost.Add(-doubtful)) {
			list = append(list, m.ChatMessage)
		}
	}
	return list[max(0, len(list)-keptChat):]
}

// carryData makes the data side new for the participant that we become, and
// takes along what the old one may have said to nobody. Who has heard it already
// knows a message by its id (npm @livekit/components-core does, too).
func (s *session) carryData() {
	waiting := uint64(0)
	if t := s.transport; t != nil && t.reliable != nil {
		waiting = t.reliable.BufferedAmount()
	}
	carried, order := s.data.doubted(waiting, s.mend.since), s.data.order
	s.data = s.dialer.newData()
	s.data.carried, s.data.order = carried, order
	order.number = 0 // the engine catches up after a reconnect
}

// repeatChat says what was carried over.
func (s *session) repeatChat() {
	for len(s.data.carried) > 0 && s.dataReady() {
		m := s.data.carried[0]
		s.data.carried = s.data.carried[1:]
		if err := s.sendText(m, nil); err != nil {
			s.log.WithError(err).Debug("chat could not be repeated")
		}
	}
}

// onDataReady lets those go on who wait for the data channel.
func (s *session) onDataReady() {
	s.repeatChat()
	s.wake()
}
