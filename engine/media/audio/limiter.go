package audio

import "math"

const (
	// limit is where the limiter begins, 1.4 dB below the top.
	limit = 0.85 * 32767
	// limiterBlock is 2.5 ms: so fast it turns down.
	limiterBlock = 120
	// limiterRelease is the share of the way up a block: back in about 0.3 s.
	limiterRelease = 0.02
)

// limiter keeps a mix of many voices inside 16 bits. It turns the whole mix down
// while it is too loud, and bends what is too quick for that. Anything below the
// limit passes unchanged.
type limiter struct{ gain float32 }

func newLimiter() limiter { return limiter{gain: 1} }

// apply writes the interleaved stereo mix, in units of 16 bit samples, into out
// of the same length.
func (l *limiter) apply(mix []float32, out []int16) {
	for len(mix) > 0 {
		n := min(len(mix), 2*limiterBlock)
		l.block(mix[:n], out[:n])
		mix, out = mix[n:], out[n:]
	}
}

func (l *limiter) block(mix []float32, out []int16) {
	var peak float32
	when := 0 // sample of the peak; the gain is down by then
	for i, v := range mix {
		if a := max(v, -v); a > peak {
			peak, when = a, i
		}
	}
	from, to := l.gain, l.gain+(1-l.gain)*limiterRelease
	if 1-to < 1e-3 {
		to = 1
	}
	if peak*to > limit {
		to = limit / peak
	} else {
		when = len(mix) - 1
	}
	l.gain = to
	over := when/2 + 1 // frames
	step := (to - from) / float32(over)
	for i, v := range mix {
		v *= from + step*float32(min(i/2+1, over))
		if v > limit || v < -limit {
			v = bend(v)
		}
		out[i] = int16(v)
	}
}

// bend maps everything beyond the limit smoothly into what is left above it.
func bend(v float32) float32 {
	const room = 32767 - limit
	over := math.Tanh(float64(max(v, -v)-limit) / room)
	return float32(math.Copysign(limit+room*over, float64(v)))
}
