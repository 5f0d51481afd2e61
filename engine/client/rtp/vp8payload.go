package rtp

import (
	"math/rand/v2"

	"github.com/pion/rtp"
)

// The VP8 payload descriptor (RFC 7741 section 4.2) with a picture ID of 15 bits:
//
//	X=1 S | I=1 | M=1 and 15 bits
const (
	vp8Descriptor = 4 // bytes
	vp8Extended   = 0x80
	vp8Start      = 0x10
	vp8HasID      = 0x80
	vp8LongID     = 0x80
)

// vp8Payloader numbers the frames of a layer, for as long as the layer is
// published. Every frame carries its picture ID in the same form: a server that saw a
// first frame without one rewrites none afterwards, and IDs then jump where it
// changes layers. (pion's leaves the ID 0 out.)
type vp8Payloader struct {
	next uint16
}

var _ rtp.Payloader = (*vp8Payloader)(nil)

func newVP8Payloader() *vp8Payloader {
	return &vp8Payloader{next: uint16(rand.Uint32()) & 0x7fff}
}

// Payload implements [rtp.Payloader].
func (p *vp8Payloader) Payload(mtu uint16, frame []byte) [][]byte {
	room := int(mtu) - vp8Descriptor
	if room <= 0 || len(frame) == 0 {
		return nil
	}
	payloads := make([][]byte, 0, (len(frame)+room-1)/room)
	for first := true; len(frame) > 0; first = false {
		n := min(room, len(frame))
		out := make([]byte, vp8Descriptor, vp8Descriptor+n)
		out[0], out[1] = vp8Extended, vp8HasID
		if first {
			out[0] |= vp8Start
		}
		out[2], out[3] = vp8LongID|byte(p.next>>8), byte(p.next)
		payloads = append(payloads, append(out, frame[:n]...))
		frame = frame[n:]
	}
	p.next = (p.next + 1) & 0x7fff
	return payloads
}
