//go:build unix

package drive

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
)

// Speak says a text with espeak-ng: 48 kHz mono. pitch (0..99) and the text make
// the voices of a test different.
func Speak(ctx context.Context, text string, pitch int) ([]int16, error) {
	if err := Need("espeak-ng", "sox"); err != nil {
		return nil, err
	}
	wav, err := exec.CommandContext(ctx, "espeak-ng", "--stdout", "-p", strconv.Itoa(pitch), "-s", "150", text).Output()
	if err != nil {
		return nil, fmt.Errorf("espeak-ng: %w", err)
	}
	// Without -D it adds noise, of which each run has another.
	sox := exec.CommandContext(ctx, "sox", "-D", "-t", "wav", "-",
		"-t", "raw", "-r", "48000", "-c", "1", "-e", "signed", "-b", "16", "-")
	sox.Stdin = bytes.NewReader(wav)
	raw, err := sox.Output()
	if err != nil {
		return nil, fmt.Errorf("sox: %w", err)
	}
	return samplesOf(raw), nil
}

// WriteWAV writes 48 kHz mono samples.
func WriteWAV(name string, samples []int16) error {
	var b bytes.Buffer
	size := uint32(2 * len(samples))
	b.WriteString("RIFF")
	fields := []any{36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(SampleRate), uint32(2 * SampleRate), uint16(2), uint16(16), []byte("data"), size, samples}
	for _, f := range fields {
		if err := binary.Write(&b, binary.LittleEndian, f); err != nil {
			return err
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

// ReadRaw reads a file of signed 16 bit samples.
func ReadRaw(name string) ([]int16, error) {
	raw, err := os.ReadFile(name)
	return samplesOf(raw[:len(raw)&^1]), err
}

// The shape of speech: its loudness in some bands, 50 times a second.
const (
	frameLength = SampleRate / 50
	silenceDB   = 20 // quieter than this (in dB over one unit) is all the same
)

// bands are the middles of the bands, in Hz: roughly a third of the way along
// the formants of a voice.
func bands() []float64 { return []float64{250, 500, 900, 1500, 2300, 3300} }

// spectrogram returns, per frame, the level in dB of each band, by Goertzel's
// algorithm over the frame.
func spectrogram(s []int16) [][]float64 {
	frames := make([][]float64, 0, len(s)/frameLength)
	for ; len(s) >= frameLength; s = s[frameLength:] {
		row := make([]float64, 0, len(bands()))
		for _, hz := range bands() {
			row = append(row, max(silenceDB, goertzel(s[:frameLength], hz)))
		}
		frames = append(frames, row)
	}
	return frames
}

// goertzel is the level around hz in dB over one unit. The race detector does not
// watch it, nor [correlation]: the samples are only the caller's, and each is read
// some thousand times.
//
//go:norace
func goertzel(s []int16, hz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hz/SampleRate)
	var a, b float64
	for _, v := range s {
		a, b = float64(v)+k*a-b, a
	}
	power := (a*a + b*b - k*a*b) / float64(len(s)*len(s)/4)
	return 10 * math.Log10(power+1)
}

// A receiver stretches and shrinks audio to keep its buffer short, so speech is
// compared piece by piece: each piece may lie a little earlier or later than the
// one before let expect.
const (
	pieceLength = 30 // frames: 0.6 s
	pieceDrift  = 15 // frames: 0.3 s
)

// Likeness says how much heard contains what was said, -1..1, at the best
// moment: the correlation of the two in time and frequency, as the mean over the
// pieces. Another voice with another text stays about one half; the same speech
// through a codec is well above.
func Likeness(said, heard []int16) float64 {
	a, b := spectrogram(said), spectrogram(heard)
	best := -1.0
	for lag := 0; lag+len(a) <= len(b)+pieceDrift; lag++ {
		best = max(best, follow(a, b, lag))
	}
	return best
}

// follow compares a with b from frame lag on.
func follow(a, b [][]float64, lag int) float64 {
	sum, n := 0.0, 0
	for ; len(a) >= pieceLength; a = a[pieceLength:] {
		at, like := lag, -1.0
		for l := max(0, lag-pieceDrift); l <= lag+pieceDrift && l+pieceLength <= len(b); l++ {
			if c := correlation(a[:pieceLength], b[l:l+pieceLength]); c > like {
				at, like = l, c
			}
		}
		if like < 0 {
			like = 0
		}
		sum, n = sum+like, n+1
		lag = at + pieceLength
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// correlation is that of two pieces of the same length, in time and frequency.
//
//go:norace
func correlation(a, b [][]float64) float64 {
	var n, sa, sb float64
	for i := range a {
		for j := range a[i] {
			n, sa, sb = n+1, sa+a[i][j], sb+b[i][j]
		}
	}
	var ab, aa, bb float64
	for i := range a {
		for j := range a[i] {
			x, y := a[i][j]-sa/n, b[i][j]-sb/n
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
