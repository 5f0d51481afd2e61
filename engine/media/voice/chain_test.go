package voice

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"runtime"
	"testing"
	"time"

	"foyer/engine/call/mic"
	"foyer/engine/internal/silent"
)

// TestParts: the files are those that parts/README.md names, and that were measured.
func TestParts(t *testing.T) {
	for file, want := range map[string]string{
		partEcho:   "a2f432546daf1b366d04b4921e1a1cdf0d097da7722fb1d5fe553bed3cadb756",
		partLight:  "378fd17c294db15ee4e818ba5ef072242a21c8ad7445b483f7f46d7dc4f2c253",
		partStrong: "01a5286ddaa1ce6d0dd5510bd9241f3bf0cc727a05d5767ae6881d85d9983719",
	} {
		data, err := files.ReadFile("parts/" + file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestChain_goesOnWithoutAPart: a part that traps is told of once, and the voice goes on.
func TestChain_goesOnWithoutAPart(t *testing.T) {
	for _, tt := range []struct {
		part  mic.Part
		spoil func(c *Chain)
	}{
		{mic.PartEcho, func(c *Chain) { c.echo.rest.value.instance = 1 << 31 }},
		{mic.PartNoise, func(c *Chain) { c.noise.value.(*rnnoise).state = 1 << 31 }},
	} {
		t.Run(string(tt.part), func(t *testing.T) {
			l := newLibrary(t)
			ref := &Reference{}
			var told []mic.Part
			c := l.NewChain(ref, func(p mic.Part, err error) {
				t.Log(err)
				told = append(told, p)
			})
			defer c.Close()
			c.budget.now = stands
			c.Set(mic.Voice{GainOff: true}, false)
			c.echo.prepare(l)
			l.wg.Wait()
			tt.spoil(c)
			x := tone(2 * sampleRate)
			out := desk{}.run(c, ref, x, x)
			if len(told) != 1 || told[0] != tt.part {
				t.Errorf("told of %q", told)
			}
			if tt.part == mic.PartNoise && rms(seconds(out, 1, 2)) < rms(x)/4 {
				t.Error("the voice is gone")
			}
			for _, v := range out {
				if !finite(v) {
					t.Fatal("no number")
				}
			}
		})
	}
}

// tone is a second voice for tests in which only the level counts.
func tone(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		at := float64(i) / sampleRate
		x[i] = float32(0.1 * math.Sin(2*math.Pi*220*at) * (1 + math.Sin(2*math.Pi*4*at)))
	}
	return x
}

func TestChain_music(t *testing.T) {
	ref := &Reference{}
	c := newChain(t, newLibrary(t), ref, mic.Voice{Music: true})
	x := tone(sampleRate)
	out := desk{}.run(c, ref, x, x)
	for i := range x {
		if x[i] != out[i] {
			t.Fatalf("sample %d is %v, was %v", i, out[i], x[i])
		}
	}
	if c.echo != nil || c.noise != nil {
		t.Error("something is done to music")
	}
}

func TestChain_headset(t *testing.T) {
	for _, tt := range []struct {
		mode    mic.EchoMode
		headset bool
		want    bool
	}{
		{mic.EchoAuto, false, true}, {mic.EchoAuto, true, false}, {mic.EchoOn, true, true}, {mic.EchoOff, false, false},
	} {
		c := newLibrary(t).NewChain(&Reference{}, nil)
		c.Set(mic.Voice{Echo: tt.mode, Noise: mic.NoiseOff}, tt.headset)
		if got := c.echo != nil; got != tt.want {
			t.Errorf("echo %q, headset %v: %v", tt.mode, tt.headset, got)
		}
		c.Close()
	}
}

func TestGain(t *testing.T) {
	for _, level := range []float64{-36, -30, -20, -8} {
		x := speech(t, nearText, 60, 14, level)
		ref := &Reference{}
		c := newChain(t, newLibrary(t), ref, mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff})
		out := desk{}.run(c, ref, nil, x)
		got := 20 * math.Log10(activeRMS(seconds(out, 9, 14)))
		t.Logf("%.0f dBFS becomes %.1f", level, got)
		if got < -26 || got > -15 {
			t.Errorf("%.0f dBFS becomes %.1f, want about %.0f", level, got, gainTarget)
		}
		if p := peak(out); p > 1 {
			t.Errorf("%.0f dBFS: a peak of %.2f", level, p)
		}
	}
}

// TestGain_leavesTheRoomAlone: nobody speaks.
func TestGain_leavesTheRoomAlone(t *testing.T) {
	x := fan(t, 8)
	scale(x, 0.002/rms(x))
	ref := &Reference{}
	c := newChain(t, newLibrary(t), ref, mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff})
	before := append([]float32(nil), x...)
	out := desk{}.run(c, ref, nil, x)
	if d := -ratioDB(seconds(before, 4, 8), seconds(out, 4, 8)); d > 1 {
		t.Errorf("%.1f dB louder", d)
	}
}

