package audio

import (
	"encoding/binary"
	"errors"
)

var errNotRTP = errors.New("not an RTP packet")

// rtpPacket is what the jitter buffer needs of an RTP packet (RFC 3550 section
// 5.1).
type rtpPacket struct {
	ssrc      uint32
	timestamp uint32
	seq       uint16
	payload   []byte
	red       bool // payload is one of RFC 2198; parseRTP leaves that to the caller
}

// parseRTP reads a packet in place: payload is a part of buf. It allocates
// nothing, unlike pion's, and refuses everything that does not add up.
func parseRTP(buf []byte) (rtpPacket, error) {
	const fixed = 12
	if len(buf) < fixed || buf[0]>>6 != 2 {
		return rtpPacket{}, errNotRTP
	}
	p := rtpPacket{
		seq:       binary.BigEndian.Uint16(buf[2:]),
		timestamp: binary.BigEndian.Uint32(buf[4:]),
		ssrc:      binary.BigEndian.Uint32(buf[8:]),
	}
	start, end := fixed+4*int(buf[0]&0x0f), len(buf)
	if buf[0]&0x10 != 0 { // header extension
		if start+4 > end {
			return rtpPacket{}, errNotRTP
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(buf[start+2:]))
	}
	if buf[0]&0x20 != 0 { // padding, its length in the last byte
		pad := int(buf[end-1])
		if pad == 0 {
			return rtpPacket{}, errNotRTP
		}
		end -= pad
	}
	if start > end {
		return rtpPacket{}, errNotRTP
	}
	p.payload = buf[start:end]
	return p, nil
}
