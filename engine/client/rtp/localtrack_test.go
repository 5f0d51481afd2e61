package rtp

import (
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/bandwidth"
)

// wireTap is what a layer's packets go to instead of the network.
type wireTap struct {
	webrtc.TrackLocalContext
	codec   webrtc.RTPCodecCapability
	packets []tapped
}

type tapped struct {
	rtp.Header
	payload []byte
	at      time.Time
}

func (w *wireTap) ID() string                                             { return "tap" }
func (w *wireTap) SSRC() webrtc.SSRC                                      { return 7 }
func (w *wireTap) HeaderExtensions() []webrtc.RTPHeaderExtensionParameter { return nil }
func (w *wireTap) RTCPReader() interceptor.RTCPReader                     { return nil }
func (w *wireTap) WriteStream() webrtc.TrackLocalWriter                   { return w }
func (w *wireTap) SSRCRetransmission() webrtc.SSRC                        { return 0 }
func (w *wireTap) SSRCForwardErrorCorrection() webrtc.SSRC                { return 0 }
func (w *wireTap) Write([]byte) (int, error)                              { return 0, nil }
func (w *wireTap) CodecParameters() []webrtc.RTPCodecParameters {
	return []webrtc.RTPCodecParameters{{
		RTPCodecCapability: w.codec, PayloadType: 96,
	}}
}

func (w *wireTap) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.packets = append(w.packets, tapped{*h, append([]byte(nil), payload...), time.Now()})
	return len(payload), nil
}

// tap makes a track that is ready to send, and taps each of its layers.
func tap(t *testing.T, spec call.TrackSpec) (*LocalTrack, []*wireTap) {
	t.Helper()
	track, err := NewLocalTrack("cid", spec, new(bandwidth.Budget), new(atomic.Bool))
	if err != nil {
		t.Fatal(err)
	}
	track.ext.Store(&extensions{mid: "0"})
	var taps []*wireTap
	for _, e := range track.encodings {
		w := &wireTap{codec: e.track.Codec()}
		if _, err := e.track.TrackLocalStaticRTP.Bind(w); err != nil {
			t.Fatal(err)
		}
		taps = append(taps, w)
	}
	return track, taps
}

// stretch sends what one device gives for that long.
func stretch(track *LocalTrack, every, length time.Duration) {
	pts := track.Begin()
	start := time.Now()
	for since := time.Duration(0); since < length; since = time.Since(start) {
		for layer := range track.encodings {
			_ = track.WriteFrame(call.EncodedFrame{Data: make([]byte, 2000), PTS: pts + since, Layer: layer, KeyFrame: since == 0})
		}
		time.Sleep(every)
	}
}

// TestTrackGoesOnThroughEveryStretch: a device that is closed and opened again
// three times, once for hours, turns nothing back in any layer: sequence numbers
// and picture IDs go on by one, and timestamps by what the wall clock went on.
func TestTrackGoesOnThroughEveryStretch(t *testing.T) {
	layers := []call.Layer{{Width: 320, Height: 180, FPS: 20, Bitrate: 1}, {Width: 640, Height: 360, FPS: 20, Bitrate: 1}, {Width: 1280, Height: 720, FPS: 30, Bitrate: 1}}
	for _, tc := range []struct {
		name  string
		spec  call.TrackSpec
		every time.Duration
		rate  float64
	}{
		{"camera", call.TrackSpec{Source: call.SourceCamera, Layers: layers}, time.Second / 30, videoClock},
		{"screen", call.TrackSpec{Source: call.SourceScreen, Layers: layers[2:]}, time.Second / 15, videoClock},
		{"microphone", call.TrackSpec{Source: call.SourceMicrophone}, frameLength, audioClock},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				track, taps := tap(t, tc.spec)
				for _, length := range []time.Duration{70 * time.Second, 5 * time.Second, 400 * time.Millisecond, 20 * time.Minute} {
					stretch(track, tc.every, length)
					time.Sleep(2500*time.Millisecond + 7*length) // 20 minutes once, then hours
				}
				stretch(track, tc.every, time.Second)
				for layer, w := range taps {
					checkGoesOn(t, layer, w, tc.rate)
				}
			})
		})
	}
}

