package rtp

import (
	"testing"

	"github.com/pion/rtp/codecs"
)

// TestVP8Payloads: what is split can be put together again, and the number of a
// frame goes round.
func TestVP8Payloads(t *testing.T) {
	p := newVP8Payloader()
	frame := make([]byte, 3000)
	for i := range frame {
		frame[i] = byte(i)
	}
	last := uint16(0)
	for n := range 0x8000 + 2 {
		size := []int{1, 1116, 1117, 3000}[n%4]
		var whole []byte
		payloads := p.Payload(1120, frame[:size])
		for i, payload := range payloads {
			var v codecs.VP8Packet
			part, err := v.Unmarshal(payload)
			if err != nil || len(payload) > 1120 || (v.S == 1) != (i == 0) || v.PID != 0 || v.N != 0 {
				t.Fatalf("payload %d of %d bytes: %v, %+v", i, len(payload), err, v)
			}
			whole = append(whole, part...)
			if id := frameID(t, payload); n > 0 && i == 0 && id != (last+1)&0x7fff || i > 0 && id != last {
				t.Fatalf("frame %d after %d", id, last)
			} else {
				last = id
			}
		}
		if string(whole) != string(frame[:size]) {
			t.Fatalf("%d bytes come out as %d", size, len(whole))
		}
	}
	if p.Payload(1120, nil) != nil || p.Payload(3, frame) != nil {
		t.Error("payloads of nothing, or without room")
	}
}
