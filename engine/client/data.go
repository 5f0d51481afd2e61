package client

import (
	"context"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Limits of data.
const (
	maxPayload   = 15_000    // bytes of one packet; the server reads at most 64 KiB, clients use 15 kB
	maxTopic     = 256       // bytes
	maxBuffered  = 1 << 20   // bytes that wait in the data channel
	lowBuffered  = 256 << 10 // go on sending below
	keptPackets  = 64        // reliable packets kept for a resume
	keptBytes    = 256 << 10 // their sum
	maxPublisher = 4096      // participants whose sequence numbers are remembered
)

// dataState is the data side of a session: the loop's alone.
type dataState struct {
	sequence uint32 // of our last reliable packet
	kept     []keptPacket
	keptSize int
	heard    map[string]uint32 // last sequence by publisher's SID
	texts    *textStreams
	beats    []beat             // heard in the last packet
	notices  []incomingNotice   // likewise
	said     []saidMessage      // of ours, the newest
	sent     uint64             // bytes of all our reliable packets
	carried  []call.ChatMessage // said by the participant that we were, and to be said again
	paces    map[call.Identity]*call.Pace
	order    *chatOrder
	batches  []doorapi.ChatBatch // heard in the last packet
	observes bool                // see Config.Observer
}

type keptPacket struct {
	sequence uint32
	data     []byte
}

func newDataState() *dataState {
	return &dataState{
		heard: map[string]uint32{}, texts: newTextStreams(), paces: map[call.Identity]*call.Pace{}, order: newChatOrder(),
	}
}

func (d *Dialer) newData() *dataState {
	data := newDataState()
	data.observes = d.observe
	return data
}

// keep remembers a packet for the case that it is lost with the connection.
func (d *dataState) keep(sequence uint32, data []byte) {
	d.kept = append(d.kept, keptPacket{sequence, data})
	d.keptSize += len(data)
	for len(d.kept) > keptPackets || d.keptSize > keptBytes {
		d.keptSize -= len(d.kept[0].data)
		d.kept = d.kept[1:]
	}
}

// after lists what the server has not got.
func (d *dataState) after(sequence uint32) [][]byte {
	var missing [][]byte
	for _, k := range d.kept {
		if k.sequence > sequence {
			missing = append(missing, k.data)
		}
	}
	return missing
}

// receive reads one message of a data channel; lossy is set for the one that loses
// some.
func (d *dataState) receive(data []byte, lossy bool, now time.Time) []call.SessionEvent {
	packet := &livekit.DataPacket{}
	if proto.Unmarshal(data, packet) != nil || d.seen(packet) {
		return nil
	}
	id := call.Identity(packet.GetParticipantIdentity())
	if len(id) > call.MaxIDBytes {
		return nil
	}
	if (lossy || !d.observes && isPrivate(packet)) && isTalk(packet) {
		return nil // not everybody hears it, so it is not the room's
	}
	switch v := packet.GetValue().(type) {
	case *livekit.DataPacket_User:
		return d.userPacket(id, packet, v.User, now)
	case *livekit.DataPacket_StreamHeader:
		if text, ok := d.texts.open(id, v.StreamHeader, now); ok {
			return d.wholeText(id, text, now)
		}
	case *livekit.DataPacket_StreamChunk:
		d.texts.add(id, v.StreamChunk, now)
	case *livekit.DataPacket_StreamTrailer:
		if text, ok := d.texts.close(id, v.StreamTrailer, now); ok {
			return d.wholeText(id, text, now)
		}
	case *livekit.DataPacket_RpcRequest:
		d.hearCall(packet, v.RpcRequest)
	}
	return nil
}

// isPrivate reports whether a packet is for some people alone. The keeper is told
// chat that way, and tells everybody.
func isPrivate(p *livekit.DataPacket) bool {
	u := p.GetUser()
	return len(p.GetDestinationIdentities()) > 0 || len(u.GetDestinationIdentities()) > 0 || len(u.GetDestinationSids()) > 0 //nolint:staticcheck // older clients write them
}

// isTalk reports whether a packet may be part of chat.
func isTalk(p *livekit.DataPacket) bool {
	switch v := p.GetValue().(type) {
	case *livekit.DataPacket_User:
		return v.User.GetTopic() == legacyChatTopic
	case *livekit.DataPacket_StreamHeader, *livekit.DataPacket_StreamChunk, *livekit.DataPacket_StreamTrailer:
		return true
	}
	return false
}

func (d *dataState) wholeText(id call.Identity, t receivedText, now time.Time) []call.SessionEvent {
	switch t.topic {
	case doorapi.TopicChat:
		return d.chatText(id, t.id, string(t.text), now)
	case doorapi.TopicNotice, doorapi.TopicBatch:
		return nil // are no streams
	default:
		return []call.SessionEvent{call.DataReceived{ID: id, Topic: t.topic, Payload: t.text}}
	}
}

// seen drops what a resume delivers twice.
func (d *dataState) seen(p *livekit.DataPacket) bool {
	sequence, sid := p.GetSequence(), p.GetParticipantSid()
	if sequence == 0 || sid == "" {
		return false
	}
	last, known := d.heard[sid]
	if known && sequence <= last {
		return true
	}
	if !known && len(d.heard) >= maxPublisher {
		clear(d.heard)
	}
	d.heard[sid] = sequence
	return false
}

func (d *dataState) userPacket(
	id call.Identity, packet *livekit.DataPacket, u *livekit.UserPacket, now time.Time,
) []call.SessionEvent {
	topic := u.GetTopic()
	switch {
	case len(topic) > maxTopic:
	case topic == aliveTopic:
		d.hearBeat(packet)
	case topic == doorapi.TopicNotice:
		d.hearNotice(packet, u)
	case topic == doorapi.TopicBatch:
		d.hearBatch(packet, u)
	case topic == legacyChatTopic:
		return d.legacyChat(id, u.GetPayload(), now)
	default:
		return []call.SessionEvent{call.DataReceived{ID: id, Topic: topic, Payload: u.GetPayload()}}
	}
	return nil
}

// SendData implements [call.Session]. Payloads over 15000 bytes are refused
// with [call.ErrTooLong].
func (s *session) SendData(ctx context.Context, topic string, payload []byte) error {
	if len(payload) > maxPayload || len(topic) > maxTopic {
		return fmt.Errorf("send data: %w: %d bytes, at most %d", call.ErrTooLong, len(payload), maxPayload)
	}
	packet := &livekit.DataPacket{
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: payload, Topic: &topic}},
	}
	err := s.askWhenReady(ctx, func() (bool, error) { return s.sendPacket(packet) })
	if err != nil {
		return fmt.Errorf("send data: %w", err)
	}
	return nil
}

