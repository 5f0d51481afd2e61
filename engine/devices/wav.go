package devices

import (
	"encoding/binary"
	"io"
	"math"

	"foyer/engine/call"
)

// WAV, as the RIFF specification and Microsoft's WAVEFORMATEX describe it.
const (
	wavPCM        = 1
	wavExtensible = 0xfffe
	wavMaxData    = 64 << 20 // bytes: 11 minutes of 48 kHz mono; it is held in memory
	wavMaxChunks  = 1000
	wavOpenEnded  = 0x7ffff000 // programs that write to a pipe leave a length like this or larger
	wavMinRate    = 8000
)

type wavFormat struct {
	channels, rate int
}

// wavFile plays a WAV file round and round, at 48 kHz.
type wavFile struct {
	sides  [][]int16 // one for each channel, at rate
	rate   int
	kernel *kernel // nil if nothing is to be resampled
	n      int64   // samples made
}

func openWAV(path string) (player, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return readWAV(f, size)
}

func readWAV(r io.ReaderAt, size int64) (*wavFile, error) {
	format, at, length, err := scanWAV(r, size)
	if err != nil {
		return nil, err
	}
	data := make([]byte, length)
	if err := readAt(r, data, at, "the audio"); err != nil {
		return nil, err
	}
	w := &wavFile{sides: sidesOf(data, format.channels), rate: format.rate}
	if format.rate != call.SampleRate {
		w.kernel = newKernel()
	}
	return w, nil
}

// scanWAV finds the format and where the audio is, whole frames only.
func scanWAV(r io.ReaderAt, size int64) (f wavFormat, at, length int64, err error) {
	var head [12]byte
	if err := readAt(r, head[:], 0, "the header"); err != nil {
		return f, 0, 0, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return f, 0, 0, unreadable("not a WAV file")
	}
	at = int64(len(head))
	for range wavMaxChunks {
		var c [8]byte
		if err := readAt(r, c[:], at, "it"); err != nil {
			return f, 0, 0, err
		}
		at += int64(len(c))
		length = int64(binary.LittleEndian.Uint32(c[4:]))
		switch string(c[:4]) {
		case "fmt ":
			if f, err = readWAVFormat(r, at, length); err != nil {
				return f, 0, 0, err
			}
		case "data":
			length, err = f.dataLength(length, size-at)
			return f, at, length, err
		}
		at += length + length%2
	}
	return f, 0, 0, unreadable("no audio in the first %d parts", wavMaxChunks)
}

func readWAVFormat(r io.ReaderAt, at, length int64) (f wavFormat, err error) {
	b := make([]byte, min(length, 40))
	if len(b) < 16 {
		return f, unreadable("the format is cut")
	}
	if err := readAt(r, b, at, "the format"); err != nil {
		return f, err
	}
	le := binary.LittleEndian
	tag := le.Uint16(b)
	if tag == wavExtensible && len(b) == 40 {
		tag = le.Uint16(b[24:]) // the first two bytes of the sub-format's GUID
	}
	bits := le.Uint16(b[14:])
	if tag != wavPCM || bits != 16 {
		return f, unreadable("audio coded as %d with %d bit, only PCM with 16 bit is possible", tag, bits)
	}
	f = wavFormat{channels: int(le.Uint16(b[2:])), rate: int(min(le.Uint32(b[4:]), math.MaxInt32))}
	if f.channels != 1 && f.channels != 2 {
		return f, unreadable("%d channels, only 1 and 2 are possible", f.channels)
	}
	if f.rate < wavMinRate || f.rate > call.SampleRate {
		return f, unreadable("%d Hz, only %d to %d Hz are possible", f.rate, wavMinRate, call.SampleRate)
	}
	return f, nil
}

// dataLength checks how many bytes of audio there are, of left in the file.
func (f wavFormat) dataLength(claimed, left int64) (int64, error) {
	if f.channels == 0 {
		return 0, unreadable("no format before the audio")
	}
	if claimed >= wavOpenEnded {
		claimed = left
	}
	frame := int64(2 * f.channels)
	claimed -= claimed % frame
	switch {
	case claimed > left:
		return 0, unreadable("the audio is cut: %d of %d bytes", left, claimed)
	case claimed == 0:
		return 0, unreadable("no audio in it")
	case claimed > wavMaxData:
		return 0, unreadable("more than %d MB of audio", wavMaxData>>20)
	}
	return claimed, nil
}

// sidesOf takes the channels apart.
func sidesOf(data []byte, channels int) [][]int16 {
	sides := make([][]int16, channels)
	for c := range sides {
		sides[c] = make([]int16, len(data)/(2*channels))
		for i := range sides[c] {
			sides[c][i] = int16(binary.LittleEndian.Uint16(data[2*(i*channels+c):]))
		}
	}
	return sides
}

func (w *wavFile) channels() int { return len(w.sides) }

func (w *wavFile) fill(dst []int16) error {
	for ; len(dst) >= len(w.sides); dst = dst[len(w.sides):] {
		// The place in the file is counted exactly, so that nothing drifts.
		at := w.n * int64(w.rate)
		w.n++
		whole := int(at / call.SampleRate % int64(len(w.sides[0])))
		phase := int(at % call.SampleRate * phases / call.SampleRate)
		for c, side := range w.sides {
			if w.kernel == nil {
				dst[c] = side[whole]
			} else {
				dst[c] = w.kernel.at(side, whole, phase)
			}
		}
	}
	return nil
}

func (w *wavFile) close() error { return nil }

// A kernel interpolates between samples: a sinc with a Hann window, for every
// one of so many phases between two samples.
const (
	phases = 480 // exact for 8, 16, 24 and 32 kHz
	taps   = 24
)

type kernel [phases][taps]float32

func newKernel() *kernel {
	k := new(kernel)
	for p := range k {
		sum := 0.0
		var row [taps]float64
		for t := range row {
			x := float64(t-taps/2+1) - float64(p)/phases
			row[t] = 0.5 + 0.5*math.Cos(2*math.Pi*x/taps)
			if x != 0 {
				row[t] *= math.Sin(math.Pi*x) / (math.Pi * x)
			}
			sum += row[t]
		}
		for t, v := range row {
			k[p][t] = float32(v / sum)
		}
	}
	return k
}

// at is the value that lies phase/phases behind sample i of a signal that runs in
// a circle.
func (k *kernel) at(samples []int16, i, phase int) int16 {
	n := len(samples)
	j := (i - taps/2 + 1) % n
	if j < 0 {
		j += n
	}
	sum := float32(0)
	for _, c := range k[phase] {
		sum += c * float32(samples[j])
		if j++; j == n {
			j = 0
		}
	}
	return int16(max(math.MinInt16, min(math.MaxInt16, sum)))
}
