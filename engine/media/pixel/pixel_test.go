package pixel

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"foyer/engine/call"
)

// noise is a frame of random samples whose planes have spare columns, so that a
// kernel that mistakes width for stride shows.
func noise(r *rand.Rand, w, h, spare int) *call.VideoFrame {
	cw, ch := half(w), half(h)
	f := &call.VideoFrame{Width: w, Height: h, YStride: w + spare, UVStride: cw + spare}
	f.Y = make([]byte, f.YStride*(h-1)+w)
	f.U = make([]byte, f.UVStride*(ch-1)+cw)
	f.V = make([]byte, f.UVStride*(ch-1)+cw)
	for _, p := range [][]byte{f.Y, f.U, f.V} {
		for i := range p {
			p[i] = byte(r.Uint32())
		}
	}
	return f
}

// smooth is a frame in which neighbours differ little, as in a photograph.
func smooth(w, h int) *call.VideoFrame {
	f := &call.VideoFrame{}
	f.Reset(w, h)
	wave := func(x, y, w, h, phase float64) byte {
		return byte(128 + 90*math.Sin(phase+3*x/w)*math.Cos(phase+2*y/h))
	}
	for y := range h {
		for x := range w {
			f.Y[y*f.YStride+x] = wave(float64(x)+.5, float64(y)+.5, float64(w), float64(h), 0.3)
		}
	}
	cw, ch := half(w), half(h)
	for y := range ch {
		for x := range cw {
			f.U[y*f.UVStride+x] = wave(2*float64(x)+1, 2*float64(y)+1, float64(w), float64(h), 1.1)
			f.V[y*f.UVStride+x] = wave(2*float64(x)+1, 2*float64(y)+1, float64(w), float64(h), 2.2)
		}
	}
	return f
}

// bt601 is the exact conversion (ITU-R BT.601, video range).
func bt601(y, u, v float64) [3]float64 {
	l := 255.0 / 219 * (y - 16)
	cu, cv := (u-128)*255/224, (v-128)*255/224
	lim := func(x float64) float64 { return min(max(x, 0), 255) }
	return [3]float64{
		lim(l + 1.402*cv),
		lim(l - 0.114*1.772/0.587*cu - 0.299*1.402/0.587*cv),
		lim(l + 1.772*cu),
	}
}

func view(w, h int) call.View { return call.View{Width: w, Height: h} }

// TestEveryColour compares the conversion with the exact one for all luma
// values and a dense grid of chroma.
func TestEveryColour(t *testing.T) {
	var c Converter
	f := &call.VideoFrame{}
	f.Reset(256, 2)
	dst := image.NewRGBA(image.Rect(0, 0, 256, 2))
	worst := 0.0
	for u := 0; u < 256; u += 3 {
		for v := 0; v < 256; v += 3 {
			for x := range 256 {
				f.Y[x], f.Y[256+x] = byte(x), byte(x)
				f.U[x/2], f.V[x/2] = byte(u), byte(v)
			}
			if !c.Convert(dst, f, view(256, 2)) {
				t.Fatal("refused")
			}
			for x := range 256 {
				want := bt601(float64(x), float64(u), float64(v))
				for k := range 3 {
					worst = max(worst, math.Abs(want[k]-float64(dst.Pix[4*x+k])))
				}
				if dst.Pix[4*x+3] != 255 {
					t.Fatal("not opaque")
				}
			}
		}
	}
	t.Logf("worst error %.2f of 255", worst)
	if worst > 2 {
		t.Errorf("worst error %.2f, want <= 2", worst)
	}
}

// TestScaledAgainstFloat compares a scaled smooth frame with sampling the
// same frame in floating point: geometry (crop, mirror, chroma position) and
// rounding in one.
func TestScaledAgainstFloat(t *testing.T) {
	for _, tc := range []struct {
		w, h int
		v    call.View
	}{
		{320, 240, call.View{Width: 320, Height: 240}},
		{320, 240, call.View{Width: 320, Height: 240, Mirror: true}},
		{320, 240, call.View{Width: 201, Height: 240}},
		{640, 360, call.View{Width: 411, Height: 333, Mirror: true}},
		{640, 360, call.View{Width: 901, Height: 501}},
		{1280, 720, call.View{Width: 320, Height: 180}},
		{1280, 720, call.View{Width: 317, Height: 201, Fit: call.FitContain}},
		{641, 361, call.View{Width: 500, Height: 500, Fit: call.FitContain, Mirror: true}},
	} {
		t.Run(fmt.Sprintf("%dx%d to %+v", tc.w, tc.h, tc.v), func(t *testing.T) {
			var c Converter
			f := smooth(tc.w, tc.h)
			dst := image.NewRGBA(image.Rect(0, 0, tc.v.Width, tc.v.Height))
			if !c.Convert(dst, f, tc.v) {
				t.Fatal("refused")
			}
			r := place(tc.w, tc.h, tc.v)
			sum, worst, n := 0.0, 0.0, 0
			for y := range r.h {
				for x := range r.w {
					want := sample(f, r, tc.v.Mirror, x, y)
					got := dst.RGBAAt(r.x+x, r.y+y)
					for k, g := range []uint8{got.R, got.G, got.B} {
						d := math.Abs(want[k] - float64(g))
						sum, worst, n = sum+d, max(worst, d), n+1
					}
				}
			}
			// Chroma has half the output's resolution, hence the larger worst
			// case on slopes.
			if mean := sum / float64(n); mean > 1.2 || worst > 8 {
				t.Errorf("mean error %.2f, worst %.2f", mean, worst)
			}
			if r.w < tc.v.Width && dst.RGBAAt(0, tc.v.Height/2).A != 0 {
				t.Error("beside a contained frame it is not transparent")
			}
		})
	}
}

