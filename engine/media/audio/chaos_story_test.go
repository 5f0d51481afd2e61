package audio

import (
	"math/rand/v2"
	"testing"

	"foyer/engine/call"
	"foyer/engine/media/opus"
)

// TestChaos sends every kind of Opus packet with sequence numbers, timestamps
// and arrival times that make no sense, as an attacker would, and pulls at any
// size and time.
func TestChaos(t *testing.T) {
	voices := encoded(t, speech(call.SampleRate, 1))
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 11))
		b, err := newJitterBuffer()
		if err != nil {
			t.Fatal(err)
		}
		p := rtpPacket{ssrc: 1}
		at := int64(0)
		for range 2000 {
			p.seq, p.timestamp = chaosStep(rng, p.seq), p.timestamp+uint32(rng.IntN(3))*480
			switch rng.IntN(60) {
			case 0:
				p.timestamp = rng.Uint32()
			case 1:
				p.timestamp -= uint32(rng.IntN(100000))
			case 2:
				p.ssrc = rng.Uint32() % 3
			}
			p.payload = voices[rng.IntN(len(voices))]
			if rng.IntN(3) == 0 {
				p.payload = chaosPayload(rng)
			}
			b.push(p, at)
			if rng.IntN(2) == 0 {
				b.pull(make([]int16, 2*(1+rng.IntN(maxPull))), at)
			}
			at += rng.Int64N(1500)
			if rng.IntN(200) == 0 {
				at += rng.Int64N(5 * second)
			}
			checkBounds(t, b)
		}
		if b.stats.decoded == 0 || b.packets.lost < 0 {
			t.Errorf("seed %d: %+v, lost %d", seed, b.stats, b.packets.lost)
		}
		b.close()
	}
}

func chaosStep(rng *rand.Rand, seq uint16) uint16 {
	switch rng.IntN(30) {
	case 0:
		return uint16(rng.Uint32())
	case 1:
		return seq - uint16(rng.IntN(150))
	case 2:
		return seq + uint16(rng.IntN(400))
	default:
		return seq + 1
	}
}

// chaosPayload is any configuration with nonsense inside.
func chaosPayload(rng *rand.Rand) []byte {
	p := make([]byte, rng.IntN(300))
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	if len(p) > 2 && rng.IntN(2) == 0 {
		p[0] &^= 3 // one frame: always well-formed
	}
	return p[:min(len(p), opus.MaxPacketBytes)]
}
