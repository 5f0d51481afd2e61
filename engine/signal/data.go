package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
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

// Topics of LiveKit's web components (npm @livekit/components-core).
const legacyChatTopic = "lk-chat-topic"

// dataState is the data side of a session: the loop's alone.
type dataState struct {
	sequence uint32 // of our last reliable packet
	kept     []keptPacket
	keptSize int
	heard    map[string]uint32 // last sequence by publisher's SID
	texts    *textStreams
	beats    []beat // heard in the last packet
}

type keptPacket struct {
	sequence uint32
	data     []byte
}

func newDataState() *dataState {
	return &dataState{heard: map[string]uint32{}, texts: newTextStreams()}
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

// receive reads one message of a data channel.
func (d *dataState) receive(data []byte, now time.Time) []call.SessionEvent {
	packet := &livekit.DataPacket{}
	if proto.Unmarshal(data, packet) != nil || d.seen(packet) {
		return nil
	}
	id := call.Identity(packet.GetParticipantIdentity())
	if len(id) > maxWord {
		return nil
	}
	switch v := packet.GetValue().(type) {
	case *livekit.DataPacket_User:
		if v.User.GetTopic() == aliveTopic {
			d.hearBeat(packet)
			return nil
		}
		return userPacket(id, v.User)
	case *livekit.DataPacket_StreamHeader:
		d.texts.open(id, v.StreamHeader, now)
	case *livekit.DataPacket_StreamChunk:
		d.texts.add(id, v.StreamChunk, now)
	case *livekit.DataPacket_StreamTrailer:
		if topic, text, ok := d.texts.close(id, v.StreamTrailer, now); ok {
			return []call.SessionEvent{call.DataReceived{ID: id, Topic: topic, Payload: text}}
		}
	}
	return nil
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

func userPacket(id call.Identity, u *livekit.UserPacket) []call.SessionEvent {
	topic := u.GetTopic()
	if len(topic) > maxTopic {
		return nil
	}
	if topic == legacyChatTopic {
		var legacy struct {
			Ignore bool `json:"ignoreLegacy"`
		}
		if json.Unmarshal(u.GetPayload(), &legacy) == nil && legacy.Ignore {
			return nil // the same text comes as a stream
		}
	}
	return []call.SessionEvent{call.DataReceived{ID: id, Topic: topic, Payload: u.GetPayload()}}
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
	t := s.transport
	if t == nil || t.reliable == nil || t.reliable.ReadyState() != webrtc.DataChannelStateOpen {
		return false, nil
	}
	if t.reliable.BufferedAmount() > maxBuffered {
		return false, nil
	}
	s.data.sequence++
	packet.Kind = livekit.DataPacket_RELIABLE //nolint:staticcheck // older servers read it
	packet.Sequence = s.data.sequence
	packet.ParticipantIdentity = string(s.roster.self.Identity)
	data, err := proto.Marshal(packet)
	if err != nil {
		return true, err
	}
	s.data.keep(packet.Sequence, data)
	return true, t.reliable.Send(data)
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
