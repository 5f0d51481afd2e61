package vp8

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
)

// drawFrame draws the n-th frame of a moving pattern. Neither it nor psnr is watched
// by the race detector, which would take most of what these tests take: the frames
// are the test's alone.
//
//go:norace
func drawFrame(f *call.VideoFrame, w, h, n int) {
	f.Reset(w, h)
	f.PTS = time.Duration(n) * time.Second / 30
	var all [MaxWidth]float64 // TestNoAllocation draws, too
	waves := all[:w]
	for x := range waves {
		waves[x] = 60 + 50*math.Sin(float64(x+3*n)/17)
	}
	for y := range h {
		row, wave := f.Y[y*f.YStride:][:w], 60*math.Cos(float64(y-n)/23)
		for x := range row {
			row[x] = byte(waves[x] + wave + 60)
		}
	}
	for i := range f.U {
		f.U[i], f.V[i] = byte(100+n%50), byte(150-n%50)
	}
	// A square that runs around, so that a stale frame differs from a new one.
	for y := h / 4; y < h/2; y++ {
		for x := range w / 8 {
			f.Y[y*f.YStride+(x+5*n)%w] = 235
		}
	}
}

//go:norace
func psnr(a, b *call.VideoFrame) float64 {
	if a.Width != b.Width || a.Height != b.Height {
		return 0
	}
	sum := 0.0
	for y := range a.Height {
		for x := range a.Width {
			d := float64(a.Y[y*a.YStride+x]) - float64(b.Y[y*b.YStride+x])
			sum += d * d
		}
	}
	if sum == 0 {
		return 99
	}
	return 10 * math.Log10(255*255*float64(a.Width*a.Height)/sum)
}

func encode(t testing.TB, e *Encoder, f *call.VideoFrame) ([]byte, bool) {
	t.Helper()
	data, key, err := e.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(nil), data...), key
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

func newEncoder(t testing.TB, c Config) *Encoder {
	t.Helper()
	e := NewEncoder(c)
	t.Cleanup(e.Close)
	return e
}

// TestRoundTrip encodes and decodes frames of even, odd and tiny sizes in one
// stream, so that every change of size is one too.
func TestRoundTrip(t *testing.T) {
	e, d := newEncoder(t, Config{FPS: 30, Bitrate: 2_000_000}), newDecoder(t)
	var src, got call.VideoFrame
	for _, size := range [][2]int{{320, 180}, {321, 181}, {640, 360}, {1, 1}, {2, 3}, {17, 5}, {320, 180}} {
		for n := range 10 {
			drawFrame(&src, size[0], size[1], n)
			data, key := encode(t, e, &src)
			if (n == 0) != key {
				t.Fatalf("%v frame %d: key frame %v", size, n, key)
			}
			if len(data) == 0 {
				continue
			}
			if err := d.Decode(data, &got); err != nil {
				t.Fatalf("%v frame %d: %v", size, n, err)
			}
			if p := psnr(&src, &got); p < 28 {
				t.Errorf("%v frame %d: %.1f dB", size, n, p)
			}
		}
		lastChroma(t, &src, &got)
	}
}

// lastChroma checks that the last chroma row and column of odd sizes arrived.
func lastChroma(t *testing.T, src, got *call.VideoFrame) {
	t.Helper()
	cw, ch := (src.Width+1)/2, (src.Height+1)/2
	a, b := src.U[(ch-1)*src.UVStride+cw-1], got.U[(ch-1)*got.UVStride+cw-1]
	if d := int(a) - int(b); d < -12 || d > 12 {
		t.Errorf("%dx%d: last chroma sample %d became %d", src.Width, src.Height, a, b)
	}
}

func TestKeyFrameOnDemand(t *testing.T) {
	e := newEncoder(t, Config{FPS: 30, Bitrate: 500_000})
	var src call.VideoFrame
	for n := range 20 {
		drawFrame(&src, 320, 180, n)
		if n == 10 {
			e.ForceKeyFrame()
		}
		if _, key := encode(t, e, &src); key != (n == 0 || n == 10) {
			t.Errorf("frame %d: key frame %v", n, key)
		}
	}
}

// TestBitrate checks that the encoder keeps to the rate and follows a change.
func TestBitrate(t *testing.T) {
	e := newEncoder(t, Config{FPS: 30, Bitrate: 450_000})
	var src call.VideoFrame
	rate := func(from int) float64 {
		bits := 0
		for n := from; n < from+120; n++ {
			drawFrame(&src, 640, 360, n)
			data, _ := encode(t, e, &src)
			if n >= from+30 {
				bits += 8 * len(data)
			}
		}
		return float64(bits) / 3
	}
	if r := rate(0); r > 450_000*1.25 {
		t.Errorf("%.0f bit/s of 450000 asked", r)
	}
	if err := e.SetBitrate(150_000); err != nil {
		t.Fatal(err)
	}
	if r := rate(120); r > 150_000*1.5 {
		t.Errorf("%.0f bit/s of 150000 asked", r)
	}
}

