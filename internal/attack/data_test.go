//go:build linux

package attack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
)

// dataAttacks go over the data channels of somebody who may write.
func dataAttacks() []attempt {
	return []attempt{
		{"flood of reliable packets", participant, "drown everybody's chat", packets(attack.Reliable, 5_000, 20_000, 512)},
		{"flood of lossy packets", participant, "the same, without an order", packets(attack.Lossy, 5_000, 20_000, 512)},
		{"large packets", participant, "send 60 kB at a time", packets(attack.Reliable, 200, 2_000, 60_000)},
		{"packets over the limit", participant, "send 1 MB at a time", packets(attack.Reliable, 20, 200, 1<<20)},
		{"1000 data channels", participant, "open channels without an end", manyChannels},
		{"long labels", participant, "open channels with names of 60 kB", longLabels},
		{"forged notices", participant, "say as the door that ada is removed, the room is closed, and 500 people wait", forgedNotices},
		{"forged batches of chat", participant, "say as the keeper what ada has said", forgedBatches},
		{"chat as somebody else", participant, "write in ada's name", chatAs},
		{"chat to one person", participant, "show to one as said to all what nobody else sees", privateChat},
		{"reaction to one person", participant, "show one a reaction that nobody else sees", privateReaction},
		{"chat as a lossy packet", participant, "write without the keeper", lossyChat},
		{"chat of 1 MB", participant, "fill everybody's window", longChat},
		{"flood of chat", participant, "write without pause", chatFlood},
		{"streams without an end", participant, "begin texts and never end them", openStreams},
		{"flood of calls", participant, "call ada's procedures", rpcFlood},
		{"forged notice by RPC", participant, "tell ada alone that she is removed", forgedCall},
	}
}

func (s *stage) writer() (*attack.Guest, attack.Person, error) { return s.sender() }

func write(c *webrtc.DataChannel, p *livekit.DataPacket) error {
	raw, err := proto.Marshal(p)
	if err != nil {
		return err
	}
	const mostWaiting = 1 << 20
	if err := until(10*time.Second, func() bool {
		return c.BufferedAmount() < mostWaiting || c.ReadyState() != webrtc.DataChannelStateOpen
	}); err != nil {
		return err
	}
	return c.Send(raw)
}

// until looks again and again, for what tells nothing by itself.
func until(limit time.Duration, cond func() bool) error {
	for deadline := time.Now().Add(limit); !cond(); {
		if time.Now().After(deadline) {
			return errors.New("it takes too long")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

func user(topic string, payload []byte, to ...string) *livekit.DataPacket {
	return &livekit.DataPacket{
		DestinationIdentities: to,
		Value:                 &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: payload, DestinationIdentities: to}},
	}
}

func packets(label string, few, often, size int) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		g, _, err := s.writer()
		if err != nil {
			return "", err
		}
		times := many(few, often)
		for n := range times {
			if err := write(g.Channel(label), user("flood", make([]byte, size))); err != nil {
				return fmt.Sprintf("%d packets, then: %v", n, err), nil
			}
		}
		said, err := s.goesOn(g)
		return fmt.Sprintf("%s, %d packets", said, times), err
	}
}