// sample is the colour that output pixel x, y of r should have.
func sample(f *call.VideoFrame, r rect, mirror bool, x, y int) [3]float64 {
	ox := float64(x) + .5
	if mirror {
		ox = float64(r.w) - ox
	}
	px := r.srcX + ox*r.srcW/float64(r.w)
	py := r.srcY + (float64(y)+.5)*r.srcH/float64(r.h)
	cw, ch := half(f.Width), half(f.Height)
	return bt601(
		bilinear(f.Y, f.YStride, f.Width, f.Height, px-.5, py-.5),
		bilinear(f.U, f.UVStride, cw, ch, px/2-.5, py/2-.5),
		bilinear(f.V, f.UVStride, cw, ch, px/2-.5, py/2-.5))
}

func bilinear(p []byte, stride, w, h int, x, y float64) float64 {
	x, y = min(max(x, 0), float64(w-1)), min(max(y, 0), float64(h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, w-1), min(y0+1, h-1)
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(x, y int) float64 { return float64(p[y*stride+x]) }
	return (at(x0, y0)*(1-fx)+at(x1, y0)*fx)*(1-fy) + (at(x0, y1)*(1-fx)+at(x1, y1)*fx)*fy
}

// TestSameInGo runs the kernel of this build and the one in Go over random
// sizes, odd and tiny ones included, and wants the same bytes.
func TestSameInGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	side := func() int {
		if r.IntN(3) == 0 {
			return 1 + r.IntN(5)
		}
		return 1 + r.IntN(700)
	}
	for range 400 {
		w, h, v := side(), side(), call.View{Width: side(), Height: side(), Fit: call.Fit(r.IntN(2)), Mirror: r.IntN(2) == 0}
		if r.IntN(4) == 0 {
			v.Width, v.Height = w, h
		}
		f := noise(r, w, h, r.IntN(3))
		var c Converter
		got := image.NewRGBA(image.Rect(0, 0, v.Width, v.Height))
		if !c.Convert(got, f, v) {
			t.Fatalf("%dx%d %+v refused", w, h, v)
		}
		want := image.NewRGBA(got.Rect)
		level, p := goLevel(f, v)
		pr := place(w, h, v)
		goRGBA(want.Pix[want.PixOffset(pr.x, pr.y):], want.Stride, level, p, make([]byte, scratchSize(level.Width, p.w)))
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%dx%d %+v: C and Go differ", w, h, v)
		}
		compareScaled(t, f, v.Width, v.Height)
	}
}

// goLevel is what Convert does before the kernel, with halves made in Go.
func goLevel(f *call.VideoFrame, v call.View) (*call.VideoFrame, *plan) {
	r := place(f.Width, f.Height, v)
	for min(r.srcW/float64(r.w), r.srcH/float64(r.h)) >= 2 {
		f = goHalve(f)
		r.srcX, r.srcY, r.srcW, r.srcH = r.srcX/2, r.srcY/2, r.srcW/2, r.srcH/2
	}
	p := &plan{}
	p.layout(f.Width, f.Height, r, v.Mirror)
	return f, p
}

func goHalve(f *call.VideoFrame) *call.VideoFrame {
	h := &call.VideoFrame{}
	h.Reset(half(f.Width), half(f.Height))
	goHalvePlane(h.Y, h.YStride, f.Y, f.YStride, f.Width, f.Height)
	goHalvePlane(h.U, h.UVStride, f.U, f.UVStride, half(f.Width), half(f.Height))
	goHalvePlane(h.V, h.UVStride, f.V, f.UVStride, half(f.Width), half(f.Height))
	return h
}

