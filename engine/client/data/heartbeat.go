package data

import (
	"encoding/binary"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

// heartbeatTopic is that of a small lossy packet. Its payload is the time until
// the next one, in milliseconds, as a varint; 0 says that the sender is
// reconnecting. Clients of other makes ignore the topic.
const heartbeatTopic = "foyer.alive"

// Heartbeat is one sign of life.
type Heartbeat struct {
	SID  call.SID
	Next time.Duration // until the next one; 0: reconnecting
}

// WriteHeartbeat makes the bytes of a heartbeat of ours.
func WriteHeartbeat(self call.Identity, next time.Duration) ([]byte, error) {
	topic := heartbeatTopic
	return proto.Marshal(&livekit.DataPacket{
		Kind:                livekit.DataPacket_LOSSY, // older servers read it
		ParticipantIdentity: string(self),
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{
			Topic: &topic, Payload: binary.AppendUvarint(nil, uint64(next/time.Millisecond)),
		}},
	})
}

// parseHeartbeat reads a heartbeat. The server writes the SID.
func parseHeartbeat(p *livekit.DataPacket) []Item {
	ms, n := binary.Uvarint(p.GetUser().GetPayload())
	if n <= 0 || p.GetParticipantSid() == "" || len(p.GetParticipantSid()) > call.MaxIDBytes {
		return nil
	}
	next := time.Duration(min(ms, uint64(roster.MaxHeartbeatInterval/time.Millisecond))) * time.Millisecond
	if next > 0 {
		next = max(next, roster.HeartbeatInterval)
	}
	return []Item{Heartbeat{SID: call.SID(p.GetParticipantSid()), Next: next}}
}