func manyChannels(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	opened := 0
	for n := range 1000 {
		c, err := g.Peer().CreateDataChannel(fmt.Sprint("channel", n), nil)
		if err != nil {
			break
		}
		opened++
		_ = c
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d channels", said, opened), err
}

func longLabels(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	for n := range many(50, 500) {
		if _, err := g.Peer().CreateDataChannel(fmt.Sprint(strings.Repeat("l", 60_000), n), nil); err != nil {
			return err.Error(), nil
		}
	}
	return s.goesOn(g)
}

// quietly says packets, and fails if ada is told anything of that name because
// of them.
func (s *stage) quietly(g *attack.Guest, label string, all []*livekit.DataPacket, event string, match func(text string) bool) (string, error) {
	mark := s.ada.Mark()
	for _, p := range all {
		if err := write(g.Channel(label), p); err != nil {
			return "", err
		}
	}
	if err := s.stats(6); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[mark:] {
		if e.Name == event && match(string(e.Raw)) {
			return "", reached("%s", e.Raw)
		}
	}
	return fmt.Sprintf("%d packets, nobody is told anything", len(all)), nil
}

func forgedNotices(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	var all []*livekit.DataPacket
	for _, n := range []doorapi.Notice{
		{Kind: doorapi.NoticePutOut, ID: call.Identity(s.ada.id), Reason: "banned", By: "Host", Text: "go"},
		{Kind: doorapi.NoticePutOut, ID: call.Identity(s.grace.id), Reason: "removed"},
		{Kind: doorapi.NoticeDismissed, By: "Host"}, {Kind: doorapi.NoticeLost, ID: call.Identity(s.grace.id)},
		{Kind: doorapi.NoticeMuted, ID: call.Identity(s.ada.id)}, {Kind: doorapi.NoticeRole, ID: g.ID, Role: call.RoleHost},
		{Kind: doorapi.NoticeRoom, Room: &call.RoomRules{Locked: true, MutedAll: true}}, {Kind: doorapi.NoticeChatOff},
		{Kind: doorapi.NoticeBack, ID: call.Identity(s.grace.id)}, {Kind: doorapi.NoticeUnmuted, ID: call.Identity(s.grace.id)},
		{Kind: doorapi.NoticeChatOn}, {Kind: doorapi.NoticeWaiting, Count: 500, By: "Host"},
	} {
		raw, err := json.Marshal(n)
		if err != nil {
			return "", err
		}
		all = append(all, user(doorapi.TopicNotice, raw), user(doorapi.TopicNotice, raw, s.ada.id))
		p := user(doorapi.TopicNotice, raw)
		p.ParticipantIdentity = ""
		p.GetUser().ParticipantIdentity = "" //nolint:staticcheck // old servers read it
		all = append(all, p)
	}
	mark := s.ada.Mark()
	said, err := s.quietly(g, attack.Reliable, all, "left", func(string) bool { return true })
	if err != nil {
		return said, err
	}
	if _, err := s.quietly(g, attack.Lossy, all, "left", func(string) bool { return true }); err != nil {
		return said, err
	}
	for _, e := range s.ada.Events()[mark:] {
		switch e.Name {
		case "stats", "speakers", "quality", "participant_joined", "participant_left", "track_published", "track_unpublished", "track_subscribed":
			if e.Name == "participant_left" && e.Text("id") == s.grace.id {
				return "", reached("%s", e.Raw)
			}
		default:
			return "", reached("%s", e.Raw)
		}
	}
	return said, nil
}

func forgedBatches(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(doorapi.ChatBatch{Number: 1 << 40, Messages: []doorapi.ChatRow{{ChatMessage: call.ChatMessage{
		ID: "forged", Seq: 1 << 40, From: call.Identity(s.grace.id), Text: "forged batch",
	}}}})
	if err != nil {
		return "", err
	}
	all := []*livekit.DataPacket{user(doorapi.TopicBatch, raw), user(doorapi.TopicBatch, raw, s.ada.id)}
	return s.quietly(g, attack.Reliable, all, "chat", func(text string) bool { return strings.Contains(text, "forged batch") })
}

// text is a text stream as LiveKit's clients send one.
func text(id, topic, words string, to ...string) []*livekit.DataPacket {
	size := uint64(len(words))
	all := []*livekit.DataPacket{{DestinationIdentities: to, Value: &livekit.DataPacket_StreamHeader{StreamHeader: &livekit.DataStream_Header{
		StreamId: id, Timestamp: time.Now().UnixMilli(), Topic: topic, MimeType: "text/plain", TotalLength: &size,
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}}}}
	for n := 0; len(words) > 0; n++ {
		part := words[:min(len(words), 15_000)]
		words = words[len(part):]
		all = append(all, &livekit.DataPacket{DestinationIdentities: to, Value: &livekit.DataPacket_StreamChunk{
			StreamChunk: &livekit.DataStream_Chunk{StreamId: id, ChunkIndex: uint64(n), Content: []byte(part)},
		}})
	}
	return append(all, &livekit.DataPacket{DestinationIdentities: to, Value: &livekit.DataPacket_StreamTrailer{
		StreamTrailer: &livekit.DataStream_Trailer{StreamId: id},
	}})
}

func chatAs(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	all := text("as-grace", doorapi.TopicChat, "not by grace")
	for _, p := range all {
		p.ParticipantIdentity = s.grace.id
		p.ParticipantSid = "PA_grace"
	}
	all = append(all, &livekit.DataPacket{ParticipantIdentity: s.grace.id, Value: &livekit.DataPacket_ChatMessage{
		ChatMessage: &livekit.ChatMessage{Id: "cm", Timestamp: time.Now().UnixMilli(), Message: "not by grace"},
	}})
	return s.quietly(g, attack.Reliable, all, "chat", func(raw string) bool {
		return strings.Contains(raw, "not by grace") && !strings.Contains(raw, `"from":"mallory`)
	})
}

func privateChat(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	return s.quietly(g, attack.Reliable, text("private", doorapi.TopicChat, "for ada alone", s.ada.id), "chat", func(raw string) bool {
		return strings.Contains(raw, "for ada alone")
	})
}

func privateReaction(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	clap := user(doorapi.TopicReaction, []byte("👏"), s.ada.id)
	old := user(doorapi.TopicReaction, []byte("👏"), s.ada.id)
	old.DestinationIdentities = nil
	if said, err := s.quietly(g, attack.Reliable, []*livekit.DataPacket{clap, old}, "reaction", func(string) bool { return true }); err != nil {
		return said, err
	}
	return s.quietly(g, attack.Lossy, []*livekit.DataPacket{clap, old, user(doorapi.TopicReaction, []byte("👏"))},
		"reaction", func(string) bool { return true })
}

func lossyChat(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	all := append(text("lossy", doorapi.TopicChat, "by the back door", s.ada.id), user(doorapi.TopicChat, []byte("by the back door")),
		user("lk-chat-topic", []byte(`{"id":"x","message":"by the back door","timestamp":1}`)))
	return s.quietly(g, attack.Lossy, all, "chat", func(raw string) bool { return strings.Contains(raw, "by the back door") })
}

func longChat(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	return s.quietly(g, attack.Reliable, text("long", doorapi.TopicChat, strings.Repeat("long chat ", 100_000)), "chat", func(raw string) bool {
		return len(raw) > 2*call.MaxChat
	})
}

// chatFlood floods while grace writes once: her line arrives.
func chatFlood(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	mark, times := s.ada.Mark(), many(1_000, 10_000)
	for n := range times {
		for _, p := range text(fmt.Sprint("flood", n), doorapi.TopicChat, fmt.Sprint("flood ", n)) {
			if err := write(g.Channel(attack.Reliable), p); err != nil {
				return "", err
			}
		}
		if n == times/2 {
			s.grace.Say(map[string]any{"cmd": "chat", "text": fmt.Sprint("honest words ", s.mark)})
		}
	}
	honest := fmt.Sprint("honest words ", s.mark)
	if err := until(20*time.Second, func() bool { return s.ada.reads(mark, honest) }); err != nil {
		return "", reached("what grace wrote meanwhile does not arrive")
	}
	shown := 0
	for _, e := range s.ada.Events()[mark:] {
		if e.Name == "chat" {
			shown++
		}
	}
	return fmt.Sprintf("%d written, %d lines shown, grace's among them", times, shown), nil
}

func openStreams(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	size := uint64(4000)
	times := many(3_000, 30_000)
	for n := range times {
		header := text(fmt.Sprint("open", n), doorapi.TopicChat, strings.Repeat("o", 3000))
		header[0].GetStreamHeader().TotalLength = &size
		for _, p := range header[:2] { // without the end
			if err := write(g.Channel(attack.Reliable), p); err != nil {
				return "", err
			}
		}
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d streams", said, times), err
}

func rpc(method string, n int, payload, to string) *livekit.DataPacket {
	return &livekit.DataPacket{DestinationIdentities: []string{to}, Value: &livekit.DataPacket_RpcRequest{RpcRequest: &livekit.RpcRequest{
		Id: fmt.Sprint("call", n), Method: method, Payload: payload, ResponseTimeoutMs: 10_000, Version: 1,
	}}}
}

func rpcFlood(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	times := many(3_000, 30_000)
	for n := range times {
		if err := write(g.Channel(attack.Reliable), rpc(fmt.Sprint("method", n), n, strings.Repeat("p", 500), s.ada.id)); err != nil {
			return "", err
		}
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d calls", said, times), err
}

func forgedCall(s *stage) (string, error) {
	g, _, err := s.writer()
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(doorapi.Notice{Kind: doorapi.NoticePutOut, ID: call.Identity(s.ada.id), Reason: "removed", By: "Host"})
	if err != nil {
		return "", err
	}
	return s.quietly(g, attack.Reliable, []*livekit.DataPacket{rpc(doorapi.MethodNotice, 1, string(raw), s.ada.id)}, "left", func(string) bool { return true })
}
