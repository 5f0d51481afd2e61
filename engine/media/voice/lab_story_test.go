package voice

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"foyer/engine/call/mic"
	"foyer/engine/internal/silent"
	"foyer/internal/drive"
)

// hearsMuch skips a test under the race detector, which takes ten times as long for it
// and finds nothing: all that is computed of a frame belongs to one goroutine.
func hearsMuch(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("computing is no work for the race detector; runs in make test, without it")
	}
}

// speech is somebody who speaks, for as many seconds, at a level in dBFS while they do.
func speech(t testing.TB, text string, pitch int, seconds int, level float64) []float32 {
	t.Helper()
	said, err := spoken(text, pitch)
	if err != nil {
		t.Skipf("a synthetic voice is missing; runs on machines that scripts/deps.sh has prepared: %v", err)
	}
	out := make([]float32, seconds*sampleRate)
	for i := range out {
		out[i] = float32(said[i%len(said)]) / 32768
	}
	scale(out, math.Pow(10, level/20)/activeRMS(out))
	return out
}

// spoken is kept, because several tests say the same.
var spoken = func() func(text string, pitch int) ([]int16, error) {
	type key struct {
		text  string
		pitch int
	}
	var mu sync.Mutex
	said := map[key][]int16{}
	return func(text string, pitch int) ([]int16, error) {
		mu.Lock()
		defer mu.Unlock()
		k := key{text, pitch}
		if s, ok := said[k]; ok {
			return s, nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s, err := drive.Speak(ctx, text, pitch)
		if err == nil {
			said[k] = s
		}
		return s, err
	}
}()

const (
	farText = "The quick brown fox jumps over the lazy dog while seven wizards quietly box with frozen clay jugs. " +
		"Meetings are better when everybody can hear everybody else, and nobody hears themselves. We shall see " +
		"whether the echo is removed when the loudspeaker plays this sentence into the room for a while."
	nearText = "I am the person who sits near the microphone and I would like to be understood even though the others " +
		"are talking at the same time. My sentence should survive without holes or bubbles in it."
	noisyText = "We are testing how well the noise is removed from my voice. There should be pauses in between, so that " +
		"we can hear what is left of the noise. And then I go on talking for a little while."
	babbleText = "Then there was a discussion about the weather and the price of bread and about who should bring the " +
		"chairs to the garden on Sunday afternoon, and nobody could agree on anything at all."
)

// scale makes a signal louder or quieter.
func scale(x []float32, by float64) {
	for i := range x {
		x[i] *= float32(by)
	}
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(len(x)) + 1e-20)
}

// activeRMS leaves the pauses out.
func activeRMS(x []float32) float64 {
	sum, n := 0.0, 0
	for i := 0; i+FrameSamples <= len(x); i += FrameSamples {
		if r := rms(x[i : i+FrameSamples]); r > 0.003 {
			sum, n = sum+r*r, n+1
		}
	}
	return math.Sqrt(sum/float64(max(n, 1)) + 1e-20)
}

// ratioDB is by how much b is quieter than a.
func ratioDB(a, b []float32) float64 { return 20 * math.Log10(rms(a)/rms(b)) }

func seconds(x []float32, from, to float64) []float32 {
	return x[int(from*sampleRate):min(int(to*sampleRate), len(x))]
}

// room is the way from a loudspeaker to a microphone: noise that decays by 60 dB in
// that many seconds, with an energy of coupling dB.
func room(decay, coupling float64) []float32 {
	rng := rand.New(rand.NewPCG(7, 7))
	h := make([]float32, int(decay*sampleRate))
	for i := range h {
		h[i] = float32(rng.NormFloat64() * math.Pow(10, -3*float64(i)/float64(len(h))))
	}
	scale(h, math.Pow(10, coupling/20)/(rms(h)*math.Sqrt(float64(len(h)))))
	return h
}

// convolve is what comes of x through h.
func convolve(x, h []float32) []float32 {
	const size = 1 << 15
	spectrum := func(part []float32) []complex128 {
		a := make([]complex128, size)
		for i, v := range part {
			a[i] = complex(float64(v), 0)
		}
		transform(a, false)
		return a
	}
	through := spectrum(h)
	out := make([]float32, len(x)+size)
	step := size - len(h)
	for s := 0; s < len(x); s += step {
		part := spectrum(x[s:min(s+step, len(x))])
		for i := range part {
			part[i] *= through[i]
		}
		transform(part, true)
		for i, v := range part {
			if s+i < len(out) {
				out[s+i] += float32(real(v) / size)
			}
		}
	}
	return out[:len(x)]
}