func compareScaled(t *testing.T, f *call.VideoFrame, w, h int) {
	t.Helper()
	var s Scaler
	var got, want call.VideoFrame
	if !s.Scale(&got, f, w, h) {
		t.Fatal("refused")
	}
	level := f
	for sx, sy := float64(f.Width)/float64(w), float64(f.Height)/float64(h); min(sx, sy) >= 2; sx, sy = sx/2, sy/2 {
		level = goHalve(level)
	}
	p := &s.plan
	want.Reset(w, h)
	scratch := make([]byte, scratchSize(level.Width, w))
	goScalePlane(want.Y, want.YStride, level.Y, level.YStride, level.Width, p.lumaX(), p.lumaY(), scratch)
	goScalePlane(want.U, want.UVStride, level.U, level.UVStride, half(level.Width), p.chromaX(), p.chromaY(), scratch)
	goScalePlane(want.V, want.UVStride, level.V, level.UVStride, half(level.Width), p.chromaX(), p.chromaY(), scratch)
	if !bytes.Equal(got.Y, want.Y) || !bytes.Equal(got.U, want.U) || !bytes.Equal(got.V, want.V) {
		t.Fatalf("%dx%d scaled to %dx%d: C and Go differ", f.Width, f.Height, w, h)
	}
}

// TestRefusesBadSizes keeps the kernels away from memory that is not theirs.
// Nothing is enlarged, made smaller than it has to be, or brought out of shape.
func TestUnenlarged(t *testing.T) {
	t.Parallel()
	const whole = call.FitContain
	for _, tc := range []struct {
		view, want call.View
	}{
		{call.View{Width: 1024, Height: 576, Mirror: true}, call.View{Width: 640, Height: 360, Mirror: true}},
		{call.View{Width: 640, Height: 360}, call.View{Width: 640, Height: 360}},
		{call.View{Width: 320, Height: 184}, call.View{Width: 320, Height: 184}},
		{call.View{Width: 720, Height: 100}, call.View{Width: 640, Height: 89}}, // wide: its sides decide
		{call.View{Width: 100, Height: 720}, call.View{Width: 50, Height: 360}},
		{call.View{Width: 1280, Height: 360, Fit: whole}, call.View{Width: 1280, Height: 360, Fit: whole}},
		{call.View{Width: 1280, Height: 1440, Fit: whole}, call.View{Width: 640, Height: 720, Fit: whole}},
		{call.View{Width: 16384, Height: 1}, call.View{Width: 640, Height: 1}},
		{call.View{}, call.View{}},
	} {
		if got := Unenlarged(640, 360, tc.view); got != tc.want {
			t.Errorf("640x360 in %+v: %+v, want %+v", tc.view, got, tc.want)
		}
	}
	if v := (call.View{Width: 9, Height: 9}); Unenlarged(0, 0, v) != v {
		t.Error("a frame without size changes the view")
	}
}

func TestRefusesBadSizes(t *testing.T) {
	var c Converter
	dst := image.NewRGBA(image.Rect(0, 0, 8, 8))
	good := smooth(16, 16)
	short := *good
	short.V = short.V[:len(short.V)-1]
	narrow := *good
	narrow.UVStride = 7
	for name, bad := range map[string]bool{
		"empty frame":   c.Convert(dst, &call.VideoFrame{}, view(8, 8)),
		"short plane":   c.Convert(dst, &short, view(8, 8)),
		"narrow stride": c.Convert(dst, &narrow, view(8, 8)),
		"hidden view":   c.Convert(dst, good, view(0, 8)),
		"other size":    c.Convert(dst, good, view(9, 8)),
	} {
		if bad {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestNoAllocation keeps the steady state free of garbage.
func TestNoAllocation(t *testing.T) {
	var c Converter
	f := smooth(640, 360)
	dst := image.NewRGBA(image.Rect(0, 0, 213, 120))
	c.Convert(dst, f, view(213, 120))
	if n := testing.AllocsPerRun(10, func() { c.Convert(dst, f, view(213, 120)) }); n > 0 {
		t.Errorf("%.0f allocations a frame", n)
	}
}

func BenchmarkConvert(b *testing.B) {
	for _, tc := range []struct{ w, h, tw, th int }{
		{640, 360, 640, 360}, {640, 360, 426, 240}, {640, 360, 800, 450}, {1280, 720, 426, 240}, {1280, 720, 1280, 720},
	} {
		f := smooth(tc.w, tc.h)
		dst := image.NewRGBA(image.Rect(0, 0, tc.tw, tc.th))
		name := fmt.Sprintf("%dx%d-%dx%d", tc.w, tc.h, tc.tw, tc.th)
		b.Run(name, func(b *testing.B) {
			var c Converter
			for b.Loop() {
				c.Convert(dst, f, view(tc.tw, tc.th))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tc.tw*tc.th), "ns/px")
		})
		b.Run(name+"-go", func(b *testing.B) {
			_, p := goLevel(f, view(tc.tw, tc.th))
			for b.Loop() {
				level, _ := goLevel(f, view(tc.tw, tc.th))
				goRGBA(dst.Pix, dst.Stride, level, p, make([]byte, scratchSize(level.Width, p.w)))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tc.tw*tc.th), "ns/px")
		})
	}
}

func BenchmarkHalve(b *testing.B) {
	f := smooth(1280, 720)
	var dst call.VideoFrame
	for b.Loop() {
		Halve(&dst, f)
	}
}
