package media

import (
	"fmt"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"foyer/engine/call"
	"foyer/engine/media/vp8"
)

// The codecs that we offer, in lower case.
const (
	mimeVP8  = "video/vp8"
	mimeOpus = "audio/opus"
	mimeRED  = "audio/red"
)

func mimeOf(t call.RemoteTrack) string { return strings.ToLower(t.MIME()) }

// maxRTPBytes is more than any packet that gets through the internet.
const maxRTPBytes = 2048

// absent marks a number that a packet does not carry.
const absent = -1

// packet is one RTP packet of a VP8 track. Its buffer goes round.
type packet struct {
	buf     [maxRTPBytes]byte
	arrived time.Time

	seq       uint16
	timestamp uint32
	ssrc      uint32
	marker    bool

	// What the VP8 payload descriptor says (RFC 7741).
	payload   []byte // part of buf; empty for padding
	damaged   bool   // there is a payload, but it is not VP8
	start     bool   // first packet of a frame
	key       bool   // of a key frame; for start only
	pictureID int    // or absent
	tl0       int    // TL0PICIDX, or absent
	temporal  int    // TID
	sync      bool   // Y: depends on the base layer only
}

// parser reads packets; it keeps pion's structs so that nothing is allocated.
type parser struct {
	rtp rtp.Packet
	vp8 codecs.VP8Packet
}

// parse reads the n bytes in p.buf. An error means that it is no RTP packet.
func (ps *parser) parse(p *packet, n int) error {
	if err := ps.rtp.Unmarshal(p.buf[:n]); err != nil {
		return fmt.Errorf("rtp packet: %w", err)
	}
	if ps.rtp.Version != 2 {
		return fmt.Errorf("rtp packet: version %d", ps.rtp.Version)
	}
	h := &ps.rtp.Header
	p.seq, p.timestamp, p.ssrc, p.marker = h.SequenceNumber, h.Timestamp, h.SSRC, h.Marker
	p.payload, p.damaged, p.start, p.key, p.sync = nil, false, false, false, false
	p.pictureID, p.tl0, p.temporal = absent, absent, 0
	if len(ps.rtp.Payload) == 0 {
		return nil
	}
	payload, err := ps.vp8.Unmarshal(ps.rtp.Payload)
	if err != nil {
		p.damaged = true
		return nil //nolint:nilerr // what is wrong with the payload is a fact about the packet
	}
	ps.describe(p, payload)
	return nil
}

func (ps *parser) describe(p *packet, payload []byte) {
	d := &ps.vp8
	p.payload = payload
	p.start = d.S == 1 && d.PID == 0 && len(payload) > 0
	p.key = p.start && vp8.IsKeyFrame(payload)
	if d.I == 1 {
		p.pictureID = int(d.PictureID)
	}
	if d.L == 1 {
		p.tl0 = int(d.TL0PICIDX)
	}
	if d.T == 1 {
		p.temporal, p.sync = int(d.TID), d.Y == 1
	}
}
