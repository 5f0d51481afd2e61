package audio

import "encoding/binary"

const (
	// maxCopies is how many earlier packets one packet is asked for: browsers send
	// one or two.
	maxCopies = 4
	// redHeader is the length of a block's header, except the last one's, which is 1.
	redHeader = 4
)

// redPacket is what a packet of redundant audio carries (RFC 2198): the audio of its
// own time, and copies of what earlier packets carried.
type redPacket struct {
	primary []byte
	copies  [maxCopies]redCopy // the newest first
	n       int
}

// redCopy is the payload of an earlier packet.
type redCopy struct {
	payload []byte
	back    uint16 // how many packets ago it was sent
	before  uint32 // how much earlier its timestamp is
}

// parseRED reads a payload in place. Blocks of another payload type than the last
// one's, and empty ones, are left out. ok is false if the lengths do not add up.
//
//	F=1 | payload type 7 | timestamp offset 14 | length 10    for each copy, the oldest first
//	F=0 | payload type 7                                      for the primary audio
func parseRED(payload []byte) (p redPacket, ok bool) {
	headers, size := 0, 0 // of the copies: how many, and their sum of lengths
	for {
		at := headers * redHeader
		if at >= len(payload) {
			return redPacket{}, false
		}
		if payload[at]&0x80 == 0 {
			break
		}
		if at+redHeader > len(payload) {
			return redPacket{}, false
		}
		size += int(binary.BigEndian.Uint16(payload[at+2:]) & 0x3ff)
		headers++
	}
	last := headers * redHeader
	end := last + 1 + size
	if end > len(payload) {
		return redPacket{}, false
	}
	p.primary = payload[end:]
	for i := headers - 1; i >= 0 && p.n < maxCopies; i-- {
		header := payload[i*redHeader:]
		start := end - int(binary.BigEndian.Uint16(header[2:])&0x3ff)
		if header[0]&0x7f == payload[last] && start < end {
			p.copies[p.n] = redCopy{
				payload: payload[start:end],
				back:    uint16(headers - i),
				before:  uint32(binary.BigEndian.Uint16(header[1:]) >> 2),
			}
			p.n++
		}
		end = start
	}
	return p, true
}