func TestActivity(t *testing.T) {
	said := speech(t, nearText, 60, 6, -25)
	count := func(x []float32, level mic.NoiseLevel) (share float64) {
		ref := &Reference{}
		c := newChain(t, newLibrary(t), ref, mic.Voice{Echo: mic.EchoOff, Noise: level, GainOff: true})
		n, voiced := 0, 0
		for i := 0; i+FrameSamples <= len(x); i += FrameSamples {
			n++
			if c.Process(x[i:i+FrameSamples], int64(i)) {
				voiced++
			}
		}
		return float64(voiced) / float64(n)
	}
	for _, level := range []mic.NoiseLevel{mic.NoiseOff, mic.NoiseLight, mic.NoiseStrong} {
		if got := count(append([]float32(nil), said...), level); got < 0.6 {
			t.Errorf("noise %q: a voice in %.0f %% of the frames of speech", level, 100*got)
		}
		keys := keyboard(6)
		scale(keys, 0.03/rms(keys))
		if got := count(keys, level); got > 0.25 {
			t.Errorf("noise %q: a voice in %.0f %% of the frames of a keyboard", level, 100*got)
		}
	}
}

// TestChain_givesEverythingBack: 50 microphones, and no more memory than of one.
func TestChain_givesEverythingBack(t *testing.T) {
	l := NewLibrary(silent.Log())
	before := runtime.NumGoroutine()
	var first, last uint64
	for round := range 50 {
		ref := &Reference{}
		c := l.NewChain(ref, nil)
		c.Set(mic.Voice{Noise: []mic.NoiseLevel{mic.NoiseLight, mic.NoiseStrong}[round%2]}, false)
		c.echo.prepare(l)
		if round%3 > 0 { // else it is closed while its parts are being made
			l.wg.Wait()
		}
		x := tone(sampleRate / 5)
		desk{}.run(c, ref, x, x)
		c.Close()
		l.wg.Wait()
		if round == 4 || round == 49 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			first, last = last, m.HeapAlloc
		}
	}
	l.Close()
	l.Close()
	if last > first+8<<20 {
		t.Errorf("%d MB after 50 microphones, %d after 5", last>>20, first>>20)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	c := l.NewChain(&Reference{}, nil)
	c.Set(mic.Voice{}, false)
	c.Process(make([]float32, FrameSamples), 0) // of a closed library
	c.Close()
}

// TestLibrary_compilesOnce: a second microphone does not wait for what the first has waited for.
func TestLibrary_compilesOnce(t *testing.T) {
	l := newLibrary(t)
	took := func() time.Duration {
		c := l.NewChain(&Reference{}, func(p mic.Part, err error) { t.Errorf("%s: %v", p, err) })
		defer c.Close()
		from := time.Now()
		c.Set(mic.Voice{Noise: mic.NoiseStrong}, false)
		c.echo.prepare(l)
		l.wg.Wait()
		return time.Since(from)
	}
	first, second := took(), took()
	for range 2 { // a busy machine may stop any of them
		second = min(second, took())
	}
	t.Logf("ready in %v, then in %v", first, second)
	if second > first/5 {
		t.Errorf("ready in %v, then in %v", first, second)
	}
}

// TestLibrary_noCompiler: where nothing is compiled, a part fails instead of being too slow.
func TestLibrary_noCompiler(t *testing.T) {
	for _, tt := range []struct {
		arch  string
		sse41 bool
		want  bool
	}{{"amd64", true, true}, {"amd64", false, false}, {"arm64", false, true}, {"riscv64", false, false}} {
		if got := compiles(tt.arch, tt.sse41); got != tt.want {
			t.Errorf("%s, SSE 4.1 %v: %v", tt.arch, tt.sse41, got)
		}
	}
	l := newLibrary(t)
	p := begin(l, func(*Library) (*aec3, error) { panic("no memory for code") }) // as wazero says it
	l.wg.Wait()
	if _, ready, err := p.take(); ready || err == nil {
		t.Errorf("ready %v, %v", ready, err)
	}
}

// FuzzChain: whatever comes, numbers that can be heard go out.
func FuzzChain(f *testing.F) {
	f.Add([]byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0xff}, uint8(0), int64(0)) // NaN, infinite
	f.Add([]byte{0xff, 0xff, 0x7f, 0x7f, 1, 0, 0, 0}, uint8(1), int64(-1<<62))              // huge, denormal
	f.Add([]byte{}, uint8(2), int64(1<<62))
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf}, uint8(7), int64(480))
	l := NewLibrary(silent.Log())
	f.Cleanup(l.Close)
	f.Fuzz(func(t *testing.T, data []byte, how uint8, at int64) {
		v := mic.Voice{Noise: []mic.NoiseLevel{mic.NoiseOff, mic.NoiseLight, mic.NoiseStrong}[how%3], Music: how&64 != 0}
		ref := &Reference{}
		c := l.NewChain(ref, func(p mic.Part, err error) { t.Logf("%s: %v", p, err) })
		defer c.Close()
		c.budget.now = stands
		c.Set(v, how&32 != 0)
		if c.echo != nil {
			c.echo.prepare(l)
		}
		l.wg.Wait()
		samples := make([]float32, len(data)/4)
		get(data, samples, 1)
		frame, stereo := make([]float32, FrameSamples), make([]int16, 2*(1+int(how)*8))
		for i := range 60 {
			for k := range frame {
				frame[k] = 0
				if len(samples) > 0 {
					frame[k] = samples[(i*FrameSamples+k)%len(samples)]
				}
			}
			for k := range stereo {
				stereo[k] = int16(k*int(how) + i)
			}
			if i%int(how%5+1) == 0 {
				ref.Write(stereo, at)
			}
			c.Process(frame, at)
			at += int64(how) * 31
			for k, s := range frame {
				if !finite(s) || s > 4 || s < -4 {
					t.Fatalf("sample %d of frame %d is %v", k, i, s)
				}
			}
		}
	})
}
