//go:build linux

package speech

import (
	"math"
	"sync"
)

// A receiver stretches and shrinks audio to keep its buffer short. So each piece of what
// was said is looked for by itself, near where the one before lay, and then farther off.
// A piece that does not come up, as it was lost, is taken from where it should be.
const (
	piece  = rate * 3 / 10 // samples
	drift  = rate * 3 / 50 // samples: so much earlier or later than the one before
	surely = 0.5           // correlation of a piece that was found
)

// From 48 kHz to 10 kHz: a sinc with a Hann window of so many of its zeros on each side,
// for each of the places that a sample at 10 kHz has between two at 48 kHz.
const (
	places = 5
	step   = 24 // fifths of a sample
	zeros  = 16
	reach  = zeros * step / places
)

// kernels is made once.
var kernels = sync.OnceValue(func() (k [places][2*reach + 1]float64) {
	const ratio = float64(step) / places
	for p := range k {
		for i := range k[p] {
			x := (float64(i-reach) - float64(p)/places) / ratio
			k[p][i] = 1 / ratio
			if x != 0 {
				k[p][i] *= math.Sin(math.Pi*x) / (math.Pi * x)
			}
			k[p][i] *= 0.5 + 0.5*math.Cos(math.Pi*max(-1, min(1, x/zeros)))
		}
	}
	return k
})

// Slower is samples of 48 kHz at 10 kHz.
//
//go:norace
func Slower(samples []int16) []float64 {
	all := kernels()
	out := make([]float64, len(samples)*places/step)
	for n := range out {
		at, k := n*step/places, &all[n*step%places]
		for i, w := range k {
			if j := at + i - reach; j >= 0 && j < len(samples) {
				out[n] += w * float64(samples[j])
			}
		}
	}
	return out
}

// Align cuts what was said out of what was heard: as long as said, and moment for
// moment. from is about where it begins in heard; nothing lies farther off than slack.
func Align(said, heard []float64, from, slack int) []float64 {
	out := make([]float64, 0, len(said))
	for at := 0; at < len(said); at += piece {
		part := said[at:min(at+piece, len(said))]
		found, like := find(part, heard, from+at, drift)
		if like < surely { // a pause of a busy machine, or nothing came of it
			found, like = find(part, heard, from+at, slack)
		}
		if like >= surely {
			from = found - at
		}
		for i := range part {
			v := 0.0
			if j := from + at + i; j >= 0 && j < len(heard) {
				v = heard[j]
			}
			out = append(out, v)
		}
	}
	return out
}

// find is where part lies in s, at most that far from at, and how like it that is.
func find(part, s []float64, at, around int) (best int, like float64) {
	best = at
	for from := max(0, at-around); from <= at+around && from+len(part) <= len(s); from++ {
		if c := cosine(part, s[from:from+len(part)]); c > like {
			best, like = from, c
		}
	}
	return best, like
}

// cosine is the correlation of two signals that have no mean. The race detector does not
// watch what reads each sample some thousand times.
//
//go:norace
func cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, v := range a {
		ab, aa, bb = ab+v*b[i], aa+v*v, bb+b[i]*b[i]
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
