package audio

import (
	"math"
	"sync/atomic"
)

// gainStep is how much the gain changes from one sample to the next: from silence
// to what was sent in 10 ms. Faster would be heard as a click.
const gainStep = 1.0 / (10 * samplesPerMS)

// gain is how loud a source is mixed; the zero value changes nothing. Any goroutine
// may set it; the holder of the mixer's mu moves there.
type gain struct {
	want atomic.Uint32 // float32 bits of the gain less 1
	less float32       // the gain that is reached, less 1
}

func (g *gain) set(to float32) { g.want.Store(math.Float32bits(to - 1)) }

// add adds interleaved stereo audio to the mix.
func (g *gain) add(mix []float32, stereo []int16) {
	want := math.Float32frombits(g.want.Load())
	for i := 0; i < len(stereo); i += 2 {
		g.less += min(max(want-g.less, -gainStep), gainStep)
		mix[i] += (1 + g.less) * float32(stereo[i])
		mix[i+1] += (1 + g.less) * float32(stereo[i+1])
	}
}

// settle is for a source that is silent: nothing can click.
func (g *gain) settle() { g.less = math.Float32frombits(g.want.Load()) }
