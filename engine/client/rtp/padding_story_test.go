package rtp

import (
	"testing"

	"github.com/pion/rtp"

	"foyer/engine/call"
)

// TestPadding fills the line behind the lowest layer that is sent: a packet that an RTP
// parser finds empty, with the next number and the time of the last frame.
func TestPadding(t *testing.T) {
	track, taps := tap(t, call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{
		{Width: 320, Height: 180, Bitrate: 1}, {Width: 640, Height: 360, Bitrate: 1},
	}})
	if track.pad() {
		t.Error("padding before the first frame")
	}
	if err := track.WriteFrame(call.EncodedFrame{Data: make([]byte, 100), Layer: 1, KeyFrame: true}); err != nil {
		t.Fatal(err)
	}
	if !track.pad() || len(taps[0].packets) != 0 || len(taps[1].packets) != 2 {
		t.Fatalf("%d and %d packets", len(taps[0].packets), len(taps[1].packets))
	}
	frame, pad := taps[1].packets[0], taps[1].packets[1]
	if pad.SequenceNumber != frame.SequenceNumber+1 || pad.Timestamp != frame.Timestamp || pad.Marker {
		t.Errorf("%v after %v", pad.Header, frame.Header)
	}
	wire, err := pad.Header.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var parsed rtp.Packet
	if err := parsed.Unmarshal(append(wire, pad.payload...)); err != nil || len(parsed.Payload) != 0 {
		t.Errorf("%d bytes of payload, %v", len(parsed.Payload), err)
	}
	track.SetMuted(true)
	if track.pad() {
		t.Error("a muted track sends padding")
	}
}
