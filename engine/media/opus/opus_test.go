package opus

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// sine is n samples of a tone at half of full scale.
func sine(hz float64, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(16384 * math.Sin(2*math.Pi*hz*float64(i)/SampleRate))
	}
	return s
}

func encode(t testing.TB, pcm []int16, loss int) [][]byte {
	t.Helper()
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetPacketLoss(loss); err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	buf := make([]byte, MaxFrameBytes)
	for ; len(pcm) >= FrameSamples; pcm = pcm[FrameSamples:] {
		n, err := e.Encode(pcm[:FrameSamples], buf)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	return packets
}

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// rms of the left channel.
func rms(stereo []int16) float64 {
	sum := 0.0
	for i := 0; i < len(stereo); i += 2 {
		sum += float64(stereo[i]) * float64(stereo[i])
	}
	return math.Sqrt(sum / float64(len(stereo)/2))
}

func TestRoundTrip(t *testing.T) {
	in := sine(440, 50*FrameSamples)
	d := newDecoder(t)
	out := make([]int16, 0, 2*len(in))
	bytes := 0
	for _, p := range encode(t, in, 10) {
		info, err := Inspect(p)
		if err != nil || info.Samples != FrameSamples || info.Channels != 1 {
			t.Fatalf("Inspect: %+v, %v", info, err)
		}
		frame := make([]int16, 2*FrameSamples)
		if n, err := d.Decode(p, frame); err != nil || n != FrameSamples {
			t.Fatalf("Decode: %d, %v", n, err)
		}
		out = append(out, frame...)
		bytes += len(p)
	}
	if kbps := float64(bytes*8) / 1000; kbps < 8 || kbps > 48 {
		t.Errorf("%.1f kbit/s, want about 32", kbps)
	}
	got, want := rms(out[len(out)/2:]), 16384/math.Sqrt2
	if math.Abs(got-want) > 0.1*want {
		t.Errorf("loudness %.0f, want %.0f", got, want)
	}
	for i := 0; i < len(out); i += 2 {
		if out[i] != out[i+1] {
			t.Fatal("mono differs between left and right")
		}
	}
}

// voice is a buzz with moving harmonics, which the encoder takes for speech.
func voice(n int) []int16 {
	s := make([]int16, n)
	phase := 0.0
	for i := range s {
		t := float64(i) / SampleRate
		phase += (130 + 20*math.Sin(2*math.Pi*3*t)) / SampleRate
		v := 0.0
		for h := 1; h <= 20; h++ {
			v += math.Exp(-math.Abs(float64(h)-5)/3) * math.Sin(2*math.Pi*float64(h)*phase)
		}
		s[i] = int16(5000 * v * (0.6 + 0.4*math.Sin(2*math.Pi*4*t)))
	}
	return s
}

func TestFECRestoresWhatPLCGuesses(t *testing.T) {
	packets := encode(t, voice(100*FrameSamples), 20)
	reference, fec, plc := newDecoder(t), newDecoder(t), newDecoder(t)
	var errFEC, errPLC, energy float64
	a, b, c := make([]int16, 2*FrameSamples), make([]int16, 2*FrameSamples), make([]int16, 2*FrameSamples)
	lost, carried := 0, 0
	for i, p := range packets {
		mustDecode(t, reference, p, a)
		if i < 10 || i%5 != 0 || i+1 == len(packets) {
			mustDecode(t, fec, p, b)
			mustDecode(t, plc, p, c)
			continue
		}
		info, err := Inspect(packets[i+1])
		if err != nil {
			t.Fatal(err)
		}
		lost++
		if info.FEC {
			carried++
		}
		if err := fec.DecodeFEC(packets[i+1], b); err != nil {
			t.Fatal(err)
		}
		if err := plc.DecodePLC(c); err != nil {
			t.Fatal(err)
		}
		for j := range a {
			energy += float64(a[j]) * float64(a[j])
			errFEC += math.Pow(float64(a[j])-float64(b[j]), 2)
			errPLC += math.Pow(float64(a[j])-float64(c[j]), 2)
		}
	}
	if carried < lost*3/4 { // the encoder leaves it out of what it takes for silence
		t.Fatalf("only %d of %d packets after a loss carry FEC", carried, lost)
	}
	snrFEC, snrPLC := 10*math.Log10(energy/errFEC), 10*math.Log10(energy/errPLC)
	t.Logf("%d lost frames: FEC %.1f dB, PLC %.1f dB", lost, snrFEC, snrPLC)
	if snrFEC < snrPLC+3 {
		t.Errorf("FEC %.1f dB is not 3 dB better than PLC %.1f dB", snrFEC, snrPLC)
	}
}

func mustDecode(t testing.TB, d *Decoder, p []byte, stereo []int16) {
	t.Helper()
	if _, err := d.Decode(p, stereo); err != nil {
		t.Fatal(err)
	}
}

func TestInspect(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet []byte
		want   PacketInfo
		bad    bool
	}{
		{name: "empty", bad: true},
		{name: "overlong", packet: make([]byte, MaxPacketBytes+1), bad: true},
		{name: "dtx", packet: []byte{0x0b << 3}, want: PacketInfo{Samples: 2880, FrameSamples: 2880, Frames: 1, Channels: 1}},
		{name: "silk 20 ms with lbrr", packet: []byte{9 << 3, 0x40, 0}, want: PacketInfo{Samples: 960, FrameSamples: 960, Frames: 1, Channels: 1, FEC: true}},
		{name: "silk 60 ms with lbrr", packet: []byte{11 << 3, 0x10, 0}, want: PacketInfo{Samples: 2880, FrameSamples: 2880, Frames: 1, Channels: 1, FEC: true}},
		{name: "stereo, side has lbrr", packet: []byte{9<<3 | 4, 0x10, 0}, want: PacketInfo{Samples: 960, FrameSamples: 960, Frames: 1, Channels: 2, FEC: true}},
		{name: "celt has none", packet: []byte{31 << 3, 0xff, 0xff}, want: PacketInfo{Samples: 960, FrameSamples: 960, Frames: 1, Channels: 1}},
		{name: "two equal", packet: []byte{16<<3 | 1, 1, 2}, want: PacketInfo{Samples: 240, FrameSamples: 120, Frames: 2, Channels: 1}},
		{name: "two equal, odd", packet: []byte{16<<3 | 1, 1, 2, 3}, bad: true},
		{name: "two, length cut", packet: []byte{16<<3 | 2}, bad: true},
		{name: "two, length too big", packet: []byte{16<<3 | 2, 9, 1, 2}, bad: true},
		{name: "many, no count", packet: []byte{16<<3 | 3}, bad: true},
		{name: "many, zero", packet: []byte{16<<3 | 3, 0}, bad: true},
		{name: "120 ms", packet: []byte{1<<3 | 3, 6}, want: PacketInfo{Samples: 5760, FrameSamples: 960, Frames: 6, Channels: 1}},
		{name: "140 ms", packet: []byte{1<<3 | 3, 7}, bad: true},
		{name: "padding beyond the end", packet: []byte{1<<3 | 3, 0x41, 9, 0}, bad: true},
		{name: "padding", packet: []byte{1<<3 | 3, 0x41, 2, 0x40, 7, 0, 0}, want: PacketInfo{Samples: 960, FrameSamples: 960, Frames: 1, Channels: 1, FEC: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Inspect(tt.packet)
			if tt.bad != errors.Is(err, ErrMalformed) || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(make([]int16, 100), make([]byte, 100)); err == nil {
		t.Error("encoded a frame of 100 samples")
	}
	if err := e.SetPacketLoss(101); err == nil {
		t.Error("accepted 101 % loss")
	}
	e.Reset()
	e.Close()
	e.Close()
	e.Reset()
	if _, err := e.Encode(make([]int16, FrameSamples), make([]byte, 100)); !errors.Is(err, ErrClosed) {
		t.Errorf("encode after Close: %v", err)
	}
	if err := e.SetBitrate(20000); !errors.Is(err, ErrClosed) {
		t.Errorf("SetBitrate after Close: %v", err)
	}
	d := newDecoder(t)
	if _, err := d.Decode(make([]byte, 20), make([]int16, 100)); err == nil {
		t.Error("decoded into too little room")
	}
	if err := d.DecodePLC(make([]int16, 2*PLCUnit+2)); err == nil {
		t.Error("concealed an odd length")
	}
	if err := d.DecodeFEC([]byte{9 << 3, 1, 2}, make([]int16, 0)); err == nil {
		t.Error("FEC into nothing")
	}
	d.Reset()
	d.Close()
	d.Close()
	d.Reset()
	if err := d.DecodePLC(make([]int16, 2*PLCUnit)); !errors.Is(err, ErrClosed) {
		t.Errorf("PLC after Close: %v", err)
	}
}

func TestCodingAllocatesNothing(t *testing.T) {
	packets := encode(t, voice(4*FrameSamples), 10)
	d := newDecoder(t)
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	in, out, buf := voice(FrameSamples), make([]int16, 2*FrameSamples), make([]byte, MaxFrameBytes)
	n := testing.AllocsPerRun(100, func() {
		_, _ = e.Encode(in, buf)
		_, _ = d.Decode(packets[3], out)
		_ = d.DecodeFEC(packets[3], out)
		_ = d.DecodePLC(out)
	})
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// FuzzDecode: whatever comes, Inspect and libopus agree on it, and nothing
// crashes or writes beyond the audio that was announced.
func FuzzDecode(f *testing.F) {
	for _, p := range encode(f, voice(4*FrameSamples), 10) {
		f.Add(p)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		p := make([]byte, rng.IntN(200))
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		f.Add(p)
	}
	const guard = 12345
	f.Fuzz(func(t *testing.T, packet []byte) {
		d := newDecoder(t)
		stereo := make([]int16, 2*MaxPacketSamples+2)
		info, inspectErr := Inspect(packet)
		stereo[2*info.Samples] = guard
		n, err := d.Decode(packet, stereo)
		if inspectErr != nil && err == nil {
			t.Fatalf("decoded what Inspect refused: %v", inspectErr)
		}
		if inspectErr == nil && errors.Is(err, ErrMalformed) {
			t.Fatalf("Inspect passed %x, libopus did not", packet)
		}
		if err == nil && n != info.Samples {
			t.Fatalf("decoded %d samples, announced %d", n, info.Samples)
		}
		if stereo[2*info.Samples] != guard {
			t.Fatal("wrote beyond the end")
		}
		if info.FEC {
			if err := d.DecodeFEC(packet, stereo[:2*info.FrameSamples]); err != nil {
				t.Fatalf("FEC: %v", err)
			}
		}
		_ = d.DecodePLC(stereo[:2*FrameSamples])
	})
}

func BenchmarkEncode(b *testing.B) {
	e, err := NewEncoder()
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	if err := e.SetPacketLoss(10); err != nil {
		b.Fatal(err)
	}
	in, buf := voice(50*FrameSamples), make([]byte, MaxFrameBytes)
	i := 0
	for b.Loop() {
		if _, err := e.Encode(in[i*FrameSamples:(i+1)*FrameSamples], buf); err != nil {
			b.Fatal(err)
		}
		i = (i + 1) % 50
	}
}

func BenchmarkDecode(b *testing.B) {
	packets := encode(b, voice(50*FrameSamples), 10)
	d, out := newDecoder(b), make([]int16, 2*FrameSamples)
	i := 0
	for b.Loop() {
		mustDecode(b, d, packets[i], out)
		i = (i + 1) % len(packets)
	}
}