func transform(a []complex128, inverse bool) {
	n := len(a)
	for i, j := 1, 0; i < n; i++ {
		b := n >> 1
		for ; j&b != 0; b >>= 1 {
			j ^= b
		}
		if j ^= b; i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for l := 2; l <= n; l <<= 1 {
		angle := 2 * math.Pi / float64(l)
		if !inverse {
			angle = -angle
		}
		w := complex(math.Cos(angle), math.Sin(angle))
		for i := 0; i < n; i += l {
			c := complex(1, 0)
			for k := range l / 2 {
				u, v := a[i+k], a[i+k+l/2]*c
				a[i+k], a[i+k+l/2] = u+v, u-v
				c *= w
			}
		}
	}
}

// alike is how like two signals are: the correlation of the magnitudes of their
// spectra up to 7.5 kHz, at the best of the delays up to 60 ms.
func alike(got, want []float32) float64 {
	const size, hop, lines = 1024, 2048, 160
	spectra := func(x []float32, from int) [][]float64 {
		var out [][]float64
		for i := from; i+size <= len(x); i += hop {
			a := make([]complex128, size)
			for k := range a {
				a[k] = complex(float64(x[i+k])*(0.5-0.5*math.Cos(2*math.Pi*float64(k)/size)), 0)
			}
			transform(a, false)
			m := make([]float64, lines)
			for k := range m {
				m[k] = math.Hypot(real(a[k+2]), imag(a[k+2]))
			}
			out = append(out, m)
		}
		return out
	}
	ref, best := spectra(want, 0), -1.0
	for d := 0; d <= 2880; d += 96 {
		est := spectra(got, d)
		var gg, ww, gw float64
		for i := range min(len(est), len(ref)) {
			for k := range lines {
				gg += est[i][k] * est[i][k]
				ww += ref[i][k] * ref[i][k]
				gw += est[i][k] * ref[i][k]
			}
		}
		best = max(best, gw/math.Sqrt(gg*ww+1e-20))
	}
	return best
}

// siSDR is the scale-invariant ratio of signal to distortion, at the best of the delays
// up to 80 ms: Le Roux et al., "SDR - half-baked or well done?" (ICASSP 2019).
func siSDR(got, want []float32) (dB float64, delay int) {
	at := func(d, step int) float64 {
		var gw, ww, gg float64
		for i := d; i < len(got); i += step {
			g, w := float64(got[i]), float64(want[i-d])
			gw, ww, gg = gw+g*w, ww+w*w, gg+g*g
		}
		a := gw / (ww + 1e-20)
		signal := a * a * ww
		return 10 * math.Log10(signal/(gg-signal+1e-20))
	}
	best := -99.0
	for d := range 4000 {
		if v := at(d, 13); v > best {
			best, delay = v, d
		}
	}
	return at(delay, 1), delay
}

// desk has a loudspeaker and a microphone that hears it.
type desk struct {
	name    string
	delay   float64 // seconds from a write to the loudspeaker until it is heard
	drift   float64 // of the loudspeaker's clock
	jump    float64 // seconds by which the delay grows
	jumpAt  float64
	distort bool
	settled float64 // dB that have to be taken out in the end; 0 is 30
	piece   int     // samples that the loudspeaker takes at a time; 0 is 20 ms
}

// play has far played and returns what the microphone hears, without the near voice.
func (s desk) play(far []float32) []float32 {
	src := far
	if s.distort {
		src = make([]float32, len(far))
		for i, v := range far {
			src[i] = float32(math.Tanh(4*float64(v)) / 3)
		}
	}
	echo := convolve(src, room(0.25, -6))
	ref := &Reference{samples: [referenceLength]float32{}}
	k := newKernel()
	rng := rand.New(rand.NewPCG(1, 2))
	mic := make([]float32, len(far))
	// The kernel reads a second at most, so the echo goes through it in pieces.
	for i := range mic {
		d := s.delay
		if s.jump != 0 && float64(i) >= s.jumpAt*sampleRate {
			d += s.jump
		}
		at := (float64(i) - d*sampleRate) * (1 + s.drift)
		for ref.written < int64(len(echo)) && float64(ref.written) < at+2*kernelSide {
			ref.samples[ref.written%referenceLength] = echo[ref.written]
			ref.written++
		}
		mic[i] = k.between(ref, at) + float32(rng.NormFloat64()*0.0003)
	}
	return mic
}

// run lets a chain listen to the desk.
func (s desk) run(c *Chain, ref *Reference, far, mic []float32) (out []float32) {
	piece := s.piece
	if piece == 0 {
		piece = 960
	}
	out = make([]float32, len(mic))
	stereo := make([]int16, 2*piece)
	written := 0
	for i := 0; i+FrameSamples <= len(mic); i += FrameSamples {
		now := i + FrameSamples // the frame has come
		for ; float64(written) <= float64(now)*(1+s.drift) && written+piece <= len(far); written += piece {
			for k := range piece {
				v := int16(32767 * far[written+k])
				stereo[2*k], stereo[2*k+1] = v, v
			}
			ref.Write(stereo, int64(float64(written)/(1+s.drift)))
		}
		copy(out[i:], mic[i:i+FrameSamples])
		c.Process(out[i:i+FrameSamples], int64(now))
	}
	return out
}

// newLibrary is closed at the test's end.
func newLibrary(t testing.TB) *Library {
	l := NewLibrary(silent.Log())
	t.Cleanup(l.Close)
	return l
}

// stands is a clock by which nothing takes any time: a test may run on a busy computer.
func stands() time.Time { return time.Time{} }

// newChain is a chain whose parts are ready.
func newChain(t testing.TB, l *Library, ref *Reference, v mic.Voice) *Chain {
	t.Helper()
	c := l.NewChain(ref, func(p mic.Part, err error) { t.Errorf("%s: %v", p, err) })
	t.Cleanup(c.Close)
	c.budget.now = stands
	c.Set(v, false)
	if c.echo != nil {
		c.echo.prepare(l)
	}
	l.wg.Wait()
	return c
}
