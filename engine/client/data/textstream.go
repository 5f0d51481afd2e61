package data

import (
	"bytes"
	"compress/flate"
	"io"
	"time"
	"unicode/utf8"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// Limits of text streams.
const (
	maxText          = 64 << 10 // bytes of one text
	maxStreams       = 64       // unfinished at once, all senders together
	maxStreamsSender = 8        // of one sender
	streamLife       = 30 * time.Second
)

// textStreams puts texts together that came in chunks (DataStream in livekit_models.proto). Chunks
// come in order on the reliable channel; a gap drops the text. A short text may
// be in the header itself, and both forms may be deflated, for receivers that
// say they can read it (client_protocol 2, CAP_COMPRESSION_DEFLATE_RAW).
type textStreams struct {
	unfinished map[streamKey]*textStream
}

type streamKey struct {
	sender call.Identity
	id     string
}

type textStream struct {
	topic    string
	total    uint64 // announced length, 0 if unknown; of the text, not of what is sent
	deflated bool
	next     uint64 // chunk
	sent     []byte
	expiry   time.Time
}

// receivedText is a whole text.
type receivedText struct {
	id, topic string
	text      []byte
}

func newTextStreams() *textStreams { return &textStreams{unfinished: map[streamKey]*textStream{}} }

// open begins a text; everything that is not a text of a sane size is ignored.
// ok is set for one that is whole already.
func (t *textStreams) open(
	sender call.Identity, h *livekit.DataStream_Header, now time.Time,
) (whole receivedText, ok bool) {
	t.expire(now)
	id := h.GetStreamId()
	deflated := h.GetCompression() == livekit.DataStream_DEFLATE_RAW
	if h.GetTextHeader() == nil || id == "" || len(id) > call.MaxIDBytes || len(h.GetTopic()) > MaxTopic ||
		h.GetTotalLength() > maxText || !deflated && h.GetCompression() != livekit.DataStream_NONE {
		return receivedText{}, false
	}
	s := &textStream{topic: h.GetTopic(), total: h.GetTotalLength(), deflated: deflated, expiry: now.Add(streamLife)}
	if h.InlineContent != nil {
		s.sent = h.GetInlineContent()
		return s.finish(id)
	}
	own := 0
	for key := range t.unfinished {
		if key.sender == sender {
			own++
		}
	}
	if own < maxStreamsSender && len(t.unfinished) < maxStreams {
		t.unfinished[streamKey{sender, id}] = s
	}
	return receivedText{}, false
}

func (t *textStreams) add(sender call.Identity, c *livekit.DataStream_Chunk, now time.Time) {
	key := streamKey{sender, c.GetStreamId()}
	s := t.unfinished[key]
	if s == nil {
		return
	}
	if c.GetChunkIndex() != s.next || len(s.sent)+len(c.GetContent()) > maxText || now.After(s.expiry) {
		delete(t.unfinished, key)
		return
	}
	s.next++
	s.sent = append(s.sent, c.GetContent()...)
	s.expiry = now.Add(streamLife)
}

// close ends a text and returns it if it is whole.
func (t *textStreams) close(sender call.Identity, tr *livekit.DataStream_Trailer, now time.Time) (receivedText, bool) {
	key := streamKey{sender, tr.GetStreamId()}
	s := t.unfinished[key]
	if s == nil {
		return receivedText{}, false
	}
	delete(t.unfinished, key)
	if tr.GetReason() != "" || now.After(s.expiry) {
		return receivedText{}, false
	}
	return s.finish(key.id)
}

func (s *textStream) finish(id string) (receivedText, bool) {
	text := s.sent
	if s.deflated {
		var err error
		if text, err = inflate(s.sent); err != nil {
			return receivedText{}, false
		}
	}
	whole := s.total == 0 || s.total == uint64(len(text))
	if !whole || len(text) > maxText || !utf8.Valid(text) {
		return receivedText{}, false
	}
	return receivedText{id: id, topic: s.topic, text: text}, true
}

// inflate reads at most one byte more than maxText, whatever it is given.
func inflate(data []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(data))
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxText+1))
}

func (t *textStreams) expire(now time.Time) {
	for key, s := range t.unfinished {
		if now.After(s.expiry) {
			delete(t.unfinished, key)
		}
	}
}
