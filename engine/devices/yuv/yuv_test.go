package yuv

import (
	"image"
	"testing"

	"foyer/engine/call"
)

func TestFromYCbCr(t *testing.T) {
	t.Parallel()
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		for _, size := range [][2]int{{16, 8}, {15, 7}, {1, 1}, {2, 3}} {
			img := image.NewYCbCr(image.Rect(0, 0, size[0], size[1]), ratio)
			for y := range size[1] {
				for x := range size[0] {
					img.Y[img.YOffset(x, y)] = byte(10*x + y)
					// A plane that rises slowly: every mean is near.
					img.Cb[img.COffset(x, y)] = byte(100 + 2*(x&^3) + 3*(y&^1))
					img.Cr[img.COffset(x, y)] = byte(200 - 2*(x&^3) - 3*(y&^1))
				}
			}
			var f call.VideoFrame
			if err := FromYCbCr(&f, img, false); err != nil {
				t.Fatalf("%v %v: %v", ratio, size, err)
			}
			for y := range size[1] {
				for x := range size[0] {
					if got := f.Y[y*f.YStride+x]; got != byte(10*x+y) {
						t.Fatalf("%v %v: luma (%d,%d) is %d", ratio, size, x, y, got)
					}
					c := y/2*f.UVStride + x/2
					if u, v := int(f.U[c]), int(f.V[c]); u != 100+2*(x&^3)+3*(y&^1) || v != 200-2*(x&^3)-3*(y&^1) {
						t.Fatalf("%v %v: chroma (%d,%d) is %d %d", ratio, size, x, y, u, v)
					}
				}
			}
		}
	}
}

func TestFromYCbCrRefusesShortPlanes(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*image.YCbCr){
		"luma":   func(i *image.YCbCr) { i.Y = i.Y[:10] },
		"chroma": func(i *image.YCbCr) { i.Cr = i.Cr[:10] },
		"stride": func(i *image.YCbCr) { i.CStride = 3 },
		"empty":  func(i *image.YCbCr) { i.Rect = image.Rect(0, 0, 0, 5) },
	} {
		img := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420)
		cut(img)
		if err := FromYCbCr(new(call.VideoFrame), img, false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestToVideoRange(t *testing.T) {
	t.Parallel()
	f := call.VideoFrame{Y: []byte{0, 128, 255}, U: []byte{0, 128, 255}, V: []byte{255}}
	ToVideoRange(&f)
	if string(f.Y) != string([]byte{16, 126, 235}) || string(f.U) != string([]byte{16, 128, 240}) || f.V[0] != 240 {
		t.Errorf("became %v %v %v", f.Y, f.U, f.V)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, c := range [][6]int{
		{1920, 1080, 1920, 1080, 1920, 1080},
		{3840, 2160, 1920, 1080, 1920, 1080},
		{1280, 800, 1920, 1080, 1280, 800},
		{1280, 1024, 1280, 720, 900, 720},
		{5000, 10, 1000, 1000, 1000, 2},
		{101, 51, 200, 200, 100, 50},
	} {
		if w, h := Fit(c[0], c[1], c[2], c[3]); w != c[4] || h != c[5] {
			t.Errorf("%v became %dx%d", c, w, h)
		}
	}
}

func BenchmarkFromYUYV720p(b *testing.B) {
	img := image.NewYCbCr(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio422)
	var f call.VideoFrame
	for b.Loop() {
		if err := FromYCbCr(&f, img, false); err != nil {
			b.Fatal(err)
		}
	}
}
