package data

import (
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

// Limits of what is kept to be sent again.
const (
	keptPackets = 64        // reliable packets, for a resume
	keptBytes   = 256 << 10 // their sum
	keptChat    = 256       // messages, for a full reconnect
	// doubtful is how long before the connection was noticed to be lost a message
	// may have reached a server that had given us up: it acknowledges and drops.
	doubtful = 5 * time.Second
)

// Sender numbers the reliable packets of one join, and keeps what may have to be
// sent again.
type Sender struct {
	sequence uint32 // of our last reliable packet
	kept     []keptPacket
	keptSize int
	sent     uint64             // bytes of all our reliable packets
	said     []saidMessage      // of ours, the newest
	carried  []call.ChatMessage // said by the participant that we were, and to be said again
}

type keptPacket struct {
	sequence uint32
	data     []byte
}

// Write makes the bytes of the next reliable packet, and keeps them for a resume.
func (s *Sender) Write(packet *livekit.DataPacket, self call.Identity) ([]byte, error) {
	s.sequence++
	packet.Kind = livekit.DataPacket_RELIABLE //nolint:staticcheck // older servers read it
	packet.Sequence = s.sequence
	packet.ParticipantIdentity = string(self)
	data, err := proto.Marshal(packet)
	if err != nil {
		return nil, err
	}
	s.keep(packet.Sequence, data)
	s.sent += uint64(len(data))
	return data, nil
}

// keep remembers a packet for the case that it is lost with the connection.
func (s *Sender) keep(sequence uint32, data []byte) {
	s.kept = append(s.kept, keptPacket{sequence, data})
	s.keptSize += len(data)
	for len(s.kept) > keptPackets || s.keptSize > keptBytes {
		s.keptSize -= len(s.kept[0].data)
		s.kept = s.kept[1:]
	}
}

// After lists what the server has not got.
func (s *Sender) After(sequence uint32) [][]byte {
	var missing [][]byte
	for _, k := range s.kept {
		if k.sequence > sequence {
			missing = append(missing, k.data)
		}
	}
	return missing
}

// saidMessage is a message of ours, and how much had been sent after it.
type saidMessage struct {
	call.ChatMessage
	end uint64
}

// Said remembers a message of ours for a full reconnect.
func (s *Sender) Said(m call.ChatMessage) {
	if len(s.said) >= keptChat {
		s.said = s.said[1:]
	}
	s.said = append(s.said, saidMessage{m, s.sent})
}

// Arrived forgets a message that the keeper has taken.
func (s *Sender) Arrived(id string) {
	s.said = slices.DeleteFunc(s.said, func(m saidMessage) bool { return m.ID == id })
	s.carried = slices.DeleteFunc(s.carried, func(m call.ChatMessage) bool { return m.ID == id })
}

// doubted lists the messages that may not have reached anybody: waiting bytes
// wait for an acknowledgement still, and the connection was lost at a time.
func (s *Sender) doubted(waiting uint64, lost time.Time) []call.ChatMessage {
	list := s.carried
	for _, m := range s.said {
		if m.end+waiting > s.sent || m.At.After(lost.Add(-doubtful)) {
			list = append(list, m.ChatMessage)
		}
	}
	return list[max(0, len(list)-keptChat):]
}

// CarryOver begins anew for the participant that we become, with what the old one
// may have said to nobody. Clients that have heard it recognise a message by its id
// (npm @livekit/components-core does, too).
func (s *Sender) CarryOver(waiting uint64, lost time.Time) *Sender {
	return &Sender{carried: s.doubted(waiting, lost)}
}

// NextCarried takes the next message that is to be said again.
func (s *Sender) NextCarried() (m call.ChatMessage, ok bool) {
	if len(s.carried) == 0 {
		return m, false
	}
	m, s.carried = s.carried[0], s.carried[1:]
	return m, true
}