// checkGoesOn compares each packet with the one before.
func checkGoesOn(t *testing.T, layer int, w *wireTap, rate float64) {
	t.Helper()
	if len(w.packets) < 10000 {
		t.Fatalf("layer %d: %d packets", layer, len(w.packets))
	}
	var id, lastID uint16
	for i := range w.packets {
		p := &w.packets[i]
		if w.codec.MimeType == webrtc.MimeTypeVP8 {
			id = frameID(t, p.payload)
		}
		if i == 0 {
			lastID = id
			continue
		}
		last := &w.packets[i-1]
		if p.SequenceNumber != last.SequenceNumber+1 {
			t.Fatalf("layer %d: sequence number %d after %d", layer, p.SequenceNumber, last.SequenceNumber)
		}
		real := p.at.Sub(last.at)
		if step := float64(p.Timestamp-last.Timestamp) / rate; math.Abs(step-real.Seconds()) > 0.002 {
			t.Fatalf("layer %d: the timestamp goes on by %.3f s in %v", layer, step, real)
		}
		want := lastID
		if w.codec.MimeType == webrtc.MimeTypeVP8 && real > 0 {
			want = (lastID + 1) & 0x7fff
		}
		if id != want {
			t.Fatalf("layer %d: frame %d after %d", layer, id, lastID)
		}
		lastID = id
	}
}

func frameID(t *testing.T, payload []byte) uint16 {
	t.Helper()
	var p codecs.VP8Packet
	if _, err := p.Unmarshal(payload); err != nil {
		t.Fatal(err)
	}
	if p.I != 1 || payload[2]&0x80 == 0 {
		t.Fatalf("a frame without an ID of 15 bits: % x", payload[:4])
	}
	return p.PictureID
}

// TestNextStretchComesAfterTheLast: a microphone whose samples ran ahead of the
// wall clock does not make the next one's overlap, sent or muted.
func TestNextStretchComesAfterTheLast(t *testing.T) {
	for _, muted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			track, taps := tap(t, call.TrackSpec{Source: call.SourceMicrophone})
			pts := track.Begin()
			track.muted.Store(muted)
			for range 100 { // two seconds of audio, at once
				_ = track.WriteFrame(call.EncodedFrame{Data: []byte{1}, PTS: pts})
				pts += frameLength
			}
			track.muted.Store(false)
			time.Sleep(time.Second)
			if again := track.Begin(); again != pts {
				t.Errorf("muted %v: the next stretch begins at %v, the last ended at %v", muted, again, pts)
			}
			time.Sleep(time.Minute)
			if again := track.Begin(); again != 61*time.Second {
				t.Errorf("muted %v: a minute later the clock stands at %v", muted, again)
			}
			if n := len(taps[0].packets); muted != (n == 0) {
				t.Errorf("muted %v: %d packets", muted, n)
			}
		})
	}
}

// TestTimeDoesNotGoBack: a source that begins at 0 again without a word must not
// silence its track.
func TestTimeDoesNotGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		track, taps := tap(t, call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{{Width: 320, Height: 180, FPS: 20, Bitrate: 1}}})
		for range 2 {
			for i := range 100 {
				_ = track.WriteFrame(call.EncodedFrame{Data: []byte{1}, PTS: time.Duration(i) * time.Second})
			}
		}
		packets := taps[0].packets
		if len(packets) != 200 {
			t.Fatalf("%d packets", len(packets))
		}
		for i := 1; i < len(packets); i++ {
			if step := int32(packets[i].Timestamp - packets[i-1].Timestamp); step <= 0 {
				t.Fatalf("packet %d: the timestamp goes on by %d", i, step)
			}
		}
	})
}
