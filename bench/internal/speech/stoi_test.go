//go:build linux

package speech

import (
	"math"
	"math/rand/v2"
	"testing"
)

// talk is something like speech: harmonics below changing formants, in syllables, with
// pauses.
func talk(seconds float64, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same each time
	out := make([]float64, int(seconds*rate))
	const syllable = rate / 5
	phase := 0.0
	var formants [3]float64
	pitch, loud := 0.0, 0.0
	for i := range out {
		if i%syllable == 0 {
			formants = [3]float64{300 + 500*random.Float64(), 900 + 1300*random.Float64(), 2300 + 1000*random.Float64()}
			pitch, loud = 90+60*random.Float64(), 0.3+0.7*random.Float64()
			if random.IntN(6) == 0 {
				loud = 0
			}
		}
		phase += 2 * math.Pi * pitch / rate
		v := 0.0
		for h := 1.0; h*pitch < rate/2-500; h++ {
			for _, f := range formants {
				v += math.Exp(-math.Abs(h*pitch-f)/120) * math.Sin(h*phase)
			}
		}
		out[i] = 1000 * loud * v * math.Sin(math.Pi*float64(i%syllable)/syllable)
	}
	return out
}

// noisy adds white noise, at so many dB below the speech.
func noisy(s []float64, snr float64) []float64 {
	random := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // the same each time
	energy := 0.0
	for _, v := range s {
		energy += v * v
	}
	level := math.Sqrt(energy/float64(len(s))) * math.Pow(10, -snr/20)
	out := make([]float64, len(s))
	for i, v := range s {
		out[i] = v + level*random.NormFloat64()
	}
	return out
}

func TestSTOI(t *testing.T) {
	t.Parallel()
	clean := talk(4, 1)
	if got := STOI(clean, clean); math.Abs(got-1) > 1e-9 {
		t.Errorf("of itself: %v, want 1", got)
	}
	quieter := make([]float64, len(clean))
	for i, v := range clean {
		quieter[i] = v / 10
	}
	if got := STOI(clean, quieter); math.Abs(got-1) > 1e-9 {
		t.Errorf("of itself, 20 dB quieter: %v, want 1", got)
	}
	last := 1.0
	for _, snr := range []float64{30, 20, 10, 5, 0, -5, -10} {
		got := STOI(clean, noisy(clean, snr))
		if got >= last {
			t.Errorf("with noise at %v dB: %.3f, not less than %.3f with less noise", snr, got, last)
		}
		last = got
	}
	if last > 0.6 {
		t.Errorf("with noise at -10 dB: %.3f, which would pass for speech", last)
	}
	if got := STOI(clean, make([]float64, len(clean))); got != 0 {
		t.Errorf("of silence: %v, want 0", got)
	}
	if got := STOI(clean, talk(4, 2)); got > 0.5 {
		t.Errorf("of somebody else: %.3f", got)
	}
	if got := STOI(clean[:rate/5], clean[:rate/5]); !math.IsNaN(got) {
		t.Errorf("of 0.2 s: %v, want NaN", got)
	}
}

// TestSTOIWithGaps loses a part of the speech, as lines do.
func TestSTOIWithGaps(t *testing.T) {
	t.Parallel()
	clean, last := talk(4, 1), 1.0
	for _, percent := range []int{5, 20, 50} {
		random := rand.New(rand.NewPCG(9, 9)) //nolint:gosec // the same each time
		heard := append([]float64(nil), clean...)
		const packet = rate / 50
		for at := 0; at+packet <= len(heard); at += packet {
			if random.IntN(100) < percent {
				clear(heard[at : at+packet])
			}
		}
		got := STOI(clean, heard)
		if got >= last {
			t.Errorf("with %d %% lost: %.3f, not less than %.3f", percent, got, last)
		}
		last = got
	}
}