// key is a key frame header that claims a size.
func key(w, h uint16, body int) []byte {
	b := make([]byte, 10+body)
	tag := uint32(0) | 1<<4 | uint32(body/2)<<5
	b[0], b[1], b[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	copy(b[3:], []byte{0x9d, 0x01, 0x2a})
	binary.LittleEndian.PutUint16(b[6:], w)
	binary.LittleEndian.PutUint16(b[8:], h)
	return b
}

func TestParseHeader(t *testing.T) {
	cut := key(64, 64, 20)
	noCode := key(64, 64, 20)
	noCode[4] = 7
	for _, tc := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"two bytes", []byte{0, 0}, ErrTruncated},
		{"key header cut", cut[:9], ErrTruncated},
		{"first partition cut", cut[:12], ErrTruncated},
		{"start code", noCode, ErrBadHeader},
		{"version", []byte{0x0f, 0, 0, 0}, ErrBadHeader},
		{"zero width", key(0, 64, 20), ErrBadHeader},
		{"zero height", key(64, 0, 20), ErrBadHeader},
		{"one too wide", key(MaxWidth+1, 64, 20), ErrTooLarge},
		{"one too high", key(64, MaxHeight+1, 20), ErrTooLarge},
		{"largest claim", key(16383, 16383, 20), ErrTooLarge},
		{"limit", key(MaxWidth, MaxHeight, 20), nil},
		{"scaling bits are ignored", key(64|0xc000, 48|0x4000, 20), nil},
		{"delta", []byte{0x11, 0, 0, 0}, nil},
	} {
		if _, err := ParseHeader(tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if h, err := ParseHeader(key(640|0x4000, 360, 20)); err != nil || h.Width != 640 || h.Height != 360 || !h.KeyFrame || !h.Shown {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestHugeClaim: a key frame of 16383x16383 costs neither time nor memory.
func TestHugeClaim(t *testing.T) {
	d := newDecoder(t)
	var f call.VideoFrame
	data := key(16383, 16383, 1000)
	begin := time.Now()
	const rounds = 100
	for range rounds {
		if err := d.Decode(data, &f); !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
	}
	took := time.Since(begin) / rounds
	t.Logf("refused in %v", took)
	if took > time.Millisecond || cap(f.Y) > 0 {
		t.Errorf("took %v, %d bytes", took, cap(f.Y))
	}
}

func TestDecodeErrors(t *testing.T) {
	e, d := newEncoder(t, Config{FPS: 30, Bitrate: 500_000}), newDecoder(t)
	var src, got call.VideoFrame
	drawFrame(&src, 320, 180, 0)
	first, _ := encode(t, e, &src)
	drawFrame(&src, 320, 180, 1)
	second, _ := encode(t, e, &src)
	if err := d.Decode(second, &got); !errors.Is(err, ErrNoKeyFrame) {
		t.Errorf("delta frame first: %v", err)
	}
	if err := d.Decode(nil, &got); !errors.Is(err, ErrTruncated) {
		t.Errorf("nothing: %v", err)
	}
	if err := d.Decode(first[:len(first)/8], &got); err == nil {
		t.Error("a key frame cut to an eighth was decoded")
	}
	garbage := append([]byte(nil), first...)
	for i := 10; i < len(garbage); i++ {
		garbage[i] = byte(i * 37)
	}
	_ = d.Decode(garbage, &got) // may look like a frame, must not crash
	if err := d.Decode(first, &got); err != nil {
		t.Fatalf("key frame after damage: %v", err)
	}
	if err := d.Decode(second, &got); err != nil || psnr(&src, &got) < 28 {
		t.Errorf("after damage: %v, %.1f dB", err, psnr(&src, &got))
	}
	d.Close()
	d.Close()
	if err := d.Decode(first, &got); !errors.Is(err, call.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestEncoderRefusesBadFrames(t *testing.T) {
	e := newEncoder(t, Config{FPS: 30, Bitrate: 500_000})
	var f call.VideoFrame
	drawFrame(&f, 64, 48, 0)
	short := f
	short.U = short.U[:len(short.U)-1]
	if _, _, err := e.Encode(&short); !errors.Is(err, call.ErrBadArgument) {
		t.Errorf("short plane: %v", err)
	}
	if _, _, err := e.Encode(&call.VideoFrame{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("empty frame: %v", err)
	}
	// Time that stands still or runs back is repaired, not refused.
	for _, pts := range []time.Duration{time.Second, time.Second, 0} {
		f.PTS = pts
		encode(t, e, &f)
	}
}

// TestNoAllocation: nothing on the Go heap per frame.
func TestNoAllocation(t *testing.T) {
	e, d := newEncoder(t, Config{FPS: 30, Bitrate: 500_000}), newDecoder(t)
	var src, got call.VideoFrame
	n := 0
	turn := func() {
		drawFrame(&src, 320, 180, n)
		n++
		data, _, err := e.Encode(&src)
		if err == nil && len(data) > 0 {
			err = d.Decode(data, &got)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	turn()
	if a := testing.AllocsPerRun(30, turn); a > 0 {
		t.Errorf("%.1f allocations a frame", a)
	}
}

// TestNoLeak makes and closes codecs and watches the process' memory, which
// includes C's.
func TestNoLeak(t *testing.T) {
	var src, got call.VideoFrame
	round := func() {
		e := NewEncoder(Config{FPS: 30, Bitrate: 500_000})
		d, err := NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		for n := range 4 { // two sizes: the codec is made anew in between
			drawFrame(&src, 320+n/2*160, 180, n)
			if data, _ := encode(t, e, &src); len(data) > 0 {
				if err := d.Decode(data, &got); err != nil {
					t.Fatal(err)
				}
			}
		}
		e.Close()
		d.Close()
	}
	for range 10 {
		round()
	}
	before := residentKB(t)
	for range 60 {
		round()
	}
	grown := residentKB(t) - before
	t.Logf("grown by %d kB", grown)
	if grown > 24_000 { // one leaked codec a round would be 60 x 3 MB
		t.Errorf("memory grew by %d kB in 60 rounds", grown)
	}
}

func residentKB(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("resident memory is read from /proc; runs on Linux")
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() / 1024
}

func FuzzParseHeader(f *testing.F) {
	f.Add(key(640, 360, 20))
	f.Add([]byte{0x11, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHeader(data)
		if err != nil {
			return
		}
		if h.FirstPartition > len(data) || h.Width > MaxWidth || h.Height > MaxHeight {
			t.Errorf("%+v of %d bytes", h, len(data))
		}
	})
}

// FuzzDecode feeds a decoder that has a frame with damaged frames.
func FuzzDecode(f *testing.F) {
	e := NewEncoder(Config{FPS: 30, Bitrate: 200_000})
	defer e.Close()
	var src call.VideoFrame
	var first []byte
	for n := range 3 {
		drawFrame(&src, 48, 33, n)
		data, _, err := e.Encode(&src)
		if err != nil {
			f.Fatal(err)
		}
		if n == 0 {
			first = append(first, data...)
		}
		f.Add(append([]byte(nil), data...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := ParseHeader(data); err == nil && h.Width*h.Height > 1<<20 {
			return // legal, but slow to fuzz
		}
		d := newDecoder(t)
		var got call.VideoFrame
		if err := d.Decode(first, &got); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(data, &got); err == nil && len(got.Y) != got.Width*got.Height {
			t.Errorf("%dx%d with %d bytes", got.Width, got.Height, len(got.Y))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, tc := range []struct{ w, h, kbps int }{{320, 180, 160}, {640, 360, 450}, {1280, 720, 1700}} {
		b.Run(fmt.Sprintf("%dp", tc.h), func(b *testing.B) {
			e := newEncoder(b, Config{FPS: 30, Bitrate: tc.kbps * 1000})
			frames := make([]call.VideoFrame, 30)
			for n := range frames {
				drawFrame(&frames[n], tc.w, tc.h, n)
			}
			n := 0
			for b.Loop() {
				f := &frames[n%30]
				f.PTS = time.Duration(n) * time.Second / 30
				n++
				encodeOnly(b, e, f)
			}
		})
	}
}

func encodeOnly(b *testing.B, e *Encoder, f *call.VideoFrame) {
	if _, _, err := e.Encode(f); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, tc := range []struct{ w, h, kbps int }{{320, 180, 160}, {640, 360, 450}, {1280, 720, 1700}} {
		b.Run(fmt.Sprintf("%dp", tc.h), func(b *testing.B) {
			e, d := newEncoder(b, Config{FPS: 30, Bitrate: tc.kbps * 1000}), newDecoder(b)
			var stream [][]byte
			var f call.VideoFrame
			for n := range 60 {
				drawFrame(&f, tc.w, tc.h, n)
				if data, _ := encode(b, e, &f); len(data) > 0 {
					stream = append(stream, data)
				}
			}
			n := 0
			for b.Loop() {
				if err := d.Decode(stream[n%len(stream)], &f); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}

func TestTicksOfLongTrack(t *testing.T) {
	for pts, want := range map[time.Duration]int64{
		0: 0, time.Second / 3: 29999, time.Second: clockRate, 1000*time.Hour + time.Millisecond: 1000*3600*clockRate + 90,
	} {
		if got := ticks(pts); got != want {
			t.Errorf("%v is %d, want %d", pts, got, want)
		}
	}
}
