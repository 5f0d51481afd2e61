package hw

import (
	"image/color"
	"math/rand/v2"
	"testing"

	"foyer/engine/call"
)

// The conversion in C agrees with the standard library's, which is full range.
func TestToI420(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, bgr := range []bool{true, false} {
		for _, size := range [][2]int{{2, 2}, {34, 18}, {320, 180}} {
			w, h := size[0], size[1]
			src := pixels{data: make([]byte, 4*w*h), stride: 4 * w, width: w, height: h, bgr: bgr}
			// Blocks of 2x2, so that no mean is taken.
			for y := 0; y < h; y += 2 {
				for x := 0; x < w; x += 2 {
					p := rng.Uint32()
					for i := range 4 {
						at := (y+i/2)*src.stride + 4*(x+i%2)
						src.data[at], src.data[at+1], src.data[at+2], src.data[at+3] = byte(p), byte(p>>8), byte(p>>16), byte(p>>24)
					}
				}
			}
			var f call.VideoFrame
			toI420(&f, src)
			for y := range h {
				for x := range w {
					at := y*src.stride + 4*x
					r, g, b := src.data[at+2], src.data[at+1], src.data[at]
					if !bgr {
						r, b = b, r
					}
					fullY, fullU, fullV := color.RGBToYCbCr(r, g, b)
					wantY, wantU, wantV := 16+int(fullY)*219/255, 128+(int(fullU)-128)*224/255, 128+(int(fullV)-128)*224/255
					c := y/2*f.UVStride + x/2
					if off(f.Y[y*f.YStride+x], wantY) || off(f.U[c], wantU) || off(f.V[c], wantV) {
						t.Fatalf("(%d,%d) %d,%d,%d became %d,%d,%d, want %d,%d,%d", x, y, r, g, b,
							f.Y[y*f.YStride+x], f.U[c], f.V[c], wantY, wantU, wantV)
					}
				}
			}
		}
	}
}

func off(got byte, want int) bool { d := int(got) - want; return d < -2 || d > 2 }

// Shrinking keeps the brightness of every part, at any ratio.
func TestShrink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, maxW, maxH, wantW, wantH int }{
		{64, 64, 32, 32, 32, 32},
		{66, 50, 40, 40, 40, 30},
		{101, 75, 100, 100, 100, 74},
		{300, 20, 37, 100, 36, 2},
		{30, 20, 100, 100, 30, 20},
	} {
		src := pixels{data: make([]byte, 4*c.w*c.h), stride: 4 * c.w, width: c.w, height: c.h, bgr: true}
		for y := range c.h {
			for x := range c.w {
				v := byte(255 * x / c.w)
				at := y*src.stride + 4*x
				src.data[at], src.data[at+1], src.data[at+2] = v, v, v
			}
		}
		var f call.VideoFrame
		var s shrinker
		s.convert(&f, src, c.maxW, c.maxH)
		if f.Width != c.wantW || f.Height != c.wantH {
			t.Errorf("%dx%d became %dx%d, want %dx%d", c.w, c.h, f.Width, f.Height, c.wantW, c.wantH)
			continue
		}
		for y := range f.Height {
			for x := range f.Width {
				want := 16 + 219*(2*x+1)/(2*f.Width)
				if d := int(f.Y[y*f.YStride+x]) - want; d < -6 || d > 6 {
					t.Fatalf("%dx%d: (%d,%d) is %d, want %d", c.w, c.h, x, y, f.Y[y*f.YStride+x], want)
				}
			}
		}
	}
}
