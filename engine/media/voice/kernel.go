package voice

import "math"

const (
	kernelSide   = 8   // samples on either side
	kernelPhases = 128 // between two samples; linear between them
)

// kernel interpolates between samples: a sinc with a Hann window.
type kernel [kernelPhases + 1][2 * kernelSide]float32

func newKernel() *kernel {
	k := new(kernel)
	for p := range k {
		for t := range k[p] {
			x := float64(t-kernelSide+1) - float64(p)/kernelPhases
			v := 0.5 + 0.5*math.Cos(math.Pi*x/kernelSide)
			if x != 0 {
				v *= math.Sin(math.Pi*x) / (math.Pi * x)
			}
			k[p][t] = float32(v)
		}
	}
	return k
}

// between is what the reference has at a position. ref.mu is held.
//
//go:norace
func (k *kernel) between(ref *Reference, at float64) float32 {
	whole := math.Floor(at)
	phase := (at - whole) * kernelPhases
	p := min(int(phase), kernelPhases-1)
	part := float32(phase - float64(p))
	var x [2 * kernelSide]float32
	ref.window(int64(whole)-kernelSide+1, &x)
	var sum float32
	low, high := &k[p], &k[p+1]
	for t, v := range x {
		sum += (low[t] + part*(high[t]-low[t])) * v
	}
	return sum
}
