// Package tone has what the tests of a microphone and a speaker make and look for.
package tone

import (
	"math"

	"foyer/engine/call"
)

// silence is the loudest sample of a microphone that hears nothing: -60 dBFS.
const silence = 32

// Inaudible reports whether nothing can be heard.
func Inaudible(clip []int16) bool {
	for _, v := range clip {
		if v > silence || v < -silence {
			return false
		}
	}
	return true
}

// Test is two notes, the second a fifth above the first, faded in and out.
func Test() []int16 {
	const (
		level = 9830 // -10.5 dBFS: well heard, and not too loud on headphones
		fade  = call.SampleRate / 50
	)
	var tone []int16
	for _, hz := range []float64{528, 792} {
		const n = call.SampleRate * 7 / 10
		for i := range n {
			volume := min(1, float64(min(i, n-i))/fade)
			tone = append(tone, int16(volume*level*math.Sin(2*math.Pi*hz*float64(i)/call.SampleRate)))
		}
	}
	return tone
}
