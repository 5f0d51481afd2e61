package voice

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"testing"

	"foyer/engine/call/mic"
	"foyer/internal/drive"
)

// fan is noise that falls by 6 dB an octave.
func fan(t *testing.T, length int) []float32 {
	if err := drive.Need("sox"); err != nil {
		t.Skipf("sox is missing; runs on machines that scripts/deps.sh has prepared: %v", err)
	}
	raw, err := exec.CommandContext(t.Context(), "sox", "-R", "-n", "-r", strconv.Itoa(sampleRate), "-c", "1", "-b", "16",
		"-e", "signed", "-t", "raw", "-", "synth", strconv.Itoa(length), "brownnoise", "gain", "-n", "-3").Output()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, len(raw)/2)
	for i := range x {
		x[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
	}
	return x
}

// keyboard is seven keys a second.
func keyboard(seconds int) []float32 {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, seconds*sampleRate)
	for at := 0; at < len(x); at += sampleRate/7 + rng.IntN(3000) {
		for i := 0; i < 900 && at+i < len(x); i++ {
			x[at+i] += float32((2*rng.Float64() - 1) * math.Exp(-float64(i)/180))
		}
	}
	return x
}

// babble is four people behind.
func babble(t *testing.T, length int) []float32 {
	x := make([]float32, length*sampleRate)
	for i, pitch := range []int{10, 35, 65, 95} {
		one := speech(t, babbleText, pitch, length, -20)
		for k := range x {
			x[k] += one[(k+i*31000)%len(one)]
		}
	}
	return x
}

func TestNoise(t *testing.T) {
	hearsMuch(t)
	const length, snr = 12, 5
	said := speech(t, noisyText, 50, length, -20)
	noises := []struct {
		name          string
		samples       []float32
		light, strong float64 // dB that are gained at least
	}{
		{"fan", fan(t, length), 8, 6},
		{"keyboard", keyboard(length), 4, 10},
		{"babble", babble(t, length), 0, 0},
	}
	l := newLibrary(t)
	for _, n := range noises {
		mixed := make([]float32, len(said))
		by := rms(said) / rms(n.samples) * math.Pow(10, -snr/20.0)
		for i := range mixed {
			mixed[i] = said[i] + float32(by)*n.samples[i]
		}
		before, _ := siSDR(mixed, said)
		for level, want := range map[mic.NoiseLevel]float64{mic.NoiseLight: n.light, mic.NoiseStrong: n.strong} {
			t.Run(fmt.Sprintf("%s %q", n.name, level), func(t *testing.T) {
				ref := &Reference{}
				c := newChain(t, l, ref, mic.Voice{Echo: mic.EchoOff, Noise: level, GainOff: true})
				out := desk{}.run(c, ref, nil, mixed)
				after, delay := siSDR(out, said)
				t.Logf("SI-SDR %.1f -> %.1f dB, delay %.1f ms", before, after, float64(delay)/48)
				if after-before < want {
					t.Errorf("SI-SDR %.1f -> %.1f dB, want %+.1f", before, after, want)
				}
			})
		}
	}
}
