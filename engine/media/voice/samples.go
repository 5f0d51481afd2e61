package voice

import (
	"encoding/binary"
	"errors"
	"math"
)

// errNotNumber is what a part answers whose state is broken.
var errNotNumber = errors.New("it answers no numbers")

// put writes samples as a WebAssembly machine keeps them.
func put(b []byte, samples []float32, scale float32) {
	for i, v := range samples {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v*scale))
	}
}

// get reads them, and reports whether all are numbers.
func get(b []byte, samples []float32, scale float32) bool {
	for i := range samples {
		v := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])) * scale
		if !finite(v) {
			return false
		}
		samples[i] = v
	}
	return true
}

func finite(v float32) bool { return v-v == 0 }

// clean makes of anything something that can be heard.
func clean(frame []float32) {
	for i, v := range frame {
		switch {
		case v != v:
			frame[i] = 0
		case v > 1:
			frame[i] = 1
		case v < -1:
			frame[i] = -1
		}
	}
}

// hiss is noise that nobody hears: numbers that die away in silence become so small that
// processors need many times as long for them.
type hiss uint32

// quiet is the loudest sample of what nobody hears from a loudspeaker, -70 dBFS: a decoder
// makes the last bits dither where there is silence.
const quiet = 3e-4

const hissLevel = 1e-5 // -100 dBFS, below the last bit of 16

func (h *hiss) add(frame []float32) {
	for i := range frame {
		*h = *h*1664525 + 1013904223 // Numerical Recipes
		frame[i] += (float32(*h>>8)/(1<<23) - 1) * hissLevel
	}
}

// power is the mean square.
func power(x []float32) float32 {
	var sum float32
	for _, v := range x {
		sum += v * v
	}
	return sum / float32(max(len(x), 1))
}

// decibels is the level of a mean square, at least -100.
func decibels(power float32) float32 {
	return float32(10 * math.Log10(float64(power)+1e-10))
}

// amplitude is the factor of a gain in dB.
func amplitude(dB float32) float32 { return float32(math.Pow(10, float64(dB)/20)) }
