package voice

import "math"

const (
	fftSize = 1024
	half    = fftSize / 2
	bins    = half + 1
)

// spectrum is the transform of fftSize real samples.
type spectrum struct{ re, im [bins]float32 }

// fft transforms fftSize real samples by a complex transform of half as many. It
// belongs to one goroutine.
type fft struct {
	cos, sin [half]float32 // of 2 pi k / fftSize
	swap     [half]int     // the order of bits, turned round
	re, im   [half]float32
}

func newFFT() *fft {
	f := &fft{}
	for k := range f.cos {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / fftSize)
		f.cos[k], f.sin[k] = float32(cos), float32(sin)
	}
	for i, j := 1, 0; i < half; i++ {
		bit := half >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		f.swap[i] = j
	}
	return f
}

// forward transforms x.
//
//go:norace
func (f *fft) forward(x *[fftSize]float32, to *spectrum) {
	for i := range half {
		j := f.swap[i] & (half - 1)
		f.re[j], f.im[j] = x[2*i], x[2*i+1]
	}
	f.butterflies()
	to.re[0], to.im[0] = f.re[0]+f.im[0], 0
	to.re[half], to.im[half] = f.re[0]-f.im[0], 0
	for k := 1; k <= half/2; k++ {
		ar, ai, br, bi := f.re[k], f.im[k], f.re[half-k], f.im[half-k]
		er, ei := (ar+br)/2, (ai-bi)/2
		or, oi := (ai+bi)/2, (br-ar)/2
		c, s := f.cos[k], f.sin[k]
		tr, ti := or*c+oi*s, oi*c-or*s
		to.re[k], to.im[k] = er+tr, ei+ti
		to.re[half-k], to.im[half-k] = er-tr, ti-ei
	}
}

// inverse is the way back.
//
//go:norace
func (f *fft) inverse(x *spectrum, to *[fftSize]float32) {
	// The complex transform of the conjugate is the conjugate of the inverse.
	f.re[0], f.im[0] = (x.re[0]+x.re[half])/2, -(x.re[0]-x.re[half])/2
	for k := 1; k <= half/2; k++ {
		ar, ai, br, bi := x.re[k], x.im[k], x.re[half-k], -x.im[half-k]
		er, ei := (ar+br)/2, (ai+bi)/2
		dr, di := (ar-br)/2, (ai-bi)/2
		c, s := f.cos[k], f.sin[k]
		or, oi := dr*c-di*s, di*c+dr*s
		j, m := f.swap[k]&(half-1), f.swap[half-k]&(half-1)
		f.re[j], f.im[j] = er-oi, -(ei + or)
		f.re[m], f.im[m] = er+oi, -(or - ei)
	}
	f.butterflies()
	const scale = 1.0 / half
	for i := range half {
		to[2*i], to[2*i+1] = f.re[i]*scale, -f.im[i]*scale
	}
}

// butterflies transforms re and im, whose order is turned round.
//
//go:norace
func (f *fft) butterflies() {
	for size := 1; size < half; size *= 2 {
		step := half / size
		for at := 0; at < half; at += 2 * size {
			ar, ai := f.re[at:at+size], f.im[at:at+size]
			br, bi := f.re[at+size:at+2*size], f.im[at+size:at+2*size]
			br, bi, ai = br[:len(ar)], bi[:len(ar)], ai[:len(ar)]
			for i, t := 0, 0; i < len(ar); i, t = i+1, t+step {
				c, s := f.cos[t&(half-1)], f.sin[t&(half-1)]
				tr, ti := br[i]*c+bi[i]*s, bi[i]*c-br[i]*s
				br[i], bi[i] = ar[i]-tr, ai[i]-ti
				ar[i], ai[i] = ar[i]+tr, ai[i]+ti
			}
		}
	}
}
