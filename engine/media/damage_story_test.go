package media

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestHugeKeyFrame: 16383x16383 is refused and the stream goes on.
func TestHugeKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		s.give(src.next()...)
		huge := make([]byte, 3000)
		tag := uint32(1<<4 | 1000<<5)
		copy(huge, []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f})
		for range 20 {
			s.give(src.packetise(huge, 1)...)
		}
		src.force.Store(true)
		s.give(src.next()...)
		if len(s.shown) != 2 {
			t.Errorf("%d frames shown, want 2", len(s.shown))
		}
		s.r.Close()
	})
}

// TestEndlessFrame: a frame that never ends is dropped at the limit.
func TestEndlessFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		src.mtu = 1400
		first := src.next()
		s.give(first...)
		body := make([]byte, maxFrameBytes+100_000)
		s.track.give(src.packetise(body, 5)...)
		synctest.Wait()
		src.force.Store(true)
		s.give(src.next()...)
		if len(s.shown) != 2 {
			t.Errorf("%d frames shown, want 2", len(s.shown))
		}
		s.r.Close()
	})
}

// TestGarbage feeds noise between the packets of a real stream.
func TestGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		s.track.onKey = func() { src.force.Store(true) }
		rnd := rand.New(rand.NewPCG(1, 9))
		for range 120 {
			for _, p := range src.next() {
				s.give(p)
				for range rnd.IntN(4) {
					s.track.give(noise(rnd, p))
				}
				s.look()
			}
			time.Sleep(33 * time.Millisecond)
		}
		t.Logf("%d of 120 shown, %+v", len(s.shown), s.r.Stats())
		if len(s.shown) < 10 {
			t.Errorf("%d frames shown", len(s.shown))
		}
		s.r.Close()
	})
}

// noise is random bytes, a cut packet or one with strange numbers. It never
// pretends to be the packet that comes next, which nobody can tell.
func noise(rnd *rand.Rand, p []byte) []byte {
	out := append([]byte(nil), p...)
	switch rnd.IntN(4) {
	case 0:
		out = make([]byte, rnd.IntN(3000))
		for i := range out {
			out[i] = byte(rnd.Uint32())
		}
	case 1:
		out = out[:rnd.IntN(len(out))]
	case 2:
		binary.BigEndian.PutUint16(out[2:], uint16(rnd.Uint32()))
	case 3:
		binary.BigEndian.PutUint32(out[8:], rnd.Uint32())
	}
	return out
}
