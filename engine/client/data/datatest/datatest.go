// Package datatest makes packets of data channels, for tests.
package datatest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Packet is what a participant sends.
func Packet(t testing.TB, sender string, sequence uint32, m *livekit.DataPacket) []byte {
	t.Helper()
	m.ParticipantIdentity, m.ParticipantSid, m.Sequence = sender, "PA_"+sender, sequence
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Header begins a text.
func Header(id string, total uint64) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamHeader{StreamHeader: &livekit.DataStream_Header{
		StreamId: id, Topic: "some.topic", MimeType: "text/plain", TotalLength: &total,
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}}}
}

// Chunk is a piece of a text.
func Chunk(id string, index uint64, text string) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamChunk{StreamChunk: &livekit.DataStream_Chunk{
		StreamId: id, ChunkIndex: index, Content: []byte(text),
	}}}
}

// Trailer ends a text.
func Trailer(id string) *livekit.DataPacket {
	return &livekit.DataPacket{Value: &livekit.DataPacket_StreamTrailer{
		StreamTrailer: &livekit.DataStream_Trailer{StreamId: id},
	}}
}

// ChatHeader announces a message; content is nil unless it is in the header.
func ChatHeader(id string, content []byte, deflated bool, total int) *livekit.DataPacket {
	p := Header(id, uint64(total))
	h := p.GetStreamHeader()
	h.Topic, h.InlineContent = doorapi.TopicChat, content
	if deflated {
		h.Compression = livekit.DataStream_DEFLATE_RAW
	}
	return p
}

// Notice is a notice on its topic, from whomever.
func Notice(t testing.TB, identity, sid string, n doorapi.Notice) []byte {
	t.Helper()
	payload, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	topic := doorapi.TopicNotice
	return Marshal(t, &livekit.DataPacket{
		ParticipantIdentity: identity, ParticipantSid: sid,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: payload}},
	})
}

// Call is a notice as an RPC, from whomever.
func Call(t testing.TB, identity, sid, id string, n doorapi.Notice) []byte {
	t.Helper()
	payload, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return Marshal(t, &livekit.DataPacket{
		ParticipantIdentity: identity, ParticipantSid: sid,
		Value: &livekit.DataPacket_RpcRequest{RpcRequest: &livekit.RpcRequest{
			Id: id, Method: doorapi.MethodNotice, Payload: string(payload), Version: 1,
		}},
	})
}

// Marshal is a packet as it travels.
func Marshal(t testing.TB, p *livekit.DataPacket) []byte {
	t.Helper()
	raw, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// BatchPacket is a batch on its topic, from whomever.
func BatchPacket(t testing.TB, sender string, b doorapi.ChatBatch) []byte {
	t.Helper()
	topic := doorapi.TopicBatch
	return Marshal(t, &livekit.DataPacket{
		ParticipantIdentity: sender, ParticipantSid: "PA_" + sender,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: encode(t, b), Topic: &topic}},
	})
}

// Batch is what the keeper tells; a message is "id" of bob or "who:id".
func Batch(number int64, messages ...string) doorapi.ChatBatch {
	b := doorapi.ChatBatch{Number: number}
	for _, m := range messages {
		from, id, ok := strings.Cut(m, ":")
		if !ok {
			from, id = "bob", m
		}
		b.Messages = append(b.Messages, doorapi.ChatRow{
			ChatMessage: call.ChatMessage{
				ID: id, From: call.Identity(from), Name: "Name of " + from, Text: "text " + id,
			},
			Time: 1_700_000_000_000,
		})
	}
	return b
}

// Heartbeat is a packet on the heartbeats' topic.
func Heartbeat(t testing.TB, sid string, payload []byte) []byte {
	t.Helper()
	topic := "foyer.alive"
	return Packet(t, sid, 0, &livekit.DataPacket{
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: payload}},
	})
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
