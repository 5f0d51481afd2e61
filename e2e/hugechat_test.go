//go:build linux

package e2e

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/ui/words"
)

const (
	megabyte      = 1 << 20
	harmlessTries = 20
)

// TestHugeChat: our own client refuses to say a megabyte, and says what the limit
// is. Somebody who sends it all the same, in every form that chat can have, is
// heard by nobody; the room goes on, and its history is clean.
func TestHugeChat(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("calm")
	ada, bob := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{})
	gather(ada, bob)
	ada.talks(bob)
	for name, text := range map[string]string{
		"a byte too long": strings.Repeat("x", call.MaxChat+1), "a megabyte": strings.Repeat("x", megabyte), "with escapes": strings.Repeat(`"`, megabyte),
	} {
		if e := ada.fails(map[string]any{"cmd": "chat", "text": text}); e.Text("error") != words.Error(call.CheckChat(text)).String() {
			t.Errorf("%s: %s", name, e.Raw)
		}
	}
	i := intrude(t, h.server, "calm", "mallory", webrtc.MimeTypeVP8)
	huge := bytes.Repeat([]byte("x"), megabyte)
	i.streams("bomb", deflated(t, huge), true, 0)
	i.streams("announced", huge, false, len(huge))
	i.streams("not announced", huge, false, 0)
	i.streams("a lie", huge, false, 5)
	i.drains()
	// What is said in the same moment is lost: the SFU keeps a megabyte for each
	// receiver, and the keeper is one.
	for n := 0; !bob.hasRead("I am harmless"); n++ {
		if n == harmlessTries {
			t.Fatalf("nothing of %d harmless messages is read", n)
		}
		i.streams(fmt.Sprintf("short %d", n), []byte("I am harmless"), false, 0)
		bob.rests(1)
	}
	topic := "lk-chat-topic"
	i.sends(&livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{
		Topic: &topic, Payload: []byte(`{"id":"legacy","message":"` + string(huge[:50_000]) + `"}`),
	}}})
	header := textHeader("in one piece", 0)
	header.InlineContent = huge
	i.sends(&livekit.DataPacket{Value: &livekit.DataPacket_StreamHeader{StreamHeader: header}})
	bob.talks(ada)
	ada.talks(bob)
	for _, p := range []*person{ada, bob} {
		for _, e := range p.chats() {
			if len(e.Text("text")) > call.MaxChat || e.Text("from") == "mallory" && e.Text("text") != "I am harmless" {
				t.Errorf("%s reads %.200s", p.id, e.Raw)
			}
		}
	}
	var history doorapi.ChatAnswer
	h.ask(&history, 0, "chat", "calm")
	for _, m := range history.Messages {
		if len(m.Text) > call.MaxChat || m.From == "mallory" && m.Text != "I am harmless" {
			t.Errorf("stored: %s %.100q", m.From, m.Text)
		}
	}
	if len(history.Messages) < 3 {
		t.Errorf("the history has %d lines", len(history.Messages))
	}
}

func deflated(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	must(t, err)
	_, err = w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func textHeader(id string, total int) *livekit.DataStream_Header {
	h := &livekit.DataStream_Header{
		StreamId: id, Topic: doorapi.TopicChat, MimeType: "text/plain", Timestamp: time.Now().UnixMilli(),
		ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}},
	}
	if total > 0 {
		announced := uint64(total)
		h.TotalLength = &announced
	}
	return h
}

// streams sends a text as LiveKit's clients do: in pieces, or deflated in one.
func (i *intruder) streams(id string, text []byte, inHeader bool, total int) {
	i.t.Helper()
	header := textHeader(id, total)
	if inHeader {
		header.InlineContent, header.Compression = text, livekit.DataStream_DEFLATE_RAW
	}
	i.sends(&livekit.DataPacket{Value: &livekit.DataPacket_StreamHeader{StreamHeader: header}})
	if inHeader {
		return
	}
	const piece = 15_000
	index := uint64(0)
	for ; len(text) > 0; index++ {
		n := min(piece, len(text))
		i.sends(&livekit.DataPacket{Value: &livekit.DataPacket_StreamChunk{
			StreamChunk: &livekit.DataStream_Chunk{StreamId: id, ChunkIndex: index, Content: text[:n]},
		}})
		text = text[n:]
	}
	i.sends(&livekit.DataPacket{Value: &livekit.DataPacket_StreamTrailer{StreamTrailer: &livekit.DataStream_Trailer{StreamId: id}}})
}

func (i *intruder) sends(p *livekit.DataPacket) {
	i.t.Helper()
	raw, err := proto.Marshal(p)
	must(i.t, err)
	must(i.t, i.Channel(attack.Reliable).Send(raw))
}

// drains waits until all that was sent has left: three megabytes take 20 s on a
// machine that is busy.
func (i *intruder) drains() {
	i.t.Helper()
	channel, low := i.Channel(attack.Reliable), make(chan struct{}, 1)
	channel.SetBufferedAmountLowThreshold(0)
	channel.OnBufferedAmountLow(func() {
		select {
		case low <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithTimeout(i.t.Context(), time.Minute)
	defer cancel()
	for channel.BufferedAmount() > 0 {
		select {
		case <-low:
		case <-ctx.Done():
			i.t.Fatalf("%d bytes have not left", channel.BufferedAmount())
		}
	}
}
