package signal

import (
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

// textStreams puts texts together that came in chunks (P models:894). Chunks
// come in order on the reliable channel; a gap drops the text.
type textStreams struct {
	unfinished map[streamKey]*textStream
}

type streamKey struct {
	sender call.Identity
	id     string
}

type textStream struct {
	topic  string
	total  uint64 // announced length, 0 if unknown
	next   uint64 // chunk
	text   []byte
	expiry time.Time
}

func newTextStreams() *textStreams { return &textStreams{unfinished: map[streamKey]*textStream{}} }

// open begins a text; everything that is not a text of a sane size is ignored.
func (t *textStreams) open(sender call.Identity, h *livekit.DataStream_Header, now time.Time) {
	t.expire(now)
	id := h.GetStreamId()
	if h.GetTextHeader() == nil || id == "" || len(id) > maxWord || len(h.GetTopic()) > maxTopic ||
		h.GetTotalLength() > maxText || h.GetCompression() != livekit.DataStream_NONE || h.InlineContent != nil {
		return
	}
	own := 0
	for key := range t.unfinished {
		if key.sender == sender {
			own++
		}
	}
	if own >= maxStreamsSender || len(t.unfinished) >= maxStreams {
		return
	}
	t.unfinished[streamKey{sender, id}] = &textStream{topic: h.GetTopic(), total: h.GetTotalLength(), expiry: now.Add(streamLife)}
}

func (t *textStreams) add(sender call.Identity, c *livekit.DataStream_Chunk, now time.Time) {
	key := streamKey{sender, c.GetStreamId()}
	s := t.unfinished[key]
	if s == nil {
		return
	}
	if c.GetChunkIndex() != s.next || len(s.text)+len(c.GetContent()) > maxText || now.After(s.expiry) {
		delete(t.unfinished, key)
		return
	}
	s.next++
	s.text = append(s.text, c.GetContent()...)
	s.expiry = now.Add(streamLife)
}

// close ends a text and returns it if it is whole.
func (t *textStreams) close(sender call.Identity, tr *livekit.DataStream_Trailer, now time.Time) (topic string, text []byte, ok bool) {
	key := streamKey{sender, tr.GetStreamId()}
	s := t.unfinished[key]
	if s == nil {
		return "", nil, false
	}
	delete(t.unfinished, key)
	whole := s.total == 0 || s.total == uint64(len(s.text))
	if !whole || tr.GetReason() != "" || now.After(s.expiry) || !utf8.Valid(s.text) {
		return "", nil, false
	}
	return s.topic, s.text, true
}

func (t *textStreams) expire(now time.Time) {
	for key, s := range t.unfinished {
		if now.After(s.expiry) {
			delete(t.unfinished, key)
		}
	}
}
