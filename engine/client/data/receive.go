package data

import (
	"encoding/json"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/ratelimit"
)

// Limits of data.
const (
	MaxPayload      = 15_000          // bytes of one packet; the server reads at most 64 KiB, clients use 15 kB
	MaxTopic        = 256             // bytes
	maxPublishers   = 4096            // participants whose sequence numbers are remembered
	maxChatSenders  = 4096            // whose pace is remembered
	maxChatID       = 128             // bytes of a message's id
	legacyChatTopic = "lk-chat-topic" // of older web clients, who send chat as a user packet
)

// Item is what a data channel brings: [Received], [Chat], [Batch], [Heartbeat] or
// [Notice].
type Item interface{ item() }

// Received is somebody's data that is not Foyer's own.
type Received call.DataReceived

// Chat is a message that came from its sender. Its Name is empty.
type Chat struct{ call.ChatMessage }

// Batch is what the keeper tells.
type Batch struct{ doorapi.ChatBatch }

func (Received) item()  {}
func (Chat) item()      {}
func (Batch) item()     {}
func (Heartbeat) item() {}
func (Notice) item()    {}

// Receiver reads the data channels of one join.
type Receiver struct {
	heard    map[string]uint32 // last sequence by publisher's SID
	texts    *textStreams
	paces    map[call.Identity]*ratelimit.Pace
	observes bool
}

// NewReceiver makes a Receiver. observes is set for the keeper's, which gets chat
// as it travels.
func NewReceiver(observes bool) *Receiver {
	return &Receiver{
		heard: map[string]uint32{}, texts: newTextStreams(), paces: map[call.Identity]*ratelimit.Pace{}, observes: observes,
	}
}

// LastSequences tells the server after a resume what has arrived.
func (r *Receiver) LastSequences() []*livekit.DataChannelReceiveState {
	var states []*livekit.DataChannelReceiveState
	for sid, sequence := range r.heard {
		states = append(states, &livekit.DataChannelReceiveState{PublisherSid: sid, LastSeq: sequence})
	}
	return states
}

// Receive reads one message of a data channel; lossy is set for the one that loses
// some. It returns what is in it, which is nothing for what is not for us.
func (r *Receiver) Receive(data []byte, lossy bool, now time.Time) []Item {
	packet := &livekit.DataPacket{}
	if proto.Unmarshal(data, packet) != nil || r.seen(packet) {
		return nil
	}
	id := call.Identity(packet.GetParticipantIdentity())
	if len(id) > call.MaxIDBytes {
		return nil
	}
	if (lossy || !r.observes && isPrivate(packet)) && isTalk(packet) {
		return nil // not everybody hears it, so it is not the room's
	}
	switch v := packet.GetValue().(type) {
	case *livekit.DataPacket_User:
		return r.userPacket(id, packet, v.User, now)
	case *livekit.DataPacket_StreamHeader:
		if text, ok := r.texts.open(id, v.StreamHeader, now); ok {
			return r.wholeText(id, text, now)
		}
	case *livekit.DataPacket_StreamChunk:
		r.texts.add(id, v.StreamChunk, now)
	case *livekit.DataPacket_StreamTrailer:
		if text, ok := r.texts.close(id, v.StreamTrailer, now); ok {
			return r.wholeText(id, text, now)
		}
	case *livekit.DataPacket_RpcRequest:
		return parseCall(packet, v.RpcRequest)
	}
	return nil
}

// isPrivate reports whether a packet is only for some people. The keeper is told
// chat that way, and tells everybody.
func isPrivate(p *livekit.DataPacket) bool {
	u := p.GetUser()
	//nolint:staticcheck // older clients write them
	older := len(u.GetDestinationIdentities()) + len(u.GetDestinationSids())
	return len(p.GetDestinationIdentities()) > 0 || older > 0
}

// isTalk reports whether a packet may be part of chat, or a reaction: what one sees and
// the others do not is no part of the room.
func isTalk(p *livekit.DataPacket) bool {
	switch v := p.GetValue().(type) {
	case *livekit.DataPacket_User:
		return v.User.GetTopic() == legacyChatTopic || v.User.GetTopic() == doorapi.TopicReaction
	case *livekit.DataPacket_StreamHeader, *livekit.DataPacket_StreamChunk, *livekit.DataPacket_StreamTrailer:
		return true
	}
	return false
}

func (r *Receiver) wholeText(id call.Identity, t receivedText, now time.Time) []Item {
	switch t.topic {
	case doorapi.TopicChat:
		return r.chatText(id, t.id, string(t.text), now)
	case doorapi.TopicNotice, doorapi.TopicBatch:
		return nil // are no streams
	default:
		return []Item{Received{ID: id, Topic: t.topic, Payload: t.text}}
	}
}

// seen drops what a resume delivers twice.
func (r *Receiver) seen(p *livekit.DataPacket) bool {
	sequence, sid := p.GetSequence(), p.GetParticipantSid()
	if sequence == 0 || sid == "" {
		return false
	}
	last, known := r.heard[sid]
	if known && sequence <= last {
		return true
	}
	if !known && len(r.heard) >= maxPublishers {
		clear(r.heard)
	}
	r.heard[sid] = sequence
	return false
}

func (r *Receiver) userPacket(
	id call.Identity, packet *livekit.DataPacket, u *livekit.UserPacket, now time.Time,
) []Item {
	topic := u.GetTopic()
	switch {
	case len(topic) > MaxTopic:
		return nil
	case topic == heartbeatTopic:
		return parseHeartbeat(packet)
	case topic == doorapi.TopicNotice:
		return parseNoticePacket(packet, u)
	case topic == doorapi.TopicBatch:
		return parseBatch(packet, u)
	case topic == legacyChatTopic:
		return r.legacyChat(id, u.GetPayload(), now)
	default:
		return []Item{Received{ID: id, Topic: topic, Payload: u.GetPayload(), Private: isPrivate(packet)}}
	}
}

// chatText makes a whole text a message, if it is one. The name is filled in by
// the session, which knows it.
func (r *Receiver) chatText(from call.Identity, id, text string, now time.Time) []Item {
	m := call.ChatMessage{ID: id, From: from, Text: call.CleanText(text), At: now}
	if m.ID == "" || len(m.ID) > maxChatID || call.CheckChat(m.Text) != nil || !r.paced(from, now) {
		return nil
	}
	return []Item{Chat{m}}
}

// paced keeps one sender from flooding everybody. It lets twice as much pass as
// a sender of ours may say: what the network held up comes at once.
func (r *Receiver) paced(from call.Identity, now time.Time) bool {
	if r.observes {
		return true // the keeper has a pace of its own, and answers
	}
	p := r.paces[from]
	if p == nil {
		if len(r.paces) >= maxChatSenders {
			clear(r.paces)
		}
		p = &ratelimit.Pace{}
		r.paces[from] = p
	}
	return p.Allow(now, 2*call.ChatPerSecond, 2*call.ChatBurst)
}

// legacyChat reads the user packet of older web clients. Newer ones send it
// beside a stream of the same text and say so.
func (r *Receiver) legacyChat(from call.Identity, payload []byte, now time.Time) []Item {
	var m struct {
		ID      string `json:"id"`
		Message string `json:"message"`
		Ignore  bool   `json:"ignoreLegacy"`
	}
	if json.Unmarshal(payload, &m) != nil || m.Ignore {
		return nil
	}
	return r.chatText(from, m.ID, m.Message, now)
}
