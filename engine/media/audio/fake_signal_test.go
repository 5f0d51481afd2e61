package audio

import (
	"math"
	"math/rand/v2"
	"testing"

	"foyer/engine/call"
	"foyer/engine/media/opus"
)

// speech is a synthetic voice: words of voiced and hissing parts with pauses. A
// glottal buzz whose pitch glides goes through three moving resonances, which is
// what codecs, concealment and stretching are made for.
func speech(frames int, seed uint64) []int16 {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([]int16, frames)
	var formants [3]resonance
	phase, pitch := 0.0, 110+rng.Float64()*80
	envelope, left, loud, hiss := 0.0, 0, 0.0, false
	var centre [3]float64
	for i := range out {
		if left == 0 { // next part, 60..200 ms
			left = call.SampleRate * (60 + rng.IntN(140)) / 1000
			kind := rng.IntN(10)
			hiss = kind == 0
			loud = 1.0
			if kind == 1 {
				loud = 0
			}
			pitch = 100 + rng.Float64()*100
			centre = [3]float64{300 + rng.Float64()*500, 900 + rng.Float64()*1300, 2300 + rng.Float64()*800}
		}
		left--
		envelope += (loud - envelope) / 700
		phase += pitch * (1 + 0.02*math.Sin(float64(i)/9000)) / call.SampleRate
		excite := 0.0
		if phase >= 1 {
			phase--
			excite = 1
		}
		if hiss {
			excite = 0.1 * (rng.Float64() - 0.5)
		}
		v := 0.0
		for f := range formants {
			v += formants[f].step(excite, centre[f], 80+40*float64(f))
		}
		out[i] = int16(max(-32000, min(32000, v*envelope*9000)))
	}
	return out
}

// resonance is a two-pole filter.
type resonance struct{ y1, y2 float64 }

func (r *resonance) step(x, hz, width float64) float64 {
	d := math.Exp(-math.Pi * width / call.SampleRate)
	y := x + 2*d*math.Cos(2*math.Pi*hz/call.SampleRate)*r.y1 - d*d*r.y2
	r.y2, r.y1 = r.y1, y
	return y
}

func tone(hz, amplitude float64, frames int) []int16 {
	out := make([]int16, frames)
	for i := range out {
		out[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/call.SampleRate))
	}
	return out
}

// encoded is pcm as the pump would send it.
func encoded(t testing.TB, pcm []int16) [][]byte {
	t.Helper()
	e, err := opus.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetPacketLoss(preparedLoss); err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	buf := make([]byte, opus.MaxFrameBytes)
	for ; len(pcm) >= opus.FrameSamples; pcm = pcm[opus.FrameSamples:] {
		n, err := e.Encode(pcm[:opus.FrameSamples], buf)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	return packets
}

// decoded is what a perfect network would let us hear, left channel.
func decoded(t testing.TB, packets [][]byte) []int16 {
	t.Helper()
	d, err := opus.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []int16
	frame := make([]int16, 2*opus.FrameSamples)
	for _, p := range packets {
		if _, err := d.Decode(p, frame); err != nil {
			t.Fatal(err)
		}
		out = append(out, left(frame)...)
	}
	return out
}

func left(stereo []int16) []int16 {
	out := make([]int16, len(stereo)/2)
	for i := range out {
		out[i] = stereo[2*i]
	}
	return out
}

// likeness compares what was heard with the reference piece by piece, each at the
// lag where it fits best, so that stretching elsewhere does not count. It returns
// the mean signal-to-noise ratio of the loud pieces in dB (each limited to
// -10..35, as usual for segmental SNR) and their mean correlation.
func likeness(heard, reference []int16, lag int) (snr, correlation float64) {
	const piece, reach = 4800, 1300
	pieces := 0
	for at := max(0, -lag); at+piece < len(heard); at += piece {
		if at+lag+piece+reach >= len(reference) {
			break
		}
		h := heard[at : at+piece]
		if at+lag-reach < 0 {
			continue
		}
		lag = bestLag(h, reference, at, lag, reach)
		r := reference[at+lag : at+lag+piece]
		var hr, hh, rr, noise float64
		for i := range h {
			a, b := float64(h[i]), float64(r[i])
			hr += a * b
			hh += a * a
			rr += b * b
			noise += (a - b) * (a - b)
		}
		if rr/piece < 300*300 {
			continue
		}
		pieces++
		snr += min(35, max(-10, 10*math.Log10(rr/max(noise, 1))))
		correlation += hr / math.Sqrt(max(hh, 1)*rr)
	}
	if pieces == 0 {
		return -10, 0
	}
	return snr / float64(pieces), correlation / float64(pieces)
}

// noiseRatio is the signal-to-noise ratio of everything together in dB, so that
// the bad pieces decide.
func noiseRatio(heard, reference []int16, lag int) float64 {
	const piece, reach = 4800, 1300
	var signal, noise float64
	for at := -lag + 2*reach; at+piece < len(heard) && at+lag+piece+2*reach < len(reference); at += piece {
		h := heard[at : at+piece]
		lag = bestLag(h, reference, at, lag, reach)
		r := reference[at+lag : at+lag+piece]
		for i := range h {
			a, b := float64(h[i]), float64(r[i])
			signal += b * b
			noise += (a - b) * (a - b)
		}
	}
	return 10 * math.Log10(signal/noise)
}

// bestLag is where piece h of what was heard at position at fits the reference.
// Staying where it was wins unless another lag is clearly better.
func bestLag(h, reference []int16, at, around, reach int) int {
	score := func(lag, step int) float64 {
		r := reference[at+lag:]
		var hr, rr float64
		for i := 0; i < len(h); i += step {
			hr += float64(h[i]) * float64(r[i])
			rr += float64(r[i]) * float64(r[i])
		}
		return hr / math.Sqrt(max(rr, 1))
	}
	best, top := around, score(around, 6)*1.02
	if own := math.Sqrt(energy(h)); score(around, 1) > 0.99*own || own < 20000 {
		return around // it fits already, or is too soft to tell
	}
	for lag := around - reach; lag <= around+reach; lag += 4 {
		if s := score(lag, 6); s > top {
			best, top = lag, s
		}
	}
	fine := best
	top = score(best, 1)
	for lag := best - 4; lag <= best+4; lag++ {
		if s := score(lag, 1); s > top {
			fine, top = lag, s
		}
	}
	return fine
}

func TestLikenessKnowsWhatItMeasures(t *testing.T) {
	s := speech(2*call.SampleRate, 1)
	if snr, c := likeness(s[1000:], s, 900); snr < 34 || c < 0.999 {
		t.Errorf("the same audio: %.1f dB, %.3f", snr, c)
	}
	if _, c := likeness(speech(2*call.SampleRate, 2), s, 0); c > 0.6 {
		t.Errorf("another audio correlates by %.3f", c)
	}
}