// sendPacket sends, or is not ready to.
func (s *session) sendPacket(packet *livekit.DataPacket) (ready bool, err error) {
	if s.over() {
		return true, call.ErrNotInRoom
	}
	if !s.dataReady() {
		return false, nil
	}
	return true, s.push(packet)
}

// dataReady tells whether a packet may be sent.
func (s *session) dataReady() bool {
	t := s.transport
	return t != nil && t.reliable != nil && t.reliable.ReadyState() == webrtc.DataChannelStateOpen &&
		t.reliable.BufferedAmount() <= maxBuffered
}

// push sends a packet and keeps it for a resume.
func (s *session) push(packet *livekit.DataPacket) error {
	s.data.sequence++
	packet.Kind = livekit.DataPacket_RELIABLE //nolint:staticcheck // older servers read it
	packet.Sequence = s.data.sequence
	packet.ParticipantIdentity = string(s.roster.Self().Identity)
	data, err := proto.Marshal(packet)
	if err != nil {
		return err
	}
	s.data.keep(packet.Sequence, data)
	s.data.sent += uint64(len(data))
	return s.transport.reliable.Send(data)
}

// resendData repeats what the server says it has not got.
func (s *session) resendData(lastHeard uint32) {
	t := s.transport
	if t == nil || t.reliable == nil || t.reliable.ReadyState() != webrtc.DataChannelStateOpen {
		return
	}
	for _, data := range s.data.after(lastHeard) {
		if err := t.reliable.Send(data); err != nil {
			s.log.WithError(err).Debug("data could not be repeated")
			return
		}
	}
}
