//go:build linux

package speech

import (
	"math"
	"math/cmplx"
)

// The numbers of the measure (C. Taal, R. Hendriks, R. Heusdens, J. Jensen: An
// Algorithm for Intelligibility Prediction of Time-Frequency Weighted Noisy Speech,
// IEEE Transactions on Audio, Speech, and Language Processing 19, 2011).
const (
	rate       = 10000 // Hz
	frame      = 256   // samples
	hop        = frame / 2
	spectrum   = 512  // samples of a frame, with what it is filled up
	thirds     = 15   // bands of a third of an octave
	lowest     = 150  // Hz, the middle of the first band
	stretch    = 30   // frames that are compared: 384 ms
	quiet      = 40.0 // dB below the loudest frame, from where on it is silence
	distortion = -15.0
)

// STOI says how much of a clean utterance can be understood in what was heard, from
// about 0 to 1: the short-time objective intelligibility. Both are samples at 10 kHz
// that begin at the same moment. It is NaN if there is less than 0.4 s of speech.
func STOI(clean, heard []float64) float64 {
	n := min(len(clean), len(heard))
	x, y := speaking(clean[:n], heard[:n])
	a, b := bandsOf(x), bandsOf(y)
	sum, count := 0.0, 0
	for m := 0; m+stretch <= len(a); m++ {
		for j := range thirds {
			sum += likeness(a[m:m+stretch], b[m:m+stretch], j)
			count++
		}
	}
	return sum / float64(count)
}

// window is Hann's, without the zeros at its ends.
func window() (w [frame]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(frame+1))
	}
	return w
}

// speaking takes the frames out of both in which the clean one is silent.
func speaking(clean, heard []float64) (x, y []float64) {
	w := window()
	level, loudest := []float64{}, math.Inf(-1)
	for at := 0; at+frame <= len(clean); at += hop {
		energy := 0.0
		for i, v := range clean[at : at+frame] {
			energy += v * v * w[i] * w[i]
		}
		db := 10 * math.Log10(energy+1e-20)
		level, loudest = append(level, db), max(loudest, db)
	}
	x, y = make([]float64, len(clean)), make([]float64, len(clean))
	kept := 0
	for k, db := range level {
		if db < loudest-quiet {
			continue
		}
		for i := range w {
			x[kept+i] += clean[k*hop+i] * w[i]
			y[kept+i] += heard[k*hop+i] * w[i]
		}
		kept += hop
	}
	return x[:min(len(x), kept+hop)], y[:min(len(y), kept+hop)]
}

// bandsOf is the amplitude in each band of each frame.
func bandsOf(s []float64) (all [][thirds]float64) {
	w := window()
	edges := edgesOfBands()
	bins := make([]complex128, spectrum)
	for at := 0; at+frame <= len(s); at += hop {
		clear(bins)
		for i := range w {
			bins[i] = complex(s[at+i]*w[i], 0)
		}
		transform(bins)
		var row [thirds]float64
		for j, e := range edges {
			for _, c := range bins[e.from:e.to] {
				row[j] += real(c)*real(c) + imag(c)*imag(c)
			}
			row[j] = math.Sqrt(row[j])
		}
		all = append(all, row)
	}
	return all
}

type edge struct{ from, to int } // bins

func edgesOfBands() (all [thirds]edge) {
	bin := func(hz float64) int { return int(math.Round(hz * spectrum / rate)) }
	for j := range all {
		middle := lowest * math.Pow(2, float64(j)/3)
		all[j] = edge{bin(middle / math.Pow(2, 1.0/6)), bin(middle * math.Pow(2, 1.0/6))}
	}
	return all
}

// transform is Fourier's, in place, of a power of two of values.
//
//go:norace
func transform(v []complex128) {
	if len(v) == 1 {
		return
	}
	half := len(v) / 2
	even, odd := make([]complex128, half), make([]complex128, half)
	for i := range half {
		even[i], odd[i] = v[2*i], v[2*i+1]
	}
	transform(even)
	transform(odd)
	for k := range half {
		t := cmplx.Rect(1, -2*math.Pi*float64(k)/float64(len(v))) * odd[k]
		v[k], v[k+half] = even[k]+t, even[k]-t
	}
}

// likeness is the correlation of a band of a stretch of frames, after the heard one was
// brought to the same loudness and cut off where it is far too loud.
func likeness(clean, heard [][thirds]float64, j int) float64 {
	var cc, hh float64
	for i := range clean {
		cc += clean[i][j] * clean[i][j]
		hh += heard[i][j] * heard[i][j]
	}
	if cc == 0 || hh == 0 {
		return 0
	}
	gain, most := math.Sqrt(cc/hh), 1+math.Pow(10, -distortion/20)
	x, y := make([]float64, len(clean)), make([]float64, len(clean))
	for i := range clean {
		x[i], y[i] = clean[i][j], min(gain*heard[i][j], most*clean[i][j])
	}
	return correlation(x, y)
}

// correlation is 0 where one of the two does not change.
func correlation(x, y []float64) float64 {
	var sx, sy, xy, xx, yy float64
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
	}
	n := float64(len(x))
	for i := range x {
		a, b := x[i]-sx/n, y[i]-sy/n
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
