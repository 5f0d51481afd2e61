package audio

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"foyer/engine/media/opus"
)

// network is a simulated way from a sender to a jitter buffer, on virtual time
// counted in samples.
type network struct {
	packets [][]byte // sent round and round
	frames  int      // how many are sent

	delay     func(i int, rng *rand.Rand) int64 // of packet i
	loss      float64                           // share of packets
	burst     int                               // consecutive packets that a loss takes, default 1
	duplicate float64
	ordered   bool    // a late packet holds those behind it up
	ppm       float64 // how much slower the sender's clock runs
	firstSeq  uint16
	firstTS   uint32

	pullFrames int                             // default 480
	pullAt     func(k int, at int64) int64     // moves a pull in time
	rewrite    func(i int, p *rtpPacket)       // the sender misbehaves
	watch      func(b *jitterBuffer, at int64) // after every pull
	noFEC      bool
	copies     int // RFC 2198: of earlier packets in each
}

type flight struct {
	rtpPacket
	at int64
}

// flights are all packets in the order of their arrival, and how many are lost.
func (n *network) flights(rng *rand.Rand) (all []flight, lost int) {
	var last int64
	drop := 0
	for i := range n.frames {
		at := int64(float64(i) * opus.FrameSamples * (1 + n.ppm*1e-6))
		if n.delay != nil {
			at += n.delay(i, rng)
		}
		if n.ordered {
			at = max(at, last)
			last = at
		}
		p := rtpPacket{
			ssrc: 1, seq: n.firstSeq + uint16(i), timestamp: n.firstTS + uint32(i)*opus.FrameSamples,
			payload: n.packets[i%len(n.packets)],
		}
		if n.copies > 0 {
			p.payload, p.red = n.redundant(i), true
		}
		if n.rewrite != nil {
			n.rewrite(i, &p)
		}
		if drop == 0 && i > 0 && i < n.frames-1 && rng.Float64() < n.loss/float64(max(1, n.burst)) {
			drop = max(1, n.burst)
		}
		if drop > 0 && i < n.frames-1 {
			drop--
			lost++
			continue
		}
		all = append(all, flight{p, at})
		if rng.Float64() < n.duplicate {
			all = append(all, flight{p, at + rng.Int64N(960)})
		}
	}
	slices.SortStableFunc(all, func(a, b flight) int { return cmp.Compare(a.at, b.at) })
	return all, lost
}

// redundant is packet i with copies of those before it.
func (n *network) redundant(i int) []byte {
	var headers, blocks []byte
	for back := min(n.copies, i); back > 0; back-- {
		payload := n.packets[(i-back)%len(n.packets)]
		headers = binary.BigEndian.AppendUint32(headers, 1<<31|111<<24|uint32(back)*opus.FrameSamples<<10|uint32(len(payload)))
		blocks = append(blocks, payload...)
	}
	return slices.Concat(headers, []byte{111}, blocks, n.packets[i%len(n.packets)])
}

// run plays the whole transmission and returns the left channel.
func (n *network) run(t testing.TB) (heard []int16, b *jitterBuffer, lost int) {
	t.Helper()
	b, err := newJitterBuffer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	b.fec = !n.noFEC
	all, lost := n.flights(rand.New(rand.NewPCG(3, 4)))
	step := n.pullFrames
	if step == 0 {
		step = 480
	}
	stereo := make([]int16, 2*step)
	end := int64(float64(n.frames) * opus.FrameSamples * (1 + n.ppm*1e-6))
	for k := 0; ; k++ {
		due := int64(k * step)
		at := due
		if n.pullAt != nil {
			at = n.pullAt(k, due)
		}
		if at > end {
			break
		}
		for len(all) > 0 && all[0].at <= at {
			b.push(all[0].rtpPacket, all[0].at)
			all = all[1:]
		}
		b.pull(stereo, at)
		heard = append(heard, left(stereo)...)
		if n.watch != nil {
			n.watch(b, at)
		}
	}
	return heard, b, lost
}

// uniform is a delay that is spread evenly over ms milliseconds.
func uniform(ms int64) func(int, *rand.Rand) int64 {
	return func(_ int, rng *rand.Rand) int64 { return rng.Int64N(ms*samplesPerMS + 1) }
}

func ms(samples float64) float64 { return samples / samplesPerMS }
